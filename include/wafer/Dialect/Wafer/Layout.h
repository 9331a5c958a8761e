// Layouts as data: what planner, partitioner and code generation compute with. `#wafer.layout` is the same as IR.
//
// Everything about a layout is affine in the logical coordinates of a PE, so questions about all PEs of a region
// (containment, overlap, the union of a line) are answered term by term, without enumerating PEs.
#ifndef WAFER_DIALECT_WAFER_LAYOUT_H
#define WAFER_DIALECT_WAFER_LAYOUT_H

#include "wafer/Dialect/Wafer/WaferDialect.h"

#include <array>
#include <optional>

namespace wafer::wfr {

/// Logical axes: x = x0 * splitX + x1, y = y0 * splitY + y1; t counts the chunks of the enclosing wafer.chunks. P0 and
/// P1 are the x or y axes of another PE of the same line, the sender of a block; S0 to S3 count the slices of a
/// transfer.
enum Axis : unsigned { X0, X1, Y0, Y1, T, P0, P1, S0, S1, S2, S3, kNumAxes };
constexpr unsigned kLayoutAxes = 5;

/// Both sides of a region, in the order in which all that asks both does so.
constexpr std::array<Side, 2> kSides = {Side::X, Side::Y};
constexpr Side otherSide(Side side) { return side == Side::X ? Side::Y : Side::X; }

/// The two axes of a side: its coordinate is major * split + minor.
constexpr Axis majorAxis(Side side) { return side == Side::X ? X0 : Y0; }
constexpr Axis minorAxis(Side side) { return side == Side::X ? X1 : Y1; }

/// Sets of axes are bits.
constexpr unsigned axisBit(Axis axis) { return 1u << axis; }
constexpr unsigned axesOf(Side side) { return axisBit(majorAxis(side)) | axisBit(minorAxis(side)); }

/// constant + sum of step[a] * coordinate of axis a.
struct Affine {
  int64_t constant = 0;
  std::array<int64_t, kNumAxes> step{};

  Affine() = default;
  Affine(int64_t value) : constant(value) {}
  bool isConstant() const;
  bool dependsOn(Side side) const { return step[majorAxis(side)] != 0 || step[minorAxis(side)] != 0; }
  bool operator==(const Affine &) const = default;
};
Affine operator+(Affine a, const Affine &b);
Affine operator-(Affine a, const Affine &b);
Affine operator*(Affine a, int64_t factor);

/// How many values each axis takes (coordinate 0 .. size - 1).
struct AxisSizes {
  std::array<int64_t, kNumAxes> size;
  AxisSizes() { size.fill(1); }
};
int64_t minOf(const Affine &a, const AxisSizes &sizes);
int64_t maxOf(const Affine &a, const AxisSizes &sizes);

struct LayoutDim {
  int64_t length = 0; // at most so many elements per PE
  Affine start;       // of the box, before clipping
  bool operator==(const LayoutDim &) const = default;
};

struct Layout {
  int64_t splitX = 1, splitY = 1;
  llvm::SmallVector<LayoutDim> dims;
  PartialKind kind = PartialKind::None;
  unsigned partialAxes = 0, atAxes = 0; // sets of axes

  bool operator==(const Layout &) const = default;
  /// Every PE holds all of a tensor of this shape.
  static Layout replicated(llvm::ArrayRef<int64_t> shape);
  static Layout get(LayoutAttr attr);
  LayoutAttr attr(mlir::MLIRContext *context) const;
  /// Words of the box of each PE.
  int64_t words() const;
  bool dependsOn(Axis axis) const;
  bool dependsOn(Side side) const { return dependsOn(majorAxis(side)) || dependsOn(minorAxis(side)); }
  bool isPartialAlong(Side side) const { return partialAxes & axesOf(side); }
  int64_t split(Side side) const { return side == Side::X ? splitX : splitY; }
  int64_t &split(Side side) { return side == Side::X ? splitX : splitY; }
  /// The same said of sides that are split: x = x0 * splitX + x1. A side of this layout is split so already, or not at
  /// all.
  Layout withSplits(int64_t x, int64_t y) const;
  /// The same with a side undivided where its two axes say no more than one.
  Layout simplified() const;
};

/// The layout of a tensor type's encoding.
Layout layoutOf(mlir::Type type);
mlir::RankedTensorType withLayout(mlir::RankedTensorType type, const Layout &layout);

/// Coefficients of an index expression's dimensions, then its constant; nothing if it is not linear.
std::optional<llvm::SmallVector<int64_t>> linearForm(mlir::AffineExpr expression, unsigned dims);

/// Coordinate counts of a region of this size under a layout's splits.
AxisSizes axisSizes(RegionSize region, int64_t splitX, int64_t splitY, int64_t chunks = 1);

/// Brings layouts to the same splits, as few as say all of them.
void alignSplits(llvm::ArrayRef<Layout *> layouts);

/// Those of a line's PEs that hold, between them, what the line holds of a tensor, each element once: at major
/// coordinates 0 .. major - 1 and minor coordinates 0 .. minor - 1 of the line's side.
struct Senders {
  int64_t major, minor, split;
  /// One more than the last one's position.
  int64_t end() const { return (major - 1) * split + minor; }
};
Senders sendersOf(const Layout &layout, llvm::ArrayRef<int64_t> shape, Side side, RegionSize region);

/// How many neighbors along a line hold the terms of one sum: the whole line, or of a divided side the PEs of one major
/// coordinate. 0 if the terms lie otherwise.
int64_t reducedGroup(const Layout &layout, Side side, RegionSize region);

/// Of the region's coordinates along a side (its columns along x, its rows along y) how many hold any of the tensor,
/// from the first on; 1 if all hold the same.
int64_t coordinatesInUse(const Layout &layout, llvm::ArrayRef<int64_t> shape, Side side, RegionSize region);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_LAYOUT_H
