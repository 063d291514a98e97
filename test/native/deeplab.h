#pragma once
#include <napi.h>

namespace wordmask::testing {

void define_deeplab(Napi::Env env, Napi::Object exports);
void define_segmenter_training(Napi::Env env, Napi::Object exports);

}  // namespace wordmask::testing
