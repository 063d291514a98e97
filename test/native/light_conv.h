#pragma once
#include <napi.h>

namespace wordmask::testing {

void define_light_conv(Napi::Env env, Napi::Object exports);

}  // namespace wordmask::testing
