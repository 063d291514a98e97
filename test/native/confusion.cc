#include "kernels/confusion/confusion.h"

#include <ATen/ops/from_blob.h>

#include "kernels/confusion/confusion_ref.h"
#include "testing.h"

namespace wordmask::testing {
namespace {

// A typed array as a tensor of its type; `strided`: every second value of a longer one.
at::Tensor read_labels(const Argument& argument, bool strided) {
  if (!argument.value().IsTypedArray()) argument.wrong("a typed array");
  const auto array = argument.value().As<Napi::TypedArray>();
  const auto type = [&]() -> at::ScalarType {
    switch (array.TypedArrayType()) {
      case napi_uint8_array:
        return at::kByte;
      case napi_uint16_array:
        return at::kUInt16;
      case napi_int32_array:
        return at::kInt;
      case napi_bigint64_array:
        return at::kLong;
      case napi_float32_array:
        return at::kFloat;
      default:
        argument.wrong("a Uint8Array, Uint16Array, Int32Array, BigInt64Array or Float32Array");
    }
  }();
  auto* bytes = static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  const auto labels = at::from_blob(bytes, {static_cast<int64_t>(array.ElementLength())}, type).clone();
  return strided ? labels.unsqueeze(1).expand({-1, 2}).contiguous().select(1, 0) : labels;
}

// confusion(truth, prediction, classes, ignore, strided) -> Float64Array [classes, classes]
Napi::Value confusion(const Napi::CallbackInfo& info) {
  const bool strided = Argument(info[4], "strided").boolean();
  return doubles(
      info.Env(),
      kernels::confusion(read_labels({info[0], "truth"}, strided), read_labels({info[1], "prediction"}, strided),
                         Argument(info[2], "classes").integer(-1, 1 << 20),
                         Argument(info[3], "ignore").integer(-(int64_t{1} << 40), int64_t{1} << 40)));
}

// confusionReference(truth, prediction, classes, ignore) -> Float64Array [classes, classes]
Napi::Value confusion_reference(const Napi::CallbackInfo& info) {
  const auto labels = [](const Argument& argument) {
    std::vector<int64_t> result;
    for (const double value : numbers(read_labels(argument, /*strided=*/false)))
      result.push_back(static_cast<int64_t>(value));
    return result;
  };
  const auto counts = wordmask_ref::confusion(
      labels({info[0], "truth"}), labels({info[1], "prediction"}), Argument(info[2], "classes").integer(1, 1 << 16),
      Argument(info[3], "ignore").integer(-(int64_t{1} << 40), int64_t{1} << 40));
  return doubles(info.Env(), std::vector<double>(counts.begin(), counts.end()));
}
}  // namespace

void define_confusion(Napi::Env, Napi::Object exports) {
  define<confusion>(exports, "confusion");
  define<confusion_reference>(exports, "confusionReference");
}

}  // namespace wordmask::testing
