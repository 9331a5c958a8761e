// Loading a target profile from within MLIR.
#ifndef WAFER_TARGET_LOADPROFILE_H
#define WAFER_TARGET_LOADPROFILE_H

#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Target/Profile.h"

#include "mlir/Support/LogicalResult.h"

namespace wafer {

/// The profile that a pass's `target` option names; its error is emitted at `location`.
inline mlir::FailureOr<Profile> loadProfile(mlir::Location location, const std::string &target) {
  Result<Profile> profile = Profile::load(target);
  if (!profile)
    return emitError(location, profile.error());
  return profile.take();
}

} // namespace wafer

#endif // WAFER_TARGET_LOADPROFILE_H
