#pragma once
#include <torch/nn/module.h>

#include <vector>

namespace wordmask::models {

// A module that may hold weights in oneDNN's order.
struct Packable {
  virtual ~Packable() = default;
  virtual void unpack() = 0;  // its parameters hold their own values again
};

// A matrix that exists once: plain, as its module registered it, or packed for inference. While it is packed the
// registered tensor keeps sizes and type but holds one NaN for all elements, so that nothing reads it unnoticed.
// Packing is undone bit for bit.
class PackedWeight {
 public:
  // The packed form of rows [i * out / pieces, (i + 1) * out / pieces) of a weight [out, ...], made on first use.
  // Only where kernels::can_pack says so, with the same number of pieces every time.
  const at::Tensor& get(at::Tensor& weight, int64_t i = 0, int64_t pieces = 1);
  void unpack(at::Tensor& weight);

 private:
  std::vector<at::Tensor> packed_;  // empty while the weight is plain
};

// All elements read NaN from here on; sizes and type stay, the memory goes.
void mark_packed(at::Tensor& weight);

// Whether products with this weight run on its packed form here: InferenceMode, CPU, float32 or native bfloat16.
bool packs(const at::Tensor& weight);

// Plain parameters throughout the module: before training, reading or changing them.
void unpack_all(const torch::nn::Module& module);

}  // namespace wordmask::models
