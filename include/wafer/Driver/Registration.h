// The dialects and passes that tools on IR know: MLIR's and all of waferc's. One place for wafer-opt, wafer-reduce and
// wafer-lsp-server, so that what one of them reads, the others read too.
#ifndef WAFER_DRIVER_REGISTRATION_H
#define WAFER_DRIVER_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace wafer::driver {

void registerAllDialects(mlir::DialectRegistry &registry);

/// For pass pipelines as text; once in a process.
void registerAllPasses();

} // namespace wafer::driver

#endif // WAFER_DRIVER_REGISTRATION_H
