// The onnx dialect: graphs as the model file gave them, one generic op per node.
#ifndef WAFER_DIALECT_ONNX_ONNXDIALECT_H
#define WAFER_DIALECT_ONNX_ONNXDIALECT_H

#include "wafer/Dialect/Onnx/SchemaSource.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "wafer/Dialect/Onnx/OnnxDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "wafer/Dialect/Onnx/OnnxTypes.h.inc"

#define GET_OP_CLASSES
#include "wafer/Dialect/Onnx/OnnxOps.h.inc"

#endif // WAFER_DIALECT_ONNX_ONNXDIALECT_H
