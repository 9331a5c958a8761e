//===- Passes.td - From ONNX to the tensor level --------------------------===//
include "mlir/Pass/PassBase.td"

def ConvertOnnxToTensor : Pass<"convert-onnx-to-tensor", "::mlir::ModuleOp"> {
  let summary = "Lower onnx.node to linalg, tensor, arith and math";
  let description = [{
    Walks each function in order and rebuilds it at the tensor level (docs/tensor-level.md), folding what is constant
    as it goes: shapes are known when the node that needs them is reached, whoever computed them. Every node that has
    no lowering, or whose form is not supported, is reported, each with its reason; then the pass fails.
  }];
  let options = [
    Option<"maxFoldElements", "max-fold-elements", "int64_t", "1048576",
           "do not fold results of more elements than this">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::func::FuncDialect", "::mlir::scf::SCFDialect"];
  let statistics = [
    Statistic<"numNodes", "nodes", "nodes lowered">
  ];
}

def FoldTensorConstants : Pass<"fold-tensor-constants", "::mlir::ModuleOp"> {
  let summary = "Compute tensor-level ops whose operands are constants, and drop what nothing uses";
  let options = [
    Option<"maxFoldElements", "max-fold-elements", "int64_t", "1048576",
           "do not fold results of more elements than this">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numFolded", "folded", "ops computed at compile time">,
    Statistic<"numErased", "erased", "ops that nothing used">
  ];
}

def VerifyTensorLevel : Pass<"verify-tensor-level", "::mlir::ModuleOp"> {
  let summary = "Check that a module is at the tensor level, in element types that the machine has";
  let description = [{
    Reports each op outside the contract of docs/tensor-level.md, and each node that computes in another type than f32,
    i32, i64 or i1.
  }];
}
