// Two steps. Mostly one bound of the loops and one of what is there decide, everywhere: then the difference of two
// affine functions has no wrong sign at its worst corner, which takes a sum over the axes. Elsewhere an element that is
// missing is a point with integer coordinates in a polyhedron: a PE's axes, its loops between their bounds, an index
// below (or above) what is there. Whether there is one, and which, MLIR's Presburger library says exactly.
#include "wafer/Dialect/Wafer/Reads.h"

#include "mlir/Analysis/Presburger/IntegerRelation.h"

using namespace mlir;
using namespace wafer::wfr;

namespace {

/// The index at its least, if each loop runs from the bound of this number (its last, if it has not so many).
TransferAffine leastIndex(const Reads &reads, const Reads::Index &index, size_t number) {
  TransferAffine least(index.form.back());
  for (auto [factor, loop] : llvm::zip(ArrayRef(index.form).drop_back(), reads.loops)) {
    const Bounds &bounds = factor > 0 ? loop.lower : loop.upper;
    TransferAffine end = bounds[std::min(number, bounds.size() - 1)];
    if (factor < 0)
      end = end - 1;
    least = least + end * factor;
  }
  return least;
}

/// The same read of a mirrored tensor: what lies above is then below.
Reads::Index mirrored(const Reads::Index &index) {
  Reads::Index mirror = index;
  for (int64_t &factor : mirror.form)
    factor = -factor;
  mirror.there = {};
  for (const TransferAffine &bound : index.there.upper)
    mirror.there.lower.push_back((bound - 1) * -1);
  return mirror;
}

class Search {
public:
  Search(const Reads &reads, const TransferSizes &sizes) : reads(reads), sizes(sizes) {}

  /// An iteration in which `index` is below `bound`.
  std::optional<Missing> below(const Reads::Index &index, const TransferAffine &bound) {
    for (size_t number = 0; number != 3; ++number)
      if (minOf(leastIndex(reads, index, number) - bound, sizes) >= 0)
        return std::nullopt;
    return pointBelow(index, bound);
  }

private:
  std::optional<Missing> pointBelow(const Reads::Index &index, const TransferAffine &bound) {
    // Variables: the axes that have more than one value, then the loops.
    SmallVector<unsigned> axes;
    for (unsigned axis = 0; axis != kTransferAxes; ++axis)
      if (sizes.size[axis] > 1)
        axes.push_back(axis);
    size_t loops = reads.loops.size();
    using namespace presburger;
    IntegerPolyhedron points(PresburgerSpace::getSetSpace(axes.size() + loops));
    SmallVector<int64_t> row;
    auto start = [&](const TransferAffine &affine, int64_t sign) {
      row.assign(axes.size() + loops + 1, 0);
      for (auto [v, axis] : llvm::enumerate(axes))
        row[v] = sign * affine.step[axis];
      row.back() = sign * affine.constant;
    };
    for (auto [v, axis] : llvm::enumerate(axes)) {
      points.addBound(BoundType::LB, v, 0);
      points.addBound(BoundType::UB, v, sizes.size[axis] - 1);
    }
    for (auto [l, loop] : llvm::enumerate(reads.loops)) {
      for (const TransferAffine &lower : loop.lower) {
        start(lower, -1);
        row[axes.size() + l] = 1;
        points.addInequality(row);
      }
      for (const TransferAffine &upper : loop.upper) {
        start(upper - 1, 1);
        row[axes.size() + l] = -1;
        points.addInequality(row);
      }
    }
    start(bound - 1 - index.form.back(), 1);
    for (size_t l = 0; l != loops; ++l)
      row[axes.size() + l] = -index.form[l];
    points.addInequality(row);
    // The first PE, the first element.
    auto point = points.findIntegerLexMin();
    if (!point.isBounded())
      return std::nullopt;
    Missing missing{};
    for (auto [v, axis] : llvm::enumerate(axes))
      missing.place[axis] = int64fromDynamicAPInt((*point)[v]);
    for (const Reads::Index &read : reads.indices) {
      int64_t value = read.form.back();
      for (size_t l = 0; l != loops; ++l)
        value += read.form[l] * int64fromDynamicAPInt((*point)[axes.size() + l]);
      missing.element.push_back(value);
    }
    return missing;
  }

  const Reads &reads;
  const TransferSizes &sizes;
};

} // namespace

std::optional<Missing> wafer::wfr::findMissing(const Reads &reads, const TransferSizes &sizes) {
  Search search(reads, sizes);
  for (const Reads::Index &index : reads.indices) {
    for (const TransferAffine &bound : index.there.lower)
      if (std::optional<Missing> missing = search.below(index, bound))
        return missing;
    Reads::Index above = mirrored(index);
    for (const TransferAffine &bound : above.there.lower)
      if (std::optional<Missing> missing = search.below(above, bound))
        return missing;
  }
  return std::nullopt;
}
