#pragma once
#include <string_view>

namespace wordmask::weights {

// Whether a pickle may name "module name" (one space between). The names a state dict needs, and `__torch__` classes of
// TorchScript; none of them is ever called, the list is what makes an unusual file fail loudly.
bool is_allowed_global(std::string_view global);

}  // namespace wordmask::weights
