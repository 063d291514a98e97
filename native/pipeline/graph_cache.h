#pragma once
#include <c10/core/ScalarType.h>

#include <list>
#include <mutex>
#include <string>
#include <vector>

#include "base/graph.h"

namespace wordmask::pipeline {

struct GraphLimits {
  int64_t plain = 3;                 // runs of a shape before it is recorded
  size_t graphs = 8;                 // kept at once
  int64_t bytes = int64_t{4} << 30;  // that those may hold together
  size_t shapes = 64;                // whose runs are counted
};

// Which passes of one model run from a graph. A shape is recorded when it comes again after `plain` runs. Where a new
// graph finds no room, those used least recently go, and such a shape then has to come twice as often. Never recorded:
// what wants gradients, shapes that do not come back before `shapes` others, a graph that alone is larger than `bytes`.
// Any thread, one at a time.
class GraphCache {
 public:
  explicit GraphCache(GraphRecorder& recorder, const GraphLimits& limits = {});

  // work(input); on a graph the answer is a copy, untouched by later runs. `kind` tells apart works of one model. A
  // recording that fails is ERR_WORDMASK_DEVICE with what to set, and so is every call after it: a failure never goes
  // unseen, not even where a caller tries again in another shape.
  at::Tensor run(int kind, const at::Tensor& input, const GraphRecorder::Work& work);

  struct Counts {
    int64_t plain = 0, recorded = 0, replayed = 0, dropped = 0;  // so far
    size_t graphs = 0;                                           // now
    int64_t bytes = 0;
  };
  Counts counts() const;

 private:
  struct Key {
    int kind;
    at::ScalarType dtype;
    std::vector<int64_t> sizes;
    bool operator==(const Key&) const = default;
  };
  struct Shape {
    Key key;
    int64_t wanted;  // runs before it is recorded
    int64_t runs = 0;
    std::unique_ptr<Graph> graph{};
  };
  Shape& touched(const Key& key);
  void record(Shape& shape, const at::Tensor& input, const GraphRecorder::Work& work);
  void drop(Shape& shape);
  void drop_oldest();
  size_t graphs() const;
  int64_t bytes() const;

  GraphRecorder& recorder_;
  const GraphLimits limits_;
  mutable std::mutex mutex_;
  std::list<Shape> shapes_;  // the last used first
  std::string failure_;
  Counts counts_;
};

}  // namespace wordmask::pipeline
