// The tensor thread itself, seen from a job on it.
#include "base/executor.h"

#include <ATen/Parallel.h>
#include <omp.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <set>

#include "testing.h"

namespace wordmask::testing {
namespace {

// laneThreads(lane): { wanted, used }: what LibTorch means to use on that lane, and how many threads a loop ran on.
Napi::Value lane_threads(const Napi::CallbackInfo& info) {
  std::promise<std::pair<int, size_t>> answer;
  Executor::lane(Argument(info[0], "lane").string()).submit(Executor::Mode::kInference, [&] {
    std::mutex mutex;
    std::set<int> seen;
    at::parallel_for(0, 1024, 1, [&](int64_t, int64_t) {
      std::lock_guard lock(mutex);
      seen.insert(omp_get_thread_num());
    });
    answer.set_value({at::get_num_threads(), seen.size()});
  });
  const auto [wanted, used] = answer.get_future().get();
  Napi::Object result = Napi::Object::New(info.Env());
  result["wanted"] = Napi::Number::New(info.Env(), wanted);
  result["used"] = Napi::Number::New(info.Env(), static_cast<double>(used));
  return result;
}

// queue(n, withdrawn): the order in which n jobs ran after the one that held the thread, `withdrawn` of them taken
// back.
Napi::Value queue_order(const Napi::CallbackInfo& info) {
  const int n = static_cast<int>(Argument(info[0], "n").integer(1, 1000));
  const int without = static_cast<int>(Argument(info[1], "withdrawn").integer(0, n - 1));
  Executor& lane = Executor::lane("queue test");
  std::promise<void> gate;
  std::vector<int> order;
  const uint64_t first = lane.submit(Executor::Mode::kGrad, [&] { gate.get_future().wait(); });
  std::vector<uint64_t> tickets;
  for (int i = 0; i < n; ++i)
    tickets.push_back(lane.submit(Executor::Mode::kGrad, [&order, i] { order.push_back(i); }));
  const bool taken = lane.withdraw(tickets[without]);
  const bool again = lane.withdraw(tickets[without]);
  const bool waited = lane.wait(tickets.back(), std::chrono::milliseconds(20));  // the gate is shut: false
  gate.set_value();
  const bool ended = lane.wait(first, std::chrono::seconds(10)) && lane.wait(tickets.back(), std::chrono::seconds(10));
  Napi::Array ran = Napi::Array::New(info.Env(), order.size());
  for (uint32_t i = 0; i < order.size(); ++i) ran[i] = Napi::Number::New(info.Env(), order[i]);
  Napi::Object result = Napi::Object::New(info.Env());
  result["ran"] = ran;
  result["taken"] = Napi::Boolean::New(info.Env(), taken);
  result["again"] = Napi::Boolean::New(info.Env(), again);
  result["waited"] = Napi::Boolean::New(info.Env(), waited);
  result["ended"] = Napi::Boolean::New(info.Env(), ended);
  return result;
}

// holdLane(lane): a function that lets the lane go on; what is submitted meanwhile waits.
Napi::Value hold_lane(const Napi::CallbackInfo& info) {
  auto gate = std::make_shared<std::promise<void>>();
  Executor::lane(Argument(info[0], "lane").string()).submit(Executor::Mode::kInference, [gate] {
    gate->get_future().wait();
  });
  return Napi::Function::New(info.Env(), [gate](const Napi::CallbackInfo&) { gate->set_value(); });
}

}  // namespace

void define_executor(Napi::Env env, Napi::Object exports) {
  define<lane_threads>(exports, "laneThreads");
  define<queue_order>(exports, "queueOrder");
  define<hold_lane>(exports, "holdLane");
}

}  // namespace wordmask::testing
