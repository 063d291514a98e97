#include "pipeline/graph_cache.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>
#include <ranges>
#include <sstream>

#include "base/error.h"
#include "base/recording.h"

namespace wordmask::pipeline {

namespace {
std::string failure(const at::Tensor& input, const std::exception& error) {
  const std::string words = error.what();
  std::ostringstream text;
  text << "A pass over " << input.sizes()
       << " could not be recorded as a CUDA graph: " << words.substr(0, words.find('\n'))
       << ". Set WORDMASK_CUDA_GRAPHS=0 to run without graphs";
  return text.str();
}
}  // namespace

GraphCache::GraphCache(GraphRecorder& recorder, const GraphLimits& limits) : recorder_(recorder), limits_(limits) {
  WM_CHECK(limits.graphs > 0 && limits.shapes > 0, code::kInvalidArgument,
           "Expected room for at least one graph and one shape but received ", limits.graphs, " and ", limits.shapes);
}

at::Tensor GraphCache::run(int kind, const at::Tensor& input, const GraphRecorder::Work& work) {
  if (at::GradMode::is_enabled()) return work(input);
  const std::lock_guard lock(mutex_);
  WM_CHECK(failure_.empty(), code::kDevice, failure_);
  Shape& shape = touched({kind, input.scalar_type(), input.sizes().vec()});
  if (!shape.graph && shape.runs++ >= shape.wanted) record(shape, input, work);
  if (!shape.graph) {
    ++counts_.plain;
    return work(input);
  }
  shape.graph->input.copy_(input);
  shape.graph->replay();
  ++counts_.replayed;
  return shape.graph->output.clone();
}

GraphCache::Shape& GraphCache::touched(const Key& key) {
  const auto known = std::ranges::find(shapes_, key, &Shape::key);
  if (known != shapes_.end()) {
    shapes_.splice(shapes_.begin(), shapes_, known);
  } else {
    shapes_.push_front({key, limits_.plain});
    if (shapes_.size() > limits_.shapes) {
      drop(shapes_.back());
      shapes_.pop_back();
    }
  }
  return shapes_.front();
}

void GraphCache::record(Shape& shape, const at::Tensor& input, const GraphRecorder::Work& work) {
  while (graphs() >= limits_.graphs) drop_oldest();  // before, so that the new one finds their memory free
  try {
    const Recording recording;
    shape.graph = recorder_.record(input, work);
  } catch (const std::exception& error) {
    failure_ = failure(input, error);
    shapes_.clear();
    fail(code::kDevice, failure_);
  }
  ++counts_.recorded;
  if (shape.graph->bytes() > limits_.bytes) {
    drop(shape);
    shape.wanted = std::numeric_limits<int64_t>::max();
  }
  while (bytes() > limits_.bytes) drop_oldest();  // never the new one: it was used last
}

void GraphCache::drop(Shape& shape) {
  if (!shape.graph) return;
  shape.graph.reset();
  shape.runs = 0;
  shape.wanted *= 2;
  ++counts_.dropped;
}

void GraphCache::drop_oldest() {
  for (auto& shape : shapes_ | std::views::reverse)
    if (shape.graph) return drop(shape);
}

size_t GraphCache::graphs() const {
  return static_cast<size_t>(std::ranges::count_if(shapes_, [](const Shape& shape) { return shape.graph != nullptr; }));
}

int64_t GraphCache::bytes() const {
  int64_t sum = 0;
  for (const auto& shape : shapes_)
    if (shape.graph) sum += shape.graph->bytes();
  return sum;
}

GraphCache::Counts GraphCache::counts() const {
  const std::lock_guard lock(mutex_);
  Counts now = counts_;
  now.graphs = graphs();
  now.bytes = bytes();
  return now;
}

}  // namespace wordmask::pipeline
