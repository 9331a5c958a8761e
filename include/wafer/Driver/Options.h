// Options of a compilation by name and text: what the command line says as --NAME VALUE, and other callers as a key and
// a value. One table serves both, and the help.
#ifndef WAFER_DRIVER_OPTIONS_H
#define WAFER_DRIVER_OPTIONS_H

#include "wafer/Driver/Compile.h"
#include "wafer/Support/Diagnostic.h"

#include <span>
#include <string>
#include <string_view>

namespace wafer::driver {

struct OptionInfo {
  std::string_view name;
  std::string_view form; // of the value: "WxH|auto"
  std::string help;
  bool repeated; // each time says more
};

std::span<const OptionInfo> compileOptions();

/// Sets an option. An error's message is about the value alone; whoever calls puts the option's name before it.
Status setCompileOption(CompileOptions &options, std::string_view name, const std::string &value);

} // namespace wafer::driver

#endif // WAFER_DRIVER_OPTIONS_H
