#pragma once
#include "bindings/argument.h"
#include "kernels/stars/order.h"

namespace wordmask::bindings {

// { priority?: Float64Array, allow?: Uint8Array }
kernels::StarOrder read_star_order(const Argument& options);

}  // namespace wordmask::bindings
