#include "kernels/tile/tile.h"

namespace wordmask::kernels {

namespace base {
constexpr int kLanes = 4, kRows = 4, kVectors = 2;
#include "kernels/tile/tile_body.h"
}  // namespace base

const TileKernels kBaseTile = base::table("base", nullptr);

}  // namespace wordmask::kernels
