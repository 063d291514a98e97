// Which passes run from a graph, with a recorder that is none: the same on every machine.
#include "pipeline/graph_cache.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <thread>

#include "check/cases/fakes.h"
#include "models/position_table.h"

namespace wordmask::check {
namespace {

using pipeline::GraphCache;
using pipeline::GraphLimits;

at::Tensor twice_plus_one(const at::Tensor& x) { return x * 2 + 1; }

// Runs an input of `length` numbers, each `value`, and looks at the answer.
void run(GraphCache& cache, int64_t length, double value = 1, int kind = 0) {
  const auto answer = cache.run(kind, at::full({length}, value), twice_plus_one);
  expect(answer.equal(at::full({length}, 2 * value + 1)), named("the answer to %g", value));
}

void run_often(GraphCache& cache, int64_t length, int times) {
  for (int i = 0; i < times; ++i) run(cache, length, i);
}

void expect_counts(const GraphCache& cache, int64_t plain, int64_t recorded, int64_t replayed, int64_t dropped) {
  const auto found = cache.counts();
  expect(found.plain == plain && found.recorded == recorded && found.replayed == replayed && found.dropped == dropped,
         named("%ld plain, %ld recorded, %ld replayed, %ld dropped", plain, recorded, replayed, dropped) +
             named(" but there were %ld, %ld, %ld, %ld", found.plain, found.recorded, found.replayed, found.dropped));
}

void third_time() {
  const c10::InferenceMode guard;
  FakeRecorder recorder;
  GraphCache cache(recorder);
  run_often(cache, 5, 3);
  expect_counts(cache, 3, 0, 0, 0);
  run_often(cache, 5, 7);
  expect_counts(cache, 3, 1, 7, 0);
}

void answers_last() {
  const c10::InferenceMode guard;
  FakeRecorder recorder;
  GraphCache cache(recorder);
  run_often(cache, 4, 4);
  const auto first = cache.run(0, at::full({4}, 10.), twice_plus_one);
  auto input = at::full({4}, 20.);
  const auto second = cache.run(0, input, twice_plus_one);
  input.fill_(-1);  // the caller's own, not the graph's
  run(cache, 4, 30);
  expect(first.equal(at::full({4}, 21.)) && second.equal(at::full({4}, 41.)), "answers that later runs leave alone");
  expect_counts(cache, 3, 1, 4, 0);
}

void told_apart() {
  const c10::InferenceMode guard;
  FakeRecorder recorder;
  GraphCache cache(recorder);
  run_often(cache, 6, 4);
  run(cache, 6, 1, /*kind=*/1);
  cache.run(0, at::ones({6}, at::kDouble), twice_plus_one);
  cache.run(0, at::ones({2, 3}), twice_plus_one);
  expect_counts(cache, 6, 1, 1, 0);
  const auto other = [](const at::Tensor& x) { return x - 1; };
  for (int i = 0; i < 4; ++i)
    expect(cache.run(1, at::full({6}, 5.), other).equal(at::full({6}, 4.)), "kind 1 to run its own work");
}

void oldest_goes() {
  const c10::InferenceMode guard;
  FakeRecorder recorder;
  GraphCache cache(recorder, {.plain = 1, .graphs = 2});
  run_often(cache, 1, 2);
  run_often(cache, 2, 2);
  run(cache, 1);           // now 2 is the oldest
  run_often(cache, 3, 2);  // 2 goes
  expect_counts(cache, 3, 3, 4, 1);
  run(cache, 1);
  expect_counts(cache, 3, 3, 5, 1);
  run_often(cache, 2, 2);  // twice as often as before
  expect_counts(cache, 5, 3, 5, 1);
  run(cache, 2);  // 3 goes
  expect_counts(cache, 5, 4, 6, 2);
  expect(*recorder.alive == 2 && recorder.most_alive == 2, "two graphs alive, never more");
}

void memory_is_bounded() {
  const c10::InferenceMode guard;
  FakeRecorder recorder;
  GraphCache cache(recorder, {.plain = 1, .graphs = 8, .bytes = 2500});
  for (int64_t length = 1; length <= 3; ++length) run_often(cache, length, 2);
  expect(cache.counts().bytes == 2000 && *recorder.alive == 2, "2 graphs of 1000 bytes within 2500");
  recorder.bytes = 2501;
  run_often(cache, 9, 20);  // alone too large: not kept and not tried again, and nothing makes room for it
  expect_counts(cache, 3 + 20, 4, 3, 2);
  expect(cache.counts().bytes == 2000 && *recorder.alive == 2, "the two as they were");
}

void odd_shapes() {
  const c10::InferenceMode guard;
  FakeRecorder recorder;
  GraphCache cache(recorder, {.plain = 1, .shapes = 10});
  for (int round = 0; round < 3; ++round)
    for (int64_t length = 1; length <= 11; ++length) run(cache, length);
  expect_counts(cache, 33, 0, 0, 0);
  run_often(cache, 11, 1);  // the one before was of this shape
  expect_counts(cache, 33, 1, 1, 0);
  for (int64_t length = 1; length <= 10; ++length) run(cache, length);
  expect_counts(cache, 43, 1, 1, 1);
  expect(*recorder.alive == 0, "a graph forgotten with its shape");
}

void gradients() {
  FakeRecorder recorder;
  GraphCache cache(recorder, {.plain = 0});
  const auto weight = at::ones({3}).set_requires_grad(true);
  for (int i = 0; i < 5; ++i) {
    const auto answer = cache.run(0, at::ones({3}), [&](const at::Tensor& x) { return x * weight; });
    expect(answer.requires_grad(), "an answer with a gradient");
  }
  expect_counts(cache, 0, 0, 0, 0);
}

std::string refused(GraphCache& cache, int64_t length) {
  int runs = 0;
  try {
    cache.run(0, at::ones({length}), [&](const at::Tensor& x) {
      ++runs;
      return x;
    });
  } catch (const Error& error) {
    expect(error.code() == code::kDevice && runs == 0, "ERR_WORDMASK_DEVICE without a plain run");
    return error.what();
  }
  throw std::runtime_error("expected an error but there was an answer");
}

void failures_are_said() {
  const c10::InferenceMode guard;
  FakeRecorder recorder;
  GraphCache cache(recorder, {.plain = 1});
  run_often(cache, 2, 2);
  recorder.failure = "operation not permitted\nwith a stack of calls";
  run(cache, 7);
  const std::string words =
      "A pass over [7] could not be recorded as a CUDA graph: operation not permitted. Set WORDMASK_CUDA_GRAPHS=0 to "
      "run without graphs";
  expect(refused(cache, 7) == words, "'" + words + "'");
  recorder.failure.clear();
  for (const int64_t length : {7, 8, 2}) expect(refused(cache, length) == words, "the same for every shape after it");
  expect(*recorder.alive == 0, "no graph kept after a failure");
}

void disposal() {
  const c10::InferenceMode guard;
  FakeRecorder recorder;
  {
    GraphCache cache(recorder, {.plain = 0});
    for (int64_t length = 1; length <= 5; ++length) run(cache, length);
    expect(*recorder.alive == 5, "five graphs");
  }
  expect(*recorder.alive == 0, "none after their cache");
}

void two_threads() {
  FakeRecorder recorder;
  GraphCache cache(recorder, {.plain = 2, .graphs = 2});
  std::vector<std::string> wrong(2);
  const auto work = [&](int thread) {
    const c10::InferenceMode guard;
    try {
      for (int i = 0; i < 300; ++i) run(cache, 1 + (i / 5 + thread) % 3, 1000 * thread + i);
    } catch (const std::exception& error) {
      wrong[static_cast<size_t>(thread)] = error.what();
    }
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  expect(wrong[0].empty() && wrong[1].empty(), "right answers: " + wrong[0] + wrong[1]);
  const auto counts = cache.counts();
  expect(counts.plain + counts.replayed == 600 && counts.replayed > 0, "600 runs, some replayed");
  expect(counts.graphs == 2 && *recorder.alive == 2 && recorder.most_alive == 2, "two graphs, never more");
}

void caches_step_aside() {
  const auto table = uniform({1 + 9, 4}, 3);
  models::PositionCache positions;
  const auto kept = positions.get(table, 2, 5);
  expect(positions.get(table, 2, 5).is_same(kept), "the same table again");
  {
    const Recording recording;
    const auto fresh = positions.get(table, 2, 5);
    expect(!fresh.is_alias_of(kept) && fresh.equal(kept), "a table of the graph's own");
  }
  expect(positions.get(table, 2, 5).is_same(kept), "the cache as it was");
}

std::vector<Case> cases() {
  return {holds("a shape runs plainly three times, then from its graph", third_time),
          holds("an answer outlives the next replay", answers_last),
          holds("kinds, dtypes and shapes have graphs of their own", told_apart),
          holds("the least recently used goes, and has to come twice as often", oldest_goes),
          holds("graphs hold no more memory than they may", memory_is_bounded),
          holds("shapes that do not come back in time are never recorded", odd_shapes),
          holds("what wants gradients is never recorded", gradients),
          holds("a recording that fails is an error, then and from then on", failures_are_said),
          holds("graphs go with their cache", disposal),
          holds("two threads", two_threads),
          holds("a cache of position tables lends none to a recording", caches_step_aside)};
}

const CaseTable kTable{"graph_cache", cases};

}  // namespace
}  // namespace wordmask::check
