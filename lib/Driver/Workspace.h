// What one compilation leaves for the next: an MLIR context with its dialects, and stages' passes with their patterns.
//
// To load dialects, to collect the patterns of canonicalisation and to destroy all of it takes as long as everything
// else that MLIR does for a model of a few nodes. So a context is kept after a small model. Three things must not come
// of that:
//
//   Results that depend on what was compiled before. Canonicalisation takes the patterns of the dialects that are
//   loaded, so all are loaded before anything is compiled. Of the rest of a context, which holds each attribute and
//   type once, only equality is asked.
//
//   Memory that grows. A context forgets no attribute. It is kept for so many bytes, by a rough count, then given up.
//
//   A lock or a thread that a forked process waits for. A context that is kept has no threads; who finds the list of
//   them locked makes a new one.
#ifndef WAFER_LIB_DRIVER_WORKSPACE_H
#define WAFER_LIB_DRIVER_WORKSPACE_H

#include "wafer/Driver/Stage.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"

#include <map>
#include <memory>
#include <string>

namespace wafer::driver {

class Workspace {
public:
  Workspace();

  /// One that was kept, or a new one; for one compilation at a time.
  static std::unique_ptr<Workspace> take();
  /// Nothing refers to its context any more.
  static void giveBack(std::unique_ptr<Workspace> workspace);

  /// The passes of a stage, which nothing but `settings` decides; built the first time.
  mlir::PassManager &passes(Stage stage, const std::string &settings,
                            llvm::function_ref<void(mlir::PassManager &)> build);

  /// What a stage has made will stay in the context. Before the context has threads.
  void account(mlir::ModuleOp module);

  mlir::MLIRContext context;

private:
  std::map<std::pair<Stage, std::string>, std::unique_ptr<mlir::PassManager>> managers;
  int64_t bytes = 0;
};

} // namespace wafer::driver

#endif // WAFER_LIB_DRIVER_WORKSPACE_H
