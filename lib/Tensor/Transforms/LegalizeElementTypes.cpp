// The pass legalize-element-types: every function again, in carried types.
#include "wafer/Tensor/Passes.h"

#include "ScalarLegalizer.h"
#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Tensor/ElementTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

namespace wafer {
#define GEN_PASS_DEF_LEGALIZEELEMENTTYPES
#include "wafer/Tensor/Passes.h.inc"
} // namespace wafer

using namespace mlir;
using namespace wafer;

namespace {

RankedTensorType carriedTensor(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), carriedType(tensor.getElementType()), tensor.getEncoding());
}

/// A tensor of constants in its carried form; null after a report.
DenseElementsAttr carriedConstant(DenseElementsAttr value, Operation *where) {
  RankedTensorType type = carriedTensor(value.getType());
  if (type == value.getType())
    return value;
  bool isUnsigned = where->hasAttr("wafer.unsigned");
  SmallVector<Attribute> values;
  auto add = [&](Attribute item) {
    FailureOr<TypedAttr> carried = carriedScalar(cast<TypedAttr>(item), isUnsigned, where);
    if (succeeded(carried))
      values.push_back(*carried);
    return succeeded(carried);
  };
  if (value.isSplat() && value.getNumElements())
    return add(value.getSplatValue<Attribute>()) ? DenseElementsAttr::get(type, values) : DenseElementsAttr();
  for (Attribute item : value.getValues<Attribute>())
    if (!add(item))
      return {};
  return DenseElementsAttr::get(type, values);
}

/// The start of a maximum or minimum of 64 bits that lies beyond 32: since there are elements, the end of the 32 bits
/// does as well. Null if it is not one.
TypedAttr identityBeyond32Bits(linalg::FillOp fill, IntegerAttr value) {
  std::optional<int64_t> end;
  for (OpOperand &use : fill.getResult(0).getUses()) {
    auto generic = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!generic || !generic.isDpsInit(&use) || generic.getNumReductionLoops() == 0 ||
        llvm::is_contained(generic.getStaticLoopRanges(), 0))
      return {};
    Operation *combiner = generic.getBody()->getTerminator()->getOperand(0).getDefiningOp();
    int64_t wanted;
    if (isa_and_nonnull<arith::MaxSIOp>(combiner) && value.getValue().isNegative())
      wanted = INT32_MIN;
    else if ((isa_and_nonnull<arith::MinSIOp>(combiner) && value.getValue().isNonNegative()) ||
             isa_and_nonnull<arith::MinUIOp>(combiner))
      wanted = INT32_MAX;
    else
      return {};
    if (end && *end != wanted)
      return {};
    end = wanted;
  }
  return end ? TypedAttr(IntegerAttr::get(IntegerType::get(value.getContext(), 32), *end)) : TypedAttr();
}

class FunctionLegalizer {
public:
  explicit FunctionLegalizer(func::FuncOp function)
      : function(function), b(function.getContext()), scalars(b, mapping) {}

  LogicalResult run() {
    Block &old = function.getBody().front();
    Region fresh;
    Block *body = new Block;
    fresh.push_back(body);
    for (BlockArgument argument : old.getArguments()) {
      noteDeclared(argument.getType(), [&](TypeAttr type) {
        if (!function.getArgAttr(argument.getArgNumber(), "onnx.type"))
          function.setArgAttr(argument.getArgNumber(), "onnx.type", type);
      });
      mapping.map(argument, body->addArgument(carriedTensor(argument.getType()), argument.getLoc()));
    }
    b.setInsertionPointToEnd(body);
    bool good = true;
    for (Operation &op : old)
      good &= succeeded(legalizeOrStandIn(&op));
    if (!good)
      return failure();
    for (auto [i, result] : llvm::enumerate(old.getTerminator()->getOperands()))
      noteDeclared(result.getType(), [&](TypeAttr type) {
        if (!function.getResultAttr(i, "onnx.type"))
          function.setResultAttr(i, "onnx.type", type);
      });
    auto type = b.getFunctionType(body->getArgumentTypes(), body->getTerminator()->getOperandTypes());
    function.getBody().dropAllReferences();
    function.getBody().getBlocks().clear();
    function.getBody().takeBody(fresh);
    function.setType(type);
    return success();
  }

  int64_t checked() const { return scalars.checked; }
  int64_t rounded() const { return scalars.rounded; }

private:
  static void noteDeclared(Type type, llvm::function_ref<void(TypeAttr)> note) {
    Type element = cast<RankedTensorType>(type).getElementType();
    if (carriedType(element) != element)
      note(TypeAttr::get(element));
  }

  /// After a report a stand-in takes the op's place, so that one run names every node at fault.
  LogicalResult legalizeOrStandIn(Operation *op) {
    if (succeeded(legalize(op)))
      return success();
    for (Value result : op->getResults())
      if (auto type = dyn_cast<RankedTensorType>(result.getType()))
        mapping.map(result,
                    tensor::EmptyOp::create(b, op->getLoc(), type.getShape(), carriedType(type.getElementType())));
    return failure();
  }

  LogicalResult legalize(Operation *op) {
    return TypeSwitch<Operation *, LogicalResult>(op)
        .Case<arith::ConstantOp>([&](arith::ConstantOp op) -> LogicalResult {
          auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
          if (!dense)
            return scalars.legalize(op);
          if (op->use_empty())
            return success();
          DenseElementsAttr value = carriedConstant(dense, op);
          if (!value)
            return failure();
          mapping.map(op.getResult(), arith::ConstantOp::create(b, op.getLoc(), value));
          return success();
        })
        .Case<linalg::FillOp>([&](linalg::FillOp op) { return legalizeFill(op); })
        .Case<linalg::GenericOp>([&](linalg::GenericOp op) { return legalizeGeneric(op); })
        .Case<tensor::PadOp>([&](tensor::PadOp op) { return legalizePad(op); })
        .Case<func::ReturnOp, scf::YieldOp>([&](Operation *op) {
          b.clone(*op, mapping);
          return success();
        })
        .Case<scf::ForOp>([&](scf::ForOp op) { return legalizeLoop(op); })
        .Default([&](Operation *op) -> LogicalResult {
          // What moves elements moves words; places in tensors are index arithmetic.
          if (!op->getNumRegions() && op->getNumResults() == 1 && op->getResult(0).getType().isIndex()) {
            b.clone(*op, mapping);
            return success();
          }
          if (op->getNumRegions() || op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType()))
            return wafer::emitUnsupported(op, "is not at the tensor level");
          Operation *same = b.clone(*op, mapping);
          same->getResult(0).setType(carriedTensor(op->getResult(0).getType()));
          same->removeAttr("wafer.unsigned");
          return success();
        });
  }

  LogicalResult legalizeFill(linalg::FillOp op) {
    TypedAttr value;
    if (!matchPattern(op.getInputs()[0], m_Constant(&value)))
      return wafer::emitUnsupported(op, "fills with a value that is not a constant");
    auto number = dyn_cast<IntegerAttr>(value);
    bool isUnsigned = op->hasAttr("wafer.unsigned");
    TypedAttr carried;
    if (number && number.getType().isInteger(64) &&
        !(isUnsigned ? number.getValue().isIntN(31) : number.getValue().isSignedIntN(32)))
      carried = identityBeyond32Bits(op, number);
    if (!carried) {
      FailureOr<TypedAttr> scalar = carriedScalar(value, isUnsigned, op);
      if (failed(scalar))
        return failure();
      carried = *scalar;
    }
    Value scalar = arith::ConstantOp::create(b, op.getLoc(), carried);
    Value init = mapping.lookup(op.getDpsInits()[0]);
    mapping.map(op.getResult(0), linalg::FillOp::create(b, op.getLoc(), scalar, init).getResult(0));
    return success();
  }

  LogicalResult legalizePad(tensor::PadOp op) {
    TypedAttr value;
    Value padding = op.getConstantPaddingValue();
    if (!padding || !matchPattern(padding, m_Constant(&value)))
      return wafer::emitUnsupported(op, "pads with a value that is not a constant");
    FailureOr<TypedAttr> carried = carriedScalar(value, op->hasAttr("wafer.unsigned"), op);
    if (failed(carried))
      return failure();
    Value scalar = arith::ConstantOp::create(b, op.getLoc(), *carried);
    mapping.map(op.getResult(),
                tensor::PadOp::create(b, op.getLoc(), carriedTensor(op.getType()), mapping.lookup(op.getSource()),
                                      op.getMixedLowPad(), op.getMixedHighPad(), scalar));
    return success();
  }

  LogicalResult legalizeGeneric(linalg::GenericOp op) {
    SmallVector<Value> inputs, inits;
    for (Value input : op.getDpsInputs())
      inputs.push_back(mapping.lookup(input));
    for (Value init : op.getDpsInits())
      inits.push_back(mapping.lookup(init));
    auto fresh = linalg::GenericOp::create(b, op.getLoc(), ValueRange(inits).getTypes(), inputs, inits,
                                           op.getIndexingMapsArray(), op.getIteratorTypesArray());
    for (NamedAttribute attr : op->getDiscardableAttrs())
      if (attr.getName() != "wafer.unsigned")
        fresh->setDiscardableAttr(attr.getName(), attr.getValue());
    Block *body = b.createBlock(&fresh.getRegion());
    for (BlockArgument argument : op.getBody()->getArguments())
      mapping.map(argument, body->addArgument(carriedType(argument.getType()), argument.getLoc()));
    LogicalResult result = success();
    for (Operation &inner : *op.getBody())
      if (failed(result = scalars.legalize(&inner)))
        break;
    b.setInsertionPointAfter(fresh);
    if (failed(result)) {
      fresh.erase();
      return failure();
    }
    for (auto [from, to] : llvm::zip_equal(op.getResults(), fresh.getResults()))
      mapping.map(from, to);
    return success();
  }

  LogicalResult legalizeLoop(scf::ForOp op) {
    SmallVector<Value> inits;
    for (Value init : op.getInitArgs())
      inits.push_back(mapping.lookup(init));
    auto loop = scf::ForOp::create(b, op.getLoc(), mapping.lookup(op.getLowerBound()),
                                   mapping.lookup(op.getUpperBound()), mapping.lookup(op.getStep()), inits);
    if (inits.empty())
      loop.getBody()->getTerminator()->erase();
    for (auto [from, to] : llvm::zip_equal(op.getBody()->getArguments(), loop.getBody()->getArguments()))
      mapping.map(from, to);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(loop.getBody());
    bool good = true;
    for (Operation &inner : *op.getBody())
      good &= succeeded(legalizeOrStandIn(&inner));
    for (auto [from, to] : llvm::zip_equal(op.getResults(), loop.getResults()))
      mapping.map(from, to);
    return success(good);
  }

  func::FuncOp function;
  OpBuilder b;
  IRMapping mapping;
  ScalarLegalizer scalars;
};

struct LegalizeElementTypes : wafer::impl::LegalizeElementTypesBase<LegalizeElementTypes> {
  using LegalizeElementTypesBase::LegalizeElementTypesBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isDeclaration())
        continue;
      FunctionLegalizer legalizer(function);
      if (failed(legalizer.run()))
        signalPassFailure();
      numChecked += legalizer.checked();
      numRounded += legalizer.rounded();
    }
  }
};

} // namespace
