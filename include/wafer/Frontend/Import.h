// ONNX models as MLIR modules in the onnx dialect.
#ifndef WAFER_FRONTEND_IMPORT_H
#define WAFER_FRONTEND_IMPORT_H

#include "wafer/Frontend/Model.h"
#include "wafer/Frontend/WeightStore.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace wafer::frontend {

/// Imports a model: one `func.func @main` whose arguments and results carry `onnx.name`, and an
/// `onnx.weight` for each big tensor. Emits every error that it finds as a coded diagnostic.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> importOnnxModel(mlir::MLIRContext &context,
                                                                   const ModelSource &source,
                                                                   const ModelOptions &options, WeightStore &weights);

/// The same for a model in ONNX's text syntax. `name` stands for a file name in locations.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> importOnnxText(mlir::MLIRContext &context, llvm::StringRef text,
                                                                  llvm::StringRef name, const ModelOptions &options,
                                                                  WeightStore &weights);

/// Registers `wafer-translate --import-onnx-text`. Nodes that `hasLowering` denies are replaced by their functions.
void registerOnnxTextTranslation(bool (*hasLowering)(std::string_view domain, std::string_view op, int since));

} // namespace wafer::frontend

#endif // WAFER_FRONTEND_IMPORT_H
