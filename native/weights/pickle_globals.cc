#include "weights/pickle_globals.h"

#include <algorithm>
#include <array>

#include "weights/dtype.h"

namespace wordmask::weights {
namespace {

constexpr std::string_view kAllowed[] = {
    "__builtin__ bool",
    "__builtin__ bytearray",
    "__builtin__ bytes",
    "__builtin__ dict",
    "__builtin__ float",
    "__builtin__ frozenset",
    "__builtin__ int",
    "__builtin__ list",
    "__builtin__ set",
    "__builtin__ str",
    "__builtin__ tuple",
    "_codecs encode",
    "argparse Namespace",
    "builtins bool",
    "builtins bytearray",
    "builtins bytes",
    "builtins dict",
    "builtins float",
    "builtins frozenset",
    "builtins int",
    "builtins list",
    "builtins set",
    "builtins str",
    "builtins tuple",
    "collections Counter",
    "collections OrderedDict",
    "collections defaultdict",
    "numpy dtype",
    "numpy ndarray",
    "numpy._core.multiarray _reconstruct",
    "numpy._core.multiarray scalar",
    "numpy._core.numeric _frombuffer",
    "numpy.core.multiarray _reconstruct",
    "numpy.core.multiarray scalar",
    "numpy.core.numeric _frombuffer",
    "omegaconf.base ContainerMetadata",
    "omegaconf.base Metadata",
    "omegaconf.dictconfig DictConfig",
    "omegaconf.listconfig ListConfig",
    "omegaconf.nodes AnyNode",
    "omegaconf.nodes BooleanNode",
    "omegaconf.nodes FloatNode",
    "omegaconf.nodes IntegerNode",
    "omegaconf.nodes StringNode",
    "torch Size",
    "torch Tensor",
    "torch bfloat16",
    "torch bool",
    "torch device",
    "torch float16",
    "torch float32",
    "torch float64",
    "torch int16",
    "torch int32",
    "torch int64",
    "torch int8",
    "torch uint8",
    "torch._tensor _rebuild_from_type_v2",
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_parameter_with_state",
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_tensor_v3",
    "torch.jit._pickle build_boollist",
    "torch.jit._pickle build_doublelist",
    "torch.jit._pickle build_intlist",
    "torch.jit._pickle build_tensorlist",
    "torch.jit._pickle restore_type_tag",
    "torch.nn.parameter Parameter",
    "torch.storage TypedStorage",
    "torch.storage UntypedStorage",
    "torch.storage _TypedStorage",
    "torch.storage _UntypedStorage",
    "torch.torch_version TorchVersion",
    "typing Any",
};
static_assert(std::is_sorted(std::begin(kAllowed), std::end(kAllowed)));

}  // namespace

bool is_allowed_global(std::string_view global) {
  if (global.starts_with("__torch__.") || global.starts_with("__torch__ ")) return true;
  for (const std::string_view module : {"torch ", "torch.storage "}) {
    if (global.starts_with(module) && dtype_of_storage(global.substr(module.size()))) return true;
  }
  return std::binary_search(std::begin(kAllowed), std::end(kAllowed), global);
}

}  // namespace wordmask::weights
