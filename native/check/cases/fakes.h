#pragma once
// A device that is none: what a graph recorder and a copy stream promise, at its worst.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/graph.h"
#include "base/recording.h"
#include "check/cases/case.h"
#include "pipeline/staging.h"

namespace wordmask::check {

// A case that is judged by what holds, not by distance: `body` throws where something does not.
inline Case holds(std::string name, void (*body)()) {
  return {std::move(name), [body](c10::Device) {
            body();
            return 0.;
          }};
}
inline void expect(bool condition, const std::string& words) {
  WM_CHECK(condition, code::kInternal, "expected ", words);
}

// A graph whose output is NaN until it is replayed, and is written over by every replay.
class FakeRecorder : public GraphRecorder {
 public:
  std::unique_ptr<Graph> record(const at::Tensor& input, const Work& work) override {
    expect(Recording::now(), "caches to know that a graph is recorded");
    if (!failure.empty()) throw std::runtime_error(failure);
    most_alive = std::max(most_alive, *alive + 1);
    return std::make_unique<Fake>(input, work, bytes, alive);
  }
  std::shared_ptr<int> alive = std::make_shared<int>(0);
  int most_alive = 0;
  int64_t bytes = 1000;  // of graphs made from here on
  std::string failure;   // what record() throws; empty: nothing

 private:
  struct Fake : Graph {
    Fake(const at::Tensor& given, Work given_work, int64_t size, std::shared_ptr<int> counter)
        : work(std::move(given_work)), held(size), alive(std::move(counter)) {
      input = given.clone();
      output = at::full_like(work(input), NAN);
      ++*alive;
    }
    ~Fake() override { --*alive; }
    void replay() override { output.copy_(work(input)); }
    int64_t bytes() const override { return held; }
    Work work;
    int64_t held;
    std::shared_ptr<int> alive;
  };
};

// Copies that end in order: only when somebody waits, as late as may be, or at once (late: false).
class LateCopies : public pipeline::Copies {
 public:
  struct Log {
    int pages = 0;      // page-locked buffers made
    size_t most = 0;    // copies under way at once
    int disturbed = 0;  // copies whose buffer was written while they were under way
    std::deque<std::shared_ptr<Copy>> under_way;
  };
  explicit LateCopies(std::shared_ptr<Log> log, bool late = true) : log_(std::move(log)), late_(late) {}

  at::Tensor page_locked(int64_t bytes) override {
    ++log_->pages;
    return at::empty({bytes}, at::kByte);
  }
  Sent up(const at::Tensor& buffer) override {
    const auto there = at::empty_like(buffer);
    return {there, start(buffer, there, buffer)};
  }
  std::shared_ptr<Copy> down(const at::Tensor& buffer, const at::Tensor& there) override {
    return start(there, buffer, buffer);
  }
  static void finish_all(Log& log) {
    while (!log.under_way.empty()) finish_first(log);
  }

 private:
  struct Late : Copy {
    void wait() override {
      while (!done) finish_first(*log);
    }
    at::Tensor from, to, buffer, before;  // before: what the buffer held when the copy was started
    Log* log;
    bool done = false;
  };
  std::shared_ptr<Copy> start(const at::Tensor& from, const at::Tensor& to, const at::Tensor& buffer) {
    auto copy = std::make_shared<Late>();
    copy->from = from;
    copy->to = to;
    copy->buffer = buffer;
    copy->before = buffer.clone();
    copy->log = log_.get();
    log_->under_way.push_back(copy);
    log_->most = std::max(log_->most, log_->under_way.size());
    if (!late_) finish_all(*log_);
    return copy;
  }
  static void finish_first(Log& log) {
    const auto copy = std::static_pointer_cast<Late>(log.under_way.front());
    log.under_way.pop_front();
    // By bytes: NaN is like NaN.
    const auto bytes = [](const at::Tensor& tensor) { return tensor.contiguous().view(at::kByte); };
    if (copy->buffer.numel() > 0 && !bytes(copy->buffer).equal(bytes(copy->before))) ++log.disturbed;
    copy->to.copy_(copy->from);
    copy->done = true;
  }
  std::shared_ptr<Log> log_;
  bool late_;
};

}  // namespace wordmask::check
