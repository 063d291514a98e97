#pragma once
#include_next <torch/library.h>

// TORCH_LIBRARY_IMPL(wordmask, CUDA, m) registers for CPU tensors, over what is registered there.
#define CUDA CPU
