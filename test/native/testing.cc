#include "testing.h"

#include <ATen/ATen.h>

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

}  // namespace wordmask::testing

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  wordmask::testing::define_kernels(env, exports);
  wordmask::testing::define_max_affinity(env, exports);
  wordmask::testing::define_topk_similarity(env, exports);
  wordmask::testing::define_models(env, exports);
  wordmask::testing::define_executor(env, exports);
  wordmask::testing::define_train(env, exports);
  return exports;
}
NODE_API_MODULE(wordmask_testing, init)
