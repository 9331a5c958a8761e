// Signs that several kernels multiply the same value by.
#ifndef WAFER_LIB_PLAN_SIGNEDFACTORS_H
#define WAFER_LIB_PLAN_SIGNEDFACTORS_H

#include "wafer/Dialect/Wafer/WaferDialect.h"
#include "wafer/Target/ResourceModel.h"

namespace wafer::wfr {

/// (q s) v = q (s v), where s is a constant of ones and minus ones: s v becomes a kernel if several kernels share it.
void shareSignedFactors(RegionOp region, const ResourceModel &model);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_SIGNEDFACTORS_H
