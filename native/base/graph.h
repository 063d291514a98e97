#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace wordmask {

// Work of a device, recorded once and started as one piece from then on: its kernels always read `input` and write
// `output`, tensors of its own. Only headers: libwordmask_cuda.so, which implements it, is linked to nothing of ours.
struct Graph {
  virtual ~Graph() = default;
  virtual void replay() = 0;          // started on the current stream, not waited for
  virtual int64_t bytes() const = 0;  // memory of the device that it holds
  at::Tensor input, output;
};

struct GraphRecorder {
  using Work = std::function<at::Tensor(const at::Tensor& input)>;
  // Of inputs shaped as this one, which is on the device. `work` runs several times; whatever it reads beside its input
  // must stay in place as long as the graph lives. Throws where it cannot be recorded, and then leaves nothing behind.
  virtual std::unique_ptr<Graph> record(const at::Tensor& input, const Work& work) = 0;

 protected:
  ~GraphRecorder() = default;
};

}  // namespace wordmask
