// Statistics of a run as JSON; docs/report.md describes it.
#ifndef WAFER_EMULATOR_STATSJSON_H
#define WAFER_EMULATOR_STATSJSON_H

#include "wafer/Emulator/Emulator.h"

namespace wafer {

std::string statsJson(const RunStats &stats);

} // namespace wafer

#endif // WAFER_EMULATOR_STATSJSON_H
