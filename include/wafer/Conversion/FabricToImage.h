// Routes as the program image has them.
#ifndef WAFER_CONVERSION_FABRICTOIMAGE_H
#define WAFER_CONVERSION_FABRICTOIMAGE_H

#include "wafer/Dialect/Fabric/FabricDialect.h"
#include "wafer/Program/manifest.pb.h"

#include <functional>

namespace wafer {

/// Adds a RouteShape per fabric.route. `intern` gives a string's index in the manifest.
void emitRoutes(fabric::ProgramOp program, image::Manifest &manifest,
                const std::function<uint32_t(const std::string &)> &intern);

} // namespace wafer

#endif // WAFER_CONVERSION_FABRICTOIMAGE_H
