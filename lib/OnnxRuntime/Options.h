// What the user of a session says about how to compile.
#ifndef WAFER_LIB_ONNXRUNTIME_OPTIONS_H
#define WAFER_LIB_ONNXRUNTIME_OPTIONS_H

#include "Api.h"
#include "Waferc.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace wafer::ort {

struct Options {
  /// Options of the compiler by name, as they were given.
  std::vector<std::pair<std::string, std::string>> compiler;
  /// EPContext nodes are to be made: a model that carries what was compiled.
  bool makeContext = false;
  bool embedContext = false;
  /// Where that model will be, if the user says so.
  std::filesystem::path contextPath;
  std::string contextPrefix;

  OwnedOptions forCompiler() const;
};

/// Reads "ep.waferexecutionprovider.NAME" and what ONNX Runtime says about EPContext. An option that does not exist, or
/// a wrong value, is a Failure that names those that do.
Options readOptions(const OrtSessionOptions *session);

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_OPTIONS_H
