#include "kernels/resize_normalize/resize_normalize.h"

#include <ATen/ops/from_blob.h>

#include <random>

#include "kernels/resize_normalize/passes.h"
#include "kernels/resize_normalize/resize_normalize_ref.h"
#include "testing.h"

namespace wordmask::testing {
namespace {
using kernels::ResizeFrame;
using kernels::ResizeNormalizeOptions;
constexpr int64_t kLarge = int64_t{1} << 40;

kernels::Filter read_filter(const Argument& argument) {
  const auto word = argument.one_of({"nearest", "bilinear", "bicubic"});
  return word == "nearest"    ? kernels::Filter::kNearest
         : word == "bilinear" ? kernels::Filter::kBilinear
                              : kernels::Filter::kBicubic;
}

ResizeNormalizeOptions read_options(const Argument& argument) {
  ResizeNormalizeOptions options;
  options.height = argument["height"].integer(-kLarge, kLarge);
  options.width = argument["width"].integer(-kLarge, kLarge);
  options.filter = read_filter(argument["filter"]);
  for (uint32_t c = 0; c < 3; ++c) {
    if (argument["mean"].given()) options.mean[c] = argument["mean"].at(c).number(-1e9, 1e9);
    if (argument["std"].given()) options.std[c] = argument["std"].at(c).number(-1e9, 1e9);
  }
  return options;
}

ResizeFrame read_frame(const Argument& argument) {
  const auto read = [&](const char* key) { return argument[key].integer(-kLarge, kLarge); };
  return {read("width"), read("height"), read("left"), read("top")};
}

// A copy of its own; `strided`: the same pixels as a view into a wider image.
at::Tensor read_image(const Argument& argument, bool strided) {
  const auto height = argument["height"].integer(0, 1 << 20), width = argument["width"].integer(0, 1 << 20);
  const auto bytes = argument["data"].bytes();
  auto image =
      at::from_blob(const_cast<uint8_t*>(bytes.Data()), {static_cast<int64_t>(bytes.ElementLength())}, at::kByte)
          .clone();
  image = image.view({height, width, -1});
  return strided ? image.permute({1, 0, 2}).contiguous().permute({1, 0, 2}) : image;
}

// resizeNormalize(images, frames, options, strided) -> Float32Array [n, 3, height, width]
Napi::Value resize_normalize(const Napi::CallbackInfo& info) {
  const Argument images(info[0], "images"), frames(info[1], "frames");
  std::vector<at::Tensor> pictures;
  std::vector<ResizeFrame> windows;
  for (uint32_t i = 0; i < images.length(); ++i)
    pictures.push_back(read_image(images.at(i), Argument(info[3], "strided").boolean()));
  for (uint32_t i = 0; i < frames.length(); ++i) windows.push_back(read_frame(frames.at(i)));
  const auto pixels = kernels::resize_normalize(pictures, windows, read_options({info[2], "options"}));
  auto result = Napi::Float32Array::New(info.Env(), pixels.numel());
  std::copy_n(pixels.const_data_ptr<float>(), pixels.numel(), result.Data());
  return result;
}

// resizeNormalizeReference(image, frame, options) -> Float64Array [3, height, width]
Napi::Value resize_normalize_reference(const Napi::CallbackInfo& info) {
  const auto image = read_image({info[0], "image"}, /*strided=*/false);
  const std::vector<uint8_t> bytes(image.const_data_ptr<uint8_t>(), image.const_data_ptr<uint8_t>() + image.numel());
  return doubles(info.Env(),
                 wordmask_ref::resize_normalize(bytes, image.size(0), image.size(1), read_frame({info[1], "frame"}),
                                                read_options({info[2], "options"})));
}

// resizePassesDiffer(size, resized, filter, seed): bytes in which a pass and its plain form differ, of random rows.
Napi::Value resize_passes_differ(const Napi::CallbackInfo& info) {
  using namespace kernels::resize;
  const auto size = Argument(info[0], "size").integer(1, 1 << 16),
             count = Argument(info[1], "resized").integer(1, 1 << 16);
  const auto taps = kernels::resize::taps({size, count, 0, count, read_filter({info[2], "filter"})});
  std::mt19937 random(static_cast<uint32_t>(Argument(info[3], "seed").integer(0, 1 << 30)));
  const int64_t pitch = (size + taps->stride) * 3 + kOverread, bytes = padded(count * kChannels);
  std::vector<uint8_t> rows(pitch * kRowsTogether), lines(2 * kRowsTogether * bytes), downs(2 * bytes);
  for (auto& byte : rows) byte = random() % 4 ? static_cast<uint8_t>(random()) : random() % 2 ? 255 : 0;
  std::vector<uint8_t*> fast, plain;
  for (int64_t r = 0; r < kRowsTogether; ++r) {
    fast.push_back(lines.data() + r * bytes);
    plain.push_back(lines.data() + (kRowsTogether + r) * bytes);
  }
  across(rows.data(), pitch, *taps, fast.data());
  across_plain(rows.data(), pitch, *taps, plain.data());
  int64_t differ = 0;
  for (int64_t i = 0; i < kRowsTogether * bytes; ++i) differ += lines[i] != lines[i + kRowsTogether * bytes];
  const int32_t weight[kRowsTogether] = {-300'000, 2'400'000, 2'300'000, -205'696};  // of which some overshoot
  down(fast.data(), weight, kRowsTogether, bytes, downs.data());
  down_plain(fast.data(), weight, kRowsTogether, bytes, downs.data() + bytes);
  for (int64_t i = 0; i < bytes; ++i) differ += downs[i] != downs[i + bytes];
  return Napi::Number::New(info.Env(), static_cast<double>(differ));
}
}  // namespace

void define_resize(Napi::Env, Napi::Object exports) {
  define<resize_normalize>(exports, "resizeNormalize");
  define<resize_normalize_reference>(exports, "resizeNormalizeReference");
  define<resize_passes_differ>(exports, "resizePassesDiffer");
}

}  // namespace wordmask::testing
