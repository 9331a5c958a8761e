// Which dimensions of tensors are one and the same loop or index all through a function.
#ifndef WAFER_LIB_TENSOR_TRANSFORMS_DIMENSIONCLASSES_H
#define WAFER_LIB_TENSOR_TRANSFORMS_DIMENSIONCLASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/EquivalenceClasses.h"

namespace wafer {

/// Loops that index nothing but whole dimensions, none of them through a window or backwards.
bool hasPlainLoops(mlir::linalg::GenericOp op);

/// All elements are the same, or none is set: where kernels start from it, it says nothing about its dimensions, and it
/// may be any number of kernels'.
bool isContentless(mlir::Value value);
/// Such a value in another shape.
mlir::Value contentlessAs(mlir::OpBuilder &b, mlir::Value value, mlir::RankedTensorType type);

/// A slice that takes one of equal blocks of dimension `dim`, nothing else of it: how many blocks, and which; count 0
/// if it is none.
struct BlockSlice {
  int64_t count = 0, index = 0;
};
BlockSlice blockOf(mlir::tensor::ExtractSliceOp slice, unsigned dim);

/// Classes of dimensions of a function's tensors. Kernels join what one loop of theirs indexes; slices and
/// concatenations what they leave alone; reshapes what they leave alone, and relate a class to those that it is made
/// of, as slices of equal blocks do. A class is *bound* where something looks into its dimension: a window, a cut, a
/// gather, a loop over steps. The others may be split into several dimensions in all tensors at once, and nothing is
/// computed otherwise.
///
/// A class is split where a reshape asks for it, and where blocks of it change places (RoPE's halves): what changes
/// places then rests in one PE, however the rest is cut.
class DimensionClasses {
public:
  explicit DimensionClasses(mlir::func::FuncOp function);

  /// The extents that a dimension is to be split into, outermost first; one if it stays as it is.
  llvm::ArrayRef<int64_t> extentsOf(mlir::Value value, unsigned dim) const;
  /// The same of a kernel's loops.
  llvm::SmallVector<llvm::ArrayRef<int64_t>> extentsOfLoops(mlir::linalg::GenericOp op) const;
  /// A tensor's shape, every dimension split.
  llvm::SmallVector<int64_t> shapeOf(mlir::Value value) const;
  /// Some dimension of the tensor is to be split.
  bool splits(mlir::Value value) const;

private:
  using Extents = llvm::SmallVector<int64_t, 2>;

  /// A dimension that is made of others, outermost first: of a reshape's, or of a number of blocks.
  struct Link {
    int coarse;
    int64_t blocks; // 0: a reshape
    llvm::SmallVector<int, 3> fine;
    bool asks; // for a split by itself
  };

  int number(mlir::Value value, unsigned dim);
  int leader(int number) const { return classes.getLeaderValue(number); }
  int leader(mlir::Value value, unsigned dim) const;
  Extents extentsOf(int number) const;
  void join(mlir::Value a, unsigned dimA, mlir::Value b, unsigned dimB);
  void bind(mlir::Value value);
  void bind(mlir::Value value, unsigned dim);
  void note(mlir::Operation *op);
  void note(mlir::linalg::GenericOp op);
  void note(mlir::tensor::ExtractSliceOp op);
  void note(mlir::tensor::ConcatOp op);
  void noteReshape(mlir::Value coarse, mlir::Value fine, llvm::ArrayRef<mlir::ReassociationIndices> groups);
  void solve();
  bool settle(const Link &link);
  bool bindTooMany();

  llvm::DenseMap<mlir::Value, int> first; // number of a value's first dimension
  llvm::SmallVector<int64_t> extents;     // by number
  llvm::EquivalenceClasses<int> classes;
  llvm::DenseSet<int> bound; // numbers; leaders once all is noted
  llvm::SmallVector<Link> links;
  llvm::DenseMap<int, Extents> splitInto; // by leader
};

} // namespace wafer

#endif // WAFER_LIB_TENSOR_TRANSFORMS_DIMENSIONCLASSES_H
