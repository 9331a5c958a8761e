// The fabric dialect: channels, nets and the routes that realize them.
#ifndef WAFER_DIALECT_FABRIC_FABRICDIALECT_H
#define WAFER_DIALECT_FABRIC_FABRICDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"

#include "llvm/ADT/StringMap.h"

#include "wafer/Dialect/Fabric/FabricDialect.h.inc"
#include "wafer/Dialect/Fabric/FabricEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "wafer/Dialect/Fabric/FabricAttrs.h.inc"
#define GET_OP_CLASSES
#include "wafer/Dialect/Fabric/FabricOps.h.inc"

namespace wafer::fabric {

/// The nets of every stream; of one in parts all of them, by their first lanes.
llvm::StringMap<llvm::SmallVector<NetOp, 1>> netsByStream(mlir::Operation *root);

} // namespace wafer::fabric

#endif // WAFER_DIALECT_FABRIC_FABRICDIALECT_H
