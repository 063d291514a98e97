#pragma once
#include <ATen/core/Tensor.h>

namespace wordmask::kernels {

// How a mask of [H, W] pixels weighs the cells of a feature grid [h, w]. Cell (r, c) lies over the pixels
// r * H / extent_h .. (r + 1) * H / extent_h, likewise across.
enum class MaskSampling {
  kArea,      // each cell by the mask's integral over it, pixels being squares: exact for any two resolutions; what a
              // mean of features inside a mask is (methods/zegformer.md 10 A)
  kBilinear,  // as if the features were upsampled to H x W (bilinear, align_corners=False, clamped at the border as in
              // label_map) and summed under the mask: the weights are that upsampling's transpose
};

enum class MaskReduce {
  kSum,   // sum over pixels of mask * feature
  kMean,  // the sum divided by the mask's mass on the grid
  kUnit,  // the sum divided by its own length
};

struct MaskPoolOptions {
  MaskReduce reduce = MaskReduce::kMean;
  MaskSampling sampling = MaskSampling::kArea;
  // Cells of the grid that lie under the mask, from its upper left corner; not whole where the image was padded to
  // whole cells. 0: the grid's own size. At most the grid's size.
  double extent_h = 0, extent_w = 0;
};

struct MaskPooled {
  at::Tensor vectors;  // [K, C]; 0 where the mask is empty
  at::Tensor mass;     // [K]: the mask's sum over its pixels, in pixels
  at::Tensor empty;    // bool [K]: mass is 0
};

// Binary masks as runs, on any device (they are read on the CPU): counts[offsets[k]] .. counts[offsets[k + 1] - 1] are
// the lengths of mask k's runs, of zeros and ones by turns beginning with zeros (an empty first run begins a mask with
// ones), and sum up to height * width.
struct RunMasks {
  at::Tensor counts;   // int32 [runs]
  at::Tensor offsets;  // int64 [K + 1]
  int64_t height = 0, width = 0;
  bool columns = true;  // down the columns as COCO's (lib/segmenter/rle.ts), or along the rows
};

// masks [K, H, W] bool, uint8 (0 or 1), float32 or float64 (soft; any finite numbers), features [h, w, C] float32 or
// float64 of any strides (a [C, h, w] map is passed as permute({1, 2, 0}), a view). Differentiable in features and in
// soft masks. Memory beside the input and the result: K * h * w weights.
MaskPooled mask_pool(const at::Tensor& masks, const at::Tensor& features, const MaskPoolOptions& options = {});
MaskPooled mask_pool(const RunMasks& masks, const at::Tensor& features, const MaskPoolOptions& options = {});

// The weights themselves, [K, h, w], of the features' type; differentiable in soft masks.
at::Tensor mask_weights(const at::Tensor& masks, int64_t h, int64_t w, const MaskPoolOptions& options);

}  // namespace wordmask::kernels
