// What layouts say, PE by PE and element by element: small regions and tensors, and nothing of the algebra.
#ifndef WAFER_TEST_UNIT_DIALECT_WAFER_ENUMERATION_H
#define WAFER_TEST_UNIT_DIALECT_WAFER_ENUMERATION_H

#include "wafer/Dialect/Wafer/Transfer.h"
#include "wafer/Support/Random.h"

#include <functional>
#include <map>
#include <ostream>
#include <set>
#include <vector>

namespace wafer::wfr {

/// A PE, in a chunk.
struct Pe {
  int64_t x, y, t = 0;
  int64_t along(Side side) const { return side == Side::X ? x : y; }
  Pe at(Side side, int64_t position) const { return side == Side::X ? Pe{position, y, t} : Pe{x, position, t}; }
};

using Element = std::vector<int64_t>;
using Elements = std::set<Element>;

std::vector<Pe> allPes(RegionSize region, int64_t chunks = 1);

/// Calls `body` with each element of [low, high).
void eachElement(llvm::ArrayRef<std::pair<int64_t, int64_t>> ranges, const std::function<void(const Element &)> &body);

/// Of the axes of layouts, where sides are divided so.
std::array<int64_t, kLayoutAxes> coordinatesOf(Pe pe, Split x, Split y);

int64_t valueAt(const Affine &affine, const Layout &axes, Pe pe);
/// [low, high) of a dimension of a PE's box, inside the tensor.
std::pair<int64_t, int64_t> rangeAt(const LayoutDim &dim, int64_t extent, const Layout &axes, Pe pe);
/// What a PE has of a tensor: nothing where the layout is not valid.
Elements elementsOf(const Layout &layout, llvm::ArrayRef<int64_t> shape, Pe pe);
bool isValidAt(const Layout &layout, Pe pe);

/// Tests print layouts as the IR does.
std::ostream &operator<<(std::ostream &out, const Layout &layout);

/// Random regions, shapes and layouts, the same ones for one seed.
class Samples {
public:
  explicit Samples(uint64_t seed) : random(seed) {}

  int64_t between(int64_t low, int64_t high) { return low + static_cast<int64_t>(random.below(high - low + 1)); }
  bool chance(int percent) { return static_cast<int>(random.below(100)) < percent; }
  /// Up to 8 x 8 PEs, sides divided by what divides them, some in three.
  RegionShape region();
  llvm::SmallVector<int64_t> shape(int64_t rank);
  /// A shape of so many dimensions, and the one in which groups of neighbors are one dimension.
  struct Reshape {
    llvm::SmallVector<int64_t> fine, coarse;
    llvm::SmallVector<mlir::ReassociationIndices> groups;
  };
  Reshape reshape(int64_t rank);
  /// Mostly layouts of blocks and windows as planners make them; some that nobody would make. With `chunks` > 1 boxes
  /// may move with t.
  Layout layout(llvm::ArrayRef<int64_t> shape, RegionShape region, int64_t chunks = 1);

private:
  Random random;
};

} // namespace wafer::wfr

#endif // WAFER_TEST_UNIT_DIALECT_WAFER_ENUMERATION_H
