#include "testing.h"

#include <ATen/ATen.h>

#include "deeplab.h"
#include "light_conv.h"

namespace wordmask::testing {

at::Tensor read_tensor(const Argument& argument) {
  const auto floats = argument["data"].floats();
  const auto shape = argument["shape"];
  std::vector<int64_t> sizes;
  int64_t count = 1;
  for (uint32_t i = 0; i < shape.length(); ++i) {
    sizes.push_back(shape.at(i).integer(0, int64_t{1} << 31));
    count *= sizes.back();
  }
  WM_CHECK(static_cast<int64_t>(floats.ElementLength()) == count, code::kInvalidArgument, "Expected ", count,
           " values but received ", floats.ElementLength());
  auto tensor = at::empty(sizes, at::kFloat);
  std::copy_n(floats.Data(), count, tensor.mutable_data_ptr<float>());
  return tensor;
}

std::vector<double> numbers(const at::Tensor& tensor) {
  const auto values = tensor.detach().to(at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

Napi::Float64Array doubles(Napi::Env env, const std::vector<double>& values) {
  auto result = Napi::Float64Array::New(env, values.size());
  std::copy(values.begin(), values.end(), result.Data());
  return result;
}

Napi::Float64Array doubles(Napi::Env env, const at::Tensor& tensor) { return doubles(env, numbers(tensor)); }

}  // namespace wordmask::testing

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  wordmask::testing::define_kernels(env, exports);
  wordmask::testing::define_max_affinity(env, exports);
  wordmask::testing::define_topk_similarity(env, exports);
  wordmask::testing::define_resize(env, exports);
  wordmask::testing::define_mask_pool(env, exports);
  wordmask::testing::define_confusion(env, exports);
  wordmask::testing::define_refine(env, exports);
  wordmask::testing::define_packed(env, exports);
  wordmask::testing::define_light_conv(env, exports);
  wordmask::testing::define_models(env, exports);
  wordmask::testing::define_encoders(env, exports);
  wordmask::testing::define_stars(env, exports);
  wordmask::testing::define_vectors(env, exports);
  wordmask::testing::define_multiply_adds(env, exports);
  wordmask::testing::define_executor(env, exports);
  wordmask::testing::define_kept_memory(env, exports);
  wordmask::testing::define_reco(env, exports);
  wordmask::testing::define_reco_net(env, exports);
  wordmask::testing::define_train(env, exports);
  wordmask::testing::define_deeplab(env, exports);
  wordmask::testing::define_segmenter_training(env, exports);
  return exports;
}
NODE_API_MODULE(wordmask_testing, init)
