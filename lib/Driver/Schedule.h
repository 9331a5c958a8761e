// When each kernel of a program runs, as far as the plan's estimates tell.
//
// A region runs its ops in order, each for as long as the planner estimated. A transfer between regions begins when all
// of its ends have come to it and holds all of them until it is over. Inputs are there when they are asked for: what
// the host takes is in the estimates. Nothing is measured: `wafer-run --stats` says what the emulator counts.
#ifndef WAFER_LIB_DRIVER_SCHEDULE_H
#define WAFER_LIB_DRIVER_SCHEDULE_H

#include "wafer/Dialect/Wafer/WaferDialect.h"

#include "llvm/ADT/DenseMap.h"

namespace wafer::driver {

/// Cycles from the start of a run.
struct ScheduledSpan {
  int64_t start, end;
};

/// By op that has estimates. `transferCycles` is what a stream between regions takes.
llvm::DenseMap<mlir::Operation *, ScheduledSpan> scheduleOf(wfr::ProgramOp program,
                                                            llvm::function_ref<int64_t(wfr::StreamOp)> transferCycles);

} // namespace wafer::driver

#endif // WAFER_LIB_DRIVER_SCHEDULE_H
