// The compute-shift product of WaferLLM (OSDI'25, arXiv 2502.04563) as a program: P x P PEs hold a tile each of A, B
// and C; in every step each adds the product of the tiles that it holds to C, while A's tiles move on along rows and
// B's along columns. Rings are interleaved: along even coordinates, back along odd ones, two hops a step. Tiles are
// f32.
#ifndef WAFER_TEST_PUBLISHED_PRODUCTS_H
#define WAFER_TEST_PUBLISHED_PRODUCTS_H

#include "Collectives.h"

namespace wafer::published {

struct Tile {
  int m = 1, k = 1, n = 1;
};

/// `steps` of a product on `side` x `side` PEs; `side` is even. With `checks` every PE looks at its last sum.
Program computeShift(const Profile &profile, int side, const Tile &tile, int steps, bool checks = false);

} // namespace wafer::published

#endif // WAFER_TEST_PUBLISHED_PRODUCTS_H
