#include "pipeline/reco.h"

#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/functions.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

// Tensors of one shape, an image each; stacked on the thread that uses them.
std::vector<at::Tensor> read_images(const Argument& list) {
  std::vector<at::Tensor> images;
  for (uint32_t i = 0, n = list.length(); i < n; ++i) {
    images.push_back(read_tensor(list.at(i)));
    WM_CHECK(images.back().sizes() == images[0].sizes(), code::kInvalidArgument, "Expected ", list.name(), "[", i,
             "] of shape ", images[0].sizes(), ", as the first has, but received ", images.back().sizes());
  }
  WM_CHECK(!images.empty(), code::kInvalidArgument, "Expected at least one image for ", list.name());
  return images;
}

kernels::AffinityWindow read_window(const Argument& argument) {
  return argument.one_of({"official", "perImage"}) == "official" ? kernels::AffinityWindow::kOfficial
                                                                 : kernels::AffinityWindow::kPerImage;
}

Napi::Value reference_to_js(Napi::Env env, const std::shared_ptr<pipeline::RecoReference>& reference) {
  Napi::Object object = Napi::Object::New(env);
  object["embedding"] = to_js(env, reference->embedding);
  const auto& [positions, support] = reference->seeds;
  const auto* position = positions.const_data_ptr<int64_t>();
  object["seeds"] = to_array(env, std::vector<double>(position, position + positions.numel()));
  object["support"] = to_values<Napi::Float64Array>(env, support);
  return object;
}

// recoReference(images, options, task): Promise<RecoReference>
Napi::Value reco_reference(const Napi::CallbackInfo& info) {
  const Argument given(info[0], "images");
  const Argument clip = given["clip"], contexts = given["contexts"];
  pipeline::RecoImages images;
  std::vector<at::Tensor> dense;
  if (clip.given()) {
    dense = read_images(clip);
    images.text = read_tensor(given["text"]);
  }
  if (contexts.given()) images.contexts = read_tensor(contexts);
  return run(
      info.Env(), read_task(info[2]), "cpu",
      [images, dense = std::move(dense), features = read_images(given["features"]),
       window = read_window(Argument(info[1], "options")["window"])](const Job& job) mutable {
        images.features = pipeline::stack_images(features);
        if (!dense.empty()) images.clip = pipeline::stack_images(dense);
        return pipeline::reco_reference(images, window, job.cancel);
      },
      reference_to_js);
}

}  // namespace

std::vector<napi_property_descriptor> reco_functions() { return {async<reco_reference>("recoReference", kExport)}; }

}  // namespace wordmask::bindings
