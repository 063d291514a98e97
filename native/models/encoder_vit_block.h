#pragma once
#include "models/layer_norm.h"
#include "models/linear.h"
#include "models/residual_stream.h"

namespace wordmask::models {

// The pre-norm block that DeiT, DINO and DINOv2 share, under their names. Tokens are [b, n, width].

struct QkvAttentionImpl : torch::nn::Module {
  QkvAttentionImpl(int64_t width, int64_t heads);
  at::Tensor forward(const at::Tensor& x);

  int64_t heads;
  Linear qkv{nullptr}, proj{nullptr};  // rows of qkv: q, k, v, each split into heads
};
TORCH_MODULE(QkvAttention);

// GELU is the exact one.
struct GeluMlpImpl : torch::nn::Module {
  GeluMlpImpl(int64_t width, int64_t hidden);
  at::Tensor forward(const at::Tensor& x);

  Linear fc1{nullptr}, fc2{nullptr};
};
TORCH_MODULE(GeluMlp);

// A gain a channel on what a branch adds; float32 whatever the compute dtype.
struct LayerScaleImpl : torch::nn::Module {
  explicit LayerScaleImpl(int64_t width) { gamma = register_parameter("gamma", parameter({width})); }
  at::Tensor gamma;
};
TORCH_MODULE(LayerScale);

struct EncoderBlockImpl : torch::nn::Module {
  struct Options {
    int64_t width, heads, mlp_width;
    double eps;
    bool layer_scale;
  };
  explicit EncoderBlockImpl(const Options& options);
  at::Tensor forward(const at::Tensor& x);
  void run(ResidualStream& stream);  // on packed weights alone: the block as a change of the stream

  LayerNorm norm1{nullptr}, norm2{nullptr};
  QkvAttention attn{nullptr};
  GeluMlp mlp{nullptr};
  LayerScale ls1{nullptr}, ls2{nullptr};  // empty where branches are added as they are
};
TORCH_MODULE(EncoderBlock);

}  // namespace wordmask::models
