// How wafer-reduce makes IR simpler than by leaving operations out.
#ifndef WAFER_TOOLS_REDUCTIONPATTERNS_H
#define WAFER_TOOLS_REDUCTIONPATTERNS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace wafer {

void registerReductionPatterns(mlir::DialectRegistry &registry);

} // namespace wafer

#endif // WAFER_TOOLS_REDUCTIONPATTERNS_H
