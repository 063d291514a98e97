#pragma once
#include <ATen/core/Tensor.h>

#include "models/config.h"
#include "train/parameters.h"

namespace wordmask::train {

// The two towers as training runs them: the arithmetic of native/models (a test holds them equal), with what only
// training needs: position windows, captions cut to their length, nothing computed that the losses do not read.

struct ImageFeatures {
  at::Tensor embedding;  // [n, d] float32, not normalised
  at::Tensor patches;    // [n, N, d] float32, unit rows: proj(ln_post(out_proj(v))) of the last block; undefined unless
                         // asked for
};

// patches: [n, N, 3 * p * p] pixels of each patch in (channel, y, x) order, normalised. positions: int64 [n, N], rows
// of the position table (1 is the first patch).
ImageFeatures image_tower(const Leaves& p, const models::ClipConfig& config, const at::Tensor& patches,
                          const at::Tensor& positions, bool want_patches);

// rows: int64 [n, length], rows of the token table; ends: int64 [n], where the end-of-text token stands. -> [n, d]
// float32.
at::Tensor text_tower(const Leaves& p, const models::ClipConfig& config, const at::Tensor& rows,
                      const at::Tensor& ends);

}  // namespace wordmask::train
