#pragma once
#include <memory>

#include "models/encoder_config.h"
#include "models/key_map.h"
#include "models/linear.h"

namespace wordmask::models {

// What turns pictures into dense features. Pixels are normalised float32 [b, 3, H, W].
struct EncoderTower : torch::nn::Module {
  // Features of every cell as they come, not normalised: -> [b, h, w, channels]. Where the image does not fill its last
  // cells, they are dropped or padded with zeros as the public code of the architecture does; cell [y, x] is that of
  // the pixels from cell() * (y, x). An image of no whole cell is ERR_WORDMASK_INVALID_ARGUMENT where they are dropped.
  virtual at::Tensor features(const at::Tensor& pixels) = 0;
  virtual int64_t cell() const = 0;  // pixels a cell is wide
  virtual int64_t channels() const = 0;
};

// Its weights are memory that nobody has touched. ERR_WORDMASK_INVALID_ARGUMENT names the size that does not fit.
std::shared_ptr<EncoderTower> make_encoder(const EncoderConfig& config);

// The official names behind config.prefix. Not weights of an encoder: classifier heads, DINOv2's mask token,
// BatchNorm's counters, a CLIP's text tower and the blocks above the layer it is read at, and everything that lacks the
// prefix (MoCo's queue, DINO's student).
KeyMap encoder_keys(const EncoderConfig& config);

// Whether a tensor stays float32 when the tower computes in another dtype: norms, statistics, gains, tokens, positions.
bool encoder_stays_float32(const std::string& key);

// Every parameter redrawn as redraw(ClipImpl&) does it (init.h).
void redraw(EncoderTower& encoder, uint64_t seed);

}  // namespace wordmask::models
