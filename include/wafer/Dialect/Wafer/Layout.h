// Layouts as data: what planner, verifiers and code generation compute with. `#wafer.layout` is the same as IR.
//
// Everything about a layout is affine in the logical coordinates of a PE, so questions about all PEs of a region are
// answered term by term, without enumerating PEs: Sharding.h says how layouts come about, Lines.h who of a line has
// what, Coverage.h whether what is held is what is needed, Transfer.h what has to move. Proof.h is for verifiers: it
// proves that what is read is there.
#ifndef WAFER_DIALECT_WAFER_LAYOUT_H
#define WAFER_DIALECT_WAFER_LAYOUT_H

#include "wafer/Dialect/Wafer/WaferDialect.h"

#include <optional>

namespace wafer::wfr {

struct Layout {
  Split splitX, splitY;
  llvm::SmallVector<LayoutDim, 4> dims;
  PartialKind kind = PartialKind::None;
  unsigned partialAxes = 0, atAxes = 0; // sets of axes

  bool operator==(const Layout &) const = default;
  /// Every PE holds all of a tensor of this shape.
  static Layout replicated(llvm::ArrayRef<int64_t> shape);
  static Layout get(LayoutAttr attr);
  LayoutAttr attr(mlir::MLIRContext *context) const;
  /// Words of the box of each PE.
  int64_t words() const;
  /// Words from one element of the box to the next of each dimension: it is stored row-major.
  llvm::SmallVector<int64_t> strides() const;
  bool dependsOn(Axis axis) const;
  bool dependsOn(Side side) const {
    return llvm::any_of(sideAxes(side), [&](Axis axis) { return dependsOn(axis); });
  }
  bool isPartialAlong(Side side) const { return partialAxes & axesOf(side); }
  Split split(Side side) const { return side == Side::X ? splitX : splitY; }
  Split &split(Side side) { return side == Side::X ? splitX : splitY; }
  /// The same said of sides that are split so. What divides a side of this layout must divide it there too.
  Layout withSplits(Split x, Split y) const;
  /// The same in as few axes of each side as say it.
  Layout simplified() const;
};

/// The layout of a tensor type's encoding.
Layout layoutOf(mlir::Type type);
mlir::RankedTensorType withLayout(mlir::RankedTensorType type, const Layout &layout);

/// A split that says what both do: their groups of neighbors nest. Nothing if they do not, or if it takes four axes.
std::optional<Split> commonSplit(Split a, Split b);

/// Brings layouts to the same splits, as few as say all of them; they must have some.
void alignSplits(llvm::ArrayRef<Layout *> layouts);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_LAYOUT_H
