// Copies by LibTorch's streams and events, which know no CUDA: nothing to link. Not yet run on a GPU.
#include <ATen/ops/empty.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "pipeline/staging.h"

namespace wordmask::pipeline {

namespace {
struct DeviceCopy : Copies::Copy {
  explicit DeviceCopy(const c10::Stream& stream) : done(stream.device_type()) { done.record(stream); }
  void wait() override { done.synchronize(); }
  c10::Event done;
};

class DeviceCopies : public Copies {
 public:
  explicit DeviceCopies(c10::Device device)
      : device_(device), streams_(device.type()), stream_(streams_.getStreamFromGlobalPool(device)) {}

  at::Tensor page_locked(int64_t bytes) override {
    return at::empty({bytes}, at::TensorOptions(at::kByte).pinned_memory(true));
  }

  Sent up(const at::Tensor& buffer) override {
    at::Tensor there;
    {
      // Memory of this stream, not of the device's work: nothing older can still be at it.
      const c10::StreamGuard guard(stream_);
      there = at::empty(buffer.sizes(), buffer.options().device(device_));
      there.copy_(buffer, /*non_blocking=*/true);
    }
    auto copy = std::make_shared<DeviceCopy>(stream_);
    const auto work = streams_.getStream(device_);
    copy->done.block(work);
    there.record_stream(work);  // freed only once the work is done with it
    return {there, copy};
  }

  std::shared_ptr<Copy> down(const at::Tensor& buffer, const at::Tensor& there) override {
    const DeviceCopy work(streams_.getStream(device_));
    work.done.block(stream_);
    {
      const c10::StreamGuard guard(stream_);
      buffer.copy_(there, /*non_blocking=*/true);
    }
    there.record_stream(stream_);
    return std::make_shared<DeviceCopy>(stream_);
  }

 private:
  c10::Device device_;
  c10::impl::VirtualGuardImpl streams_;
  c10::Stream stream_;
};
}  // namespace

std::unique_ptr<Copies> device_copies(c10::Device device) { return std::make_unique<DeviceCopies>(device); }

}  // namespace wordmask::pipeline
