#pragma once
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace wordmask::pipeline {

// What waits for one model. The call whose turn it is takes along those behind it that fit its pass, and each of them
// finds its answer in its place when its own turn comes. A place whose call is dropped before that leaves the line by
// itself.
template <class Place>
class PassQueue {
 public:
  using Ticket = std::shared_ptr<Place>;

  Ticket add(Place place) {  // any thread
    auto ticket = std::make_shared<Place>(std::move(place));
    std::lock_guard lock(mutex_);
    line_.push_back(ticket);
    return ticket;
  }

  // Out of the line: `own`, those that have left, and those that `joins`, asked in order, takes along (returned).
  template <class Joins>
  std::vector<Ticket> take(const Ticket& own, Joins joins) {
    std::vector<Ticket> taken;
    std::lock_guard lock(mutex_);
    std::deque<std::weak_ptr<Place>> rest;
    for (const auto& waiting : line_) {
      const Ticket place = waiting.lock();
      if (!place || place == own) continue;
      if (joins(*place)) {
        taken.push_back(place);
      } else {
        rest.push_back(waiting);
      }
    }
    line_.swap(rest);
    return taken;
  }

 private:
  std::mutex mutex_;
  std::deque<std::weak_ptr<Place>> line_;
};

}  // namespace wordmask::pipeline
