// The pe dialect: the program of one core, one op per instruction.
#ifndef WAFER_DIALECT_PE_PEDIALECT_H
#define WAFER_DIALECT_PE_PEDIALECT_H

#include "wafer/Program/Isa.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

// A vector operation is written by its mnemonic.
namespace wafer::isa {
inline llvm::raw_ostream &operator<<(llvm::raw_ostream &os, VectorOp op) { return os << vectorOpInfo(op)->name; }
} // namespace wafer::isa
template <> struct mlir::FieldParser<wafer::isa::VectorOp> {
  static mlir::FailureOr<wafer::isa::VectorOp> parse(mlir::AsmParser &parser) {
    llvm::SMLoc where = parser.getCurrentLocation();
    llvm::StringRef name;
    if (parser.parseKeyword(&name))
      return mlir::failure();
    for (const wafer::isa::VectorOpInfo &info : wafer::isa::kVectorOps)
      if (name == info.name)
        return info.op;
    return parser.emitError(where, "no vector operation is called '") << name << "'";
  }
};

namespace wafer::pe {
using VectorKind = isa::VectorOp;
} // namespace wafer::pe

#include "wafer/Dialect/Pe/PeDialect.h.inc"
#include "wafer/Dialect/Pe/PeEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "wafer/Dialect/Pe/PeTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "wafer/Dialect/Pe/PeAttrs.h.inc"
#define GET_OP_CLASSES
#include "wafer/Dialect/Pe/PeOps.h.inc"

namespace wafer::pe {

/// The constant that defines a value, if one does.
std::optional<int32_t> constantOf(mlir::Value value);

/// True if the value cannot be negative, whatever the PE.
bool isKnownNonNegative(mlir::Value value);

/// The name in a location: that of the ONNX node that an op comes from. Empty if there is none.
llvm::StringRef nodeNameOf(mlir::Location location);

} // namespace wafer::pe

#endif // WAFER_DIALECT_PE_PEDIALECT_H
