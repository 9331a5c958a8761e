#include "wafer/Dialect/Onnx/OnnxDialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace wafer::onnx;

#include "wafer/Dialect/Onnx/OnnxDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "wafer/Dialect/Onnx/OnnxTypes.cpp.inc"

void OnnxDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "wafer/Dialect/Onnx/OnnxTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "wafer/Dialect/Onnx/OnnxOps.cpp.inc"
      >();
}

Operation *OnnxDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  if (auto elements = dyn_cast<ElementsAttr>(value); elements && elements.getType() == type)
    return ConstantOp::create(builder, loc, type, elements);
  return nullptr;
}

LogicalResult SequenceType::verify(llvm::function_ref<InFlightDiagnostic()> emitError, Type element) {
  if (isa<TensorType>(element))
    return success();
  return emitError() << "a sequence holds tensors, not " << element;
}

LogicalResult OptionalType::verify(llvm::function_ref<InFlightDiagnostic()> emitError, Type element) {
  if (isa<TensorType, SequenceType>(element))
    return success();
  return emitError() << "an optional holds a tensor or a sequence, not " << element;
}
