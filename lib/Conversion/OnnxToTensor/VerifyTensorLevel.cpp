// The contract of the tensor level, checked where the frontend hands over.
#include "wafer/Conversion/OnnxToTensor/OnnxToTensor.h"

#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Tensor/ElementTypes.h"
#include "wafer/Tensor/LoopForm.h"
#include "wafer/Tensor/TensorBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"

namespace wafer {
#define GEN_PASS_DEF_VERIFYTENSORLEVEL
#include "wafer/Conversion/OnnxToTensor/Passes.h.inc"
} // namespace wafer

using namespace mlir;
using namespace wafer;

namespace {

bool isTensorLevelType(Type type) { return isDeclarable(type) && type == storedType(type); }

std::string nodeOf(Operation *op) {
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    return "node '" + name.getName().str() + "'";
  return "a node";
}

struct VerifyTensorLevel : wafer::impl::VerifyTensorLevelBase<VerifyTensorLevel> {
  using VerifyTensorLevelBase::VerifyTensorLevelBase;

  void runOnOperation() override {
    bool failed = false;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      for (BlockArgument argument : func.getArguments()) {
        auto name = func.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "onnx.name");
        failed |= !check(func.getLoc(), "the input '" + (name ? name.getValue().str() : "") + "'", argument.getType());
      }
      llvm::StringSet<> seen;
      func.getBody().walk([&](Operation *op) {
        bool known = isa<linalg::GenericOp, linalg::FillOp, linalg::YieldOp, linalg::IndexOp, tensor::EmptyOp,
                         tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp, tensor::InsertSliceOp,
                         tensor::ConcatOp, tensor::PadOp, tensor::YieldOp, tensor::GatherOp, scf::ForOp, scf::YieldOp,
                         onnx::WeightRefOp, func::ReturnOp>(op) ||
                     isa<arith::ArithDialect, math::MathDialect>(op->getDialect());
        if (!known) {
          failed = true;
          wafer::emitError(op->getLoc(), ErrorCode::NodeUnsupported,
                           nodeOf(op) + " is not at the tensor level: " + op->getName().getStringRef());
          return;
        }
        if (auto loop = dyn_cast<scf::ForOp>(op)) {
          std::string why;
          if (!loopFormOf(loop, why)) {
            failed = true;
            wafer::emitError(op->getLoc(), ErrorCode::NodeUnsupported, nodeOf(op) + ": its loop " + why);
          }
        }
        // One report a node is enough.
        if (!op->getNumResults() || !seen.insert(nodeOf(op)).second)
          return;
        if (!check(op->getLoc(), nodeOf(op), op->getResult(0).getType()))
          failed = true;
        else
          seen.erase(nodeOf(op));
      });
    }
    if (failed)
      signalPassFailure();
  }

  static bool check(Location loc, const std::string &what, Type type) {
    Type element = getElementTypeOrSelf(type);
    auto ranked = dyn_cast<RankedTensorType>(type);
    if (isa<TensorType>(type) && (!ranked || !ranked.hasStaticShape())) {
      wafer::emitError(loc, ErrorCode::ShapeUnknown, what + " has a shape that is not fixed",
                       "give its dimensions with --dim or --shape");
      return false;
    }
    if (ranked && !isCountable(ranked.getShape())) {
      std::string text;
      llvm::raw_string_ostream(text) << type;
      wafer::emitError(loc, ErrorCode::ModelLimits,
                       what + " is a " + text +
                           ", larger than any machine: a side has less than 2^31 elements, a "
                           "tensor less than 2^36",
                       "give smaller dimensions with --dim or --shape");
      return false;
    }
    if (isTensorLevelType(element) || element.isIndex())
      return true;
    std::string text;
    llvm::raw_string_ostream(text) << element;
    wafer::emitError(loc, ErrorCode::ElementTypeUnsupported,
                     what + " is of " + text +
                         ", and the machine carries floats, integers of 8 to 64 bits and booleans",
                     "convert the model to float32 first");
    return false;
  }
};

} // namespace
