// What everything about layouts is made of: functions of a PE's place in its region that are affine.
#ifndef WAFER_DIALECT_WAFER_AFFINE_H
#define WAFER_DIALECT_WAFER_AFFINE_H

#include "wafer/Dialect/Wafer/WaferEnums.h"

#include "mlir/IR/AffineExpr.h"

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <array>
#include <compare>
#include <optional>

namespace wafer::wfr {

/// Logical axes: x = (x0 * middle + xm) * minor + x1, y likewise; t counts the chunks of the enclosing wafer.chunks.
enum Axis : unsigned { X0, XM, X1, Y0, YM, Y1, T, kLayoutAxes };

/// Those that say where a PE is.
constexpr std::array<Axis, 6> kPlaceAxes = {X0, XM, X1, Y0, YM, Y1};

/// Both sides of a region, in the order in which all that asks both does so.
constexpr std::array<Side, 2> kSides = {Side::X, Side::Y};
constexpr Side otherSide(Side side) { return side == Side::X ? Side::Y : Side::X; }

/// The axes of a side: its coordinate is (major * middle size + middle) * minor size + minor.
constexpr Axis majorAxis(Side side) { return side == Side::X ? X0 : Y0; }
constexpr Axis middleAxis(Side side) { return side == Side::X ? XM : YM; }
constexpr Axis minorAxis(Side side) { return side == Side::X ? X1 : Y1; }
constexpr std::array<Axis, 3> sideAxes(Side side) { return {majorAxis(side), middleAxis(side), minorAxis(side)}; }

/// Sets of axes are bits.
constexpr unsigned axisBit(Axis axis) { return 1u << axis; }
constexpr unsigned axesOf(Side side) {
  return axisBit(majorAxis(side)) | axisBit(middleAxis(side)) | axisBit(minorAxis(side));
}

/// The PEs of a side's middle and minor axes; an undivided side has all its PEs on the major one.
struct Split {
  int64_t middle = 1, minor = 1;

  Split() = default;
  Split(int64_t minor) : minor(minor) {}
  Split(int64_t middle, int64_t minor) : middle(middle), minor(minor) {}
  /// Neighbors with one major coordinate.
  int64_t inner() const { return middle * minor; }
  bool divides() const { return inner() > 1; }
  auto operator<=>(const Split &) const = default;
};
/// Those of a side's axes that it is divided into.
constexpr unsigned axesOf(Side side, const Split &split) {
  return axisBit(majorAxis(side)) | (split.middle > 1 ? axisBit(middleAxis(side)) : 0) |
         (split.minor > 1 ? axisBit(minorAxis(side)) : 0);
}
inline llvm::hash_code hash_value(const Split &split) { return llvm::hash_combine(split.middle, split.minor); }

/// constant + sum of step[a] * coordinate of axis a, over the first N axes; layouts have those of Axis, and what is
/// made of layouts may have more behind them (Transfer.h).
template <unsigned N> struct AffineOver {
  int64_t constant = 0;
  std::array<int64_t, N> step{};

  AffineOver() = default;
  AffineOver(int64_t value) : constant(value) {}
  template <unsigned M>
    requires(M < N)
  AffineOver(const AffineOver<M> &other) : constant(other.constant) {
    std::copy(other.step.begin(), other.step.end(), step.begin());
  }

  bool isConstant() const {
    return llvm::all_of(step, [](int64_t s) { return s == 0; });
  }
  bool dependsOn(Side side) const {
    return step[majorAxis(side)] != 0 || step[middleAxis(side)] != 0 || step[minorAxis(side)] != 0;
  }
  bool operator==(const AffineOver &) const = default;

  friend AffineOver operator+(AffineOver a, const AffineOver &b) {
    a.constant += b.constant;
    for (unsigned i = 0; i != N; ++i)
      a.step[i] += b.step[i];
    return a;
  }
  friend AffineOver operator*(AffineOver a, int64_t factor) {
    a.constant *= factor;
    for (int64_t &s : a.step)
      s *= factor;
    return a;
  }
  friend AffineOver operator-(AffineOver a, const AffineOver &b) {
    a.constant -= b.constant;
    for (unsigned i = 0; i != N; ++i)
      a.step[i] -= b.step[i];
    return a;
  }
};
using Affine = AffineOver<kLayoutAxes>;

/// What each PE has of one dimension.
struct LayoutDim {
  int64_t length = 0; // at most so many elements
  Affine start;       // of the box, before clipping
  bool operator==(const LayoutDim &) const = default;
};
inline llvm::hash_code hash_value(const LayoutDim &dim) {
  return llvm::hash_combine(dim.length, dim.start.constant,
                            llvm::hash_combine_range(dim.start.step.begin(), dim.start.step.end()));
}

/// How many values each axis takes (coordinate 0 .. size - 1).
template <unsigned N> struct AxisSizesOver {
  std::array<int64_t, N> size;

  AxisSizesOver() { size.fill(1); }
  template <unsigned M>
    requires(M < N)
  AxisSizesOver(const AxisSizesOver<M> &other) : AxisSizesOver() {
    std::copy(other.size.begin(), other.size.end(), size.begin());
  }

  friend int64_t minOf(const AffineOver<N> &a, const AxisSizesOver &sizes) {
    int64_t value = a.constant;
    for (unsigned i = 0; i != N; ++i)
      value += std::min<int64_t>(a.step[i], 0) * (sizes.size[i] - 1);
    return value;
  }
  friend int64_t maxOf(const AffineOver<N> &a, const AxisSizesOver &sizes) {
    int64_t value = a.constant;
    for (unsigned i = 0; i != N; ++i)
      value += std::max<int64_t>(a.step[i], 0) * (sizes.size[i] - 1);
    return value;
  }
};
using AxisSizes = AxisSizesOver<kLayoutAxes>;

/// The PEs of a region's sides.
struct RegionSize {
  int64_t width, height;
  /// PEs of a line along the side.
  int64_t along(Side side) const { return side == Side::X ? width : height; }
};

/// Coordinate counts of a region of this size whose sides are divided so.
AxisSizes axisSizes(RegionSize region, Split splitX, Split splitY, int64_t chunks = 1);

/// A region's size, and how its sides are divided into logical axes. All layouts of a plan are said in these axes;
/// those that do not need the division are written without it (Layout::simplified).
struct RegionShape : RegionSize {
  Split splitX = {}, splitY = {};

  Split split(Side side) const { return side == Side::X ? splitX : splitY; }
  Split &split(Side side) { return side == Side::X ? splitX : splitY; }
  AxisSizes axes(int64_t chunks = 1) const { return axisSizes(*this, splitX, splitY, chunks); }
};

/// Coefficients of an index expression's dimensions, then its constant; nothing if it is not linear.
std::optional<llvm::SmallVector<int64_t>> linearForm(mlir::AffineExpr expression, unsigned dims);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_AFFINE_H
