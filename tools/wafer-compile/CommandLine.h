// What wafer-compile's command line says.
#ifndef WAFER_TOOLS_WAFERCOMPILE_COMMANDLINE_H
#define WAFER_TOOLS_WAFERCOMPILE_COMMANDLINE_H

#include "wafer/Driver/Tool.h"

#include <optional>
#include <ostream>

namespace wafer {

/// Nothing if there is nothing to compile: then help or the error is written, and `exitCode` is the process's.
std::optional<driver::ToolOptions> parseCompileCommandLine(int argc, const char *const *argv, std::ostream &out,
                                                           std::ostream &errors, int &exitCode);

} // namespace wafer

#endif // WAFER_TOOLS_WAFERCOMPILE_COMMANDLINE_H
