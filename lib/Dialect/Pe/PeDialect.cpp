#include "wafer/Dialect/Pe/PeDialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace wafer::pe;

#include "wafer/Dialect/Pe/PeDialect.cpp.inc"
#include "wafer/Dialect/Pe/PeEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "wafer/Dialect/Pe/PeTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "wafer/Dialect/Pe/PeAttrs.cpp.inc"

void PeDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "wafer/Dialect/Pe/PeTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "wafer/Dialect/Pe/PeAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "wafer/Dialect/Pe/PeOps.cpp.inc"
      >();
}

Operation *PeDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto integer = dyn_cast<IntegerAttr>(value);
  if (!integer || !type.isInteger(32))
    return nullptr;
  return ConstOp::create(builder, loc, integer.getInt());
}

StringRef wafer::pe::nodeNameOf(Location location) {
  StringRef name;
  location->walk([&](Location inner) {
    if (auto named = dyn_cast<NameLoc>(inner)) {
      name = named.getName();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return name;
}

LogicalResult BoxAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t middleX, int64_t splitX,
                              int64_t middleY, int64_t splitY, ArrayRef<int64_t> dims) {
  if (middleX < 1 || splitX < 1 || middleY < 1 || splitY < 1)
    return emitError() << "splits must be at least 1";
  if (dims.size() % 10 != 0)
    return emitError() << "a box has ten numbers per dimension, got " << dims.size();
  for (size_t d = 0; d != dims.size() / 10; ++d)
    if (dims[10 * d] < 0 || dims[10 * d + 2] < 0)
      return emitError() << "extent and length of dimension " << d << " must not be negative";
  return success();
}
