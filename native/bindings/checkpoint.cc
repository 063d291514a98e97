#include "weights/checkpoint.h"

#include "bindings/argument.h"
#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/functions.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

using weights::Checkpoint;

const char* dtype_name(at::ScalarType type) {
  switch (type) {
    case at::kDouble:
      return "float64";
    case at::kFloat:
      return "float32";
    case at::kHalf:
      return "float16";
    case at::kBFloat16:
      return "bfloat16";
    case at::kLong:
      return "int64";
    case at::kInt:
      return "int32";
    case at::kShort:
      return "int16";
    case at::kChar:
      return "int8";
    case at::kByte:
      return "uint8";
    case at::kBool:
      return "bool";
    default:
      fail(code::kCheckpoint, "The checkpoint stores a tensor of type ", c10::toString(type),
           ", which is not supported");
  }
}

Napi::Value summary(Napi::Env env, const std::shared_ptr<std::shared_ptr<Checkpoint>>& result) {
  const Checkpoint& checkpoint = **result;
  const auto& entries = checkpoint.entries();
  Napi::Array tensors = Napi::Array::New(env, entries.size());
  for (uint32_t i = 0; i < entries.size(); ++i) {
    Napi::Object tensor = Napi::Object::New(env);
    tensor["key"] = entries[i].key;
    tensor["dtype"] = dtype_name(entries[i].dtype);
    tensor["shape"] = to_array(env, std::vector<double>(entries[i].shape.begin(), entries[i].shape.end()));
    tensors[i] = tensor;
  }
  Napi::Object metadata = Napi::Object::New(env);
  for (const auto& [key, value] : checkpoint.metadata()) metadata[key] = value;
  Napi::Object object = Napi::Object::New(env);
  object["format"] = checkpoint.format();
  object["tensors"] = tensors;
  object["metadata"] = metadata;
  return object;
}

// readCheckpoint(files, task): Promise<CheckpointSummary>
Napi::Value read_checkpoint(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[1]), "files",
      [files = Argument(info[0], "files").strings()](const Job&) { return weights::open_checkpoint(files); }, summary);
}

// readTensor(files, key, task): Promise<Float32Tensor>
Napi::Value read_one(const Napi::CallbackInfo& info) {
  return run(
      info.Env(), read_task(info[2]), "files",
      [files = Argument(info[0], "files").strings(), key = Argument(info[1], "key").string()](const Job&) {
        const auto checkpoint = weights::open_checkpoint(files);
        // A copy: the tensor may lie in the checkpoint's memory map.
        return checkpoint->tensor(key).to(at::kFloat, /*non_blocking=*/false, /*copy=*/true).contiguous();
      },
      ToTensor());
}

at::ScalarType read_dtype(const Argument& argument) {
  const std::string name = argument.one_of({"float32", "float16", "bfloat16"});
  return name == "float32" ? at::kFloat : name == "float16" ? at::kHalf : at::kBFloat16;
}

// writeSafetensors(file, tensors, metadata, task): Promise<void>
Napi::Value write_safetensors(const Napi::CallbackInfo& info) {
  struct Entry {
    std::string key;
    at::Tensor values;
    at::ScalarType dtype;
  };
  std::vector<Entry> entries;
  const Argument list(info[1], "tensors");
  for (uint32_t i = 0, n = list.length(); i < n; ++i) {
    const Argument item = list.at(i);
    entries.push_back({item["key"].string(), read_tensor(item), read_dtype(item["dtype"])});
  }
  return run(
      info.Env(), read_task(info[3]), "files",
      [file = Argument(info[0], "file").string(), entries = std::move(entries),
       metadata = read_metadata({info[2], "metadata"})](const Job&) {
        std::vector<weights::NamedTensor> tensors;
        for (const Entry& entry : entries) tensors.push_back({entry.key, entry.values.to(entry.dtype)});
        weights::write_safetensors(file, tensors, metadata);
      },
      ToUndefined());
}

}  // namespace

std::vector<napi_property_descriptor> checkpoint_functions() {
  return {async<read_checkpoint>("readCheckpoint", kExport), async<read_one>("readTensor", kExport),
          async<write_safetensors>("writeSafetensors", kExport)};
}

}  // namespace wordmask::bindings
