// The folding pass: one walk in order, so that a chain folds in one go, then one walk back to drop what is unused.
#include "wafer/Conversion/OnnxToTensor/OnnxToTensor.h"

#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Tensor/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace wafer {
#define GEN_PASS_DEF_FOLDTENSORCONSTANTS
#include "wafer/Conversion/OnnxToTensor/Passes.h.inc"
} // namespace wafer

using namespace mlir;
using namespace wafer;

namespace {

struct FoldTensorConstants : wafer::impl::FoldTensorConstantsBase<FoldTensorConstants> {
  using FoldTensorConstantsBase::FoldTensorConstantsBase;

  void runOnOperation() override {
    FoldLimits limits;
    limits.maxElements = maxFoldElements;
    for (auto func : getOperation().getOps<func::FuncOp>())
      for (Block &block : func.getBody()) {
        for (Operation &op : llvm::make_early_inc_range(block))
          if (DenseElementsAttr value = evaluateTensorOp(&op, limits)) {
            OpBuilder b(&op);
            op.getResult(0).replaceAllUsesWith(arith::ConstantOp::create(b, op.getLoc(), value));
            op.erase();
            ++numFolded;
          }
        for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
          if (isOpTriviallyDead(&op)) {
            op.erase();
            ++numErased;
          }
      }
    // Weights that nothing refers to are not needed either.
    llvm::DenseSet<StringAttr> used;
    getOperation().walk([&](onnx::WeightRefOp ref) { used.insert(ref.getWeightAttr().getAttr()); });
    for (auto weight : llvm::make_early_inc_range(getOperation().getOps<onnx::WeightOp>()))
      if (!used.contains(weight.getSymNameAttr())) {
        weight.erase();
        ++numErased;
      }
  }
};

} // namespace
