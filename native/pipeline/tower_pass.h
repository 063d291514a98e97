#pragma once
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <memory>

#include "pipeline/graph_cache.h"
#include "pipeline/staging.h"

namespace wordmask::pipeline {

// Passes of one model: inputs and answers are on the CPU. There `work` runs at once on the input as it is. On CUDA the
// input goes up and the answers come down through page-locked buffers while the device works, and passes of a shape
// that comes often run as CUDA graphs (unless WORDMASK_CUDA_GRAPHS is 0). One thread at a time.
class TowerPass {
 public:
  using Work = GraphRecorder::Work;

  TowerPass(c10::Device device, at::ScalarType dtype);
  // By these copies and this recorder (nullptr: no graphs), whatever the device.
  TowerPass(c10::Device device, at::ScalarType dtype, std::unique_ptr<Staging> staging, GraphRecorder* recorder);

  class Answers {
   public:
    at::Tensor take();  // as finished(): float32 on the CPU. Once

   private:
    friend class TowerPass;
    at::Tensor ready_;
    std::shared_ptr<Download> coming_;
    at::ScalarType dtype_ = at::kFloat;
  };

  // Starts a pass; the host may prepare the next. `recordable`: false where shapes change from call to call by nature.
  Answers start(int kind, const at::Tensor& input, const Work& work, bool recordable = true);
  // Passes worth having under way while the next is prepared.
  size_t ahead() const { return staging_ ? 1 : 0; }

  at::Tensor operator()(int kind, const at::Tensor& input, const Work& work, bool recordable = true) {
    return start(kind, input, work, recordable).take();
  }

  const GraphCache* graphs() const { return graphs_.get(); }  // nullptr where passes are never recorded

 private:
  c10::Device device_;
  at::ScalarType dtype_;
  std::unique_ptr<Staging> staging_;  // empty on the CPU
  std::unique_ptr<GraphCache> graphs_;
};

}  // namespace wordmask::pipeline
