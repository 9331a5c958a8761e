// The JSON report of a compilation; docs/report.md describes it.
#ifndef WAFER_LIB_DRIVER_REPORT_H
#define WAFER_LIB_DRIVER_REPORT_H

#include "wafer/Driver/Backend.h"

#include "llvm/Support/raw_ostream.h"

namespace wafer::driver {

struct CompilationReport {
  std::string model;
  std::vector<StageReport> stages;           // in the order they ran
  const Profile *profile = nullptr;          // once loaded
  const BackendResult *result = nullptr;     // once compiled
  const image::Manifest *manifest = nullptr; // of the image, once it is made
  uint64_t seed = 0;
  int64_t imageBytes = 0, weightBytes = 0;
  int64_t modelNodes = 0;
  std::string errorCode, errorMessage; // of a compilation that failed
};

void writeReport(const CompilationReport &report, llvm::raw_ostream &os);

} // namespace wafer::driver

#endif // WAFER_LIB_DRIVER_REPORT_H
