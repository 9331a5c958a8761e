//===- Passes.td - Passes on the tensor level ------------------------------===//
include "mlir/Pass/PassBase.td"

def LegalizeElementTypes : Pass<"legalize-element-types", "::mlir::ModuleOp"> {
  let summary = "Map element types to what the machine computes: f32, i32 and booleans";
  let description = [{
    The end of the tensor level. Every float is carried as an f32, every integer as an i32 (narrow ones sign-extended,
    whether signed or not; 64 bits as the same number), booleans as they are. What that loses is made explicit in the
    bodies: f16 and bf16 are rounded where they are made (`arith.truncf`, then `arith.extf` for the carried form),
    integers of 8 and 16 bits are wrapped by shifts, unsigned forms mask, and arithmetic on 64 bits becomes
    `wafer.checked`, which is exact or ends the run. Constants beyond 32 bits are compared and limited exactly; where one
    would have to exist as data the pass reports it with the node's name and fails.

    Arguments and results keep what the model declares as `onnx.type`, for the host; weights keep theirs on
    `onnx.weight`. docs/rationale/types.md says why it is so.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::wafer::wfr::WaferDialect"];
  let statistics = [
    Statistic<"numChecked", "checked", "operations on 64-bit integers that are checked at run time">,
    Statistic<"numRounded", "rounded", "roundings to f16 and bf16">
  ];
}

def PrepareKernels : Pass<"prepare-kernels", "::mlir::ModuleOp"> {
  let summary = "Tensor level to as few kernels as are worth having";
  let description = [{
    Drops tensors without elements, says scalar functions that the machine lacks by those that it has, drops unit
    dimensions, fuses elementwise ops into one another and into reductions, folds transposes into the indexing
    maps of their readers, makes loops of reshapes and backward reads of reordered slices, applies factors that the terms
    of a sum have in common to the sum and constants that scale a product to a smaller operand, merges loops that go
    together where there are many, and gives every reduction the identity of its combiner as its initial value.
  }];
  let statistics = [Statistic<"numKernels", "kernels", "structured ops left">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::affine::AffineDialect",
                           "::mlir::math::MathDialect"];
}
