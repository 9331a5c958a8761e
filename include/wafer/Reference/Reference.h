// The reference: a second engine for programs, written from docs/machine.md and docs/isa.md alone. It holds every
// wavelet one by one and steps the machine by cycle (tier `exact` of the page), scalar and slow. It shares nothing with
// the emulator but the verified program, so that what both agree on is what the pages say.
#ifndef WAFER_REFERENCE_REFERENCE_H
#define WAFER_REFERENCE_REFERENCE_H

#include "wafer/Program/Verify.h"
#include "wafer/Support/Diagnostic.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace wafer {

/// Tensors by name, row-major, in the words that carry them on the machine (Support/Tensor.h: toWords).
using TensorWords = std::map<std::string, std::vector<uint32_t>>;

struct ReferenceRun {
  TensorWords outputs;
  double cycles = 0; // to the last output word at the host's port; without outputs, of all cores and threads
  uint64_t instructions = 0, vectorElements = 0;
  uint64_t wavelets = 0;            // by cores and host
  std::vector<double> regionCycles; // until a region's last core and thread had ended
};

/// Runs the program once. Errors are those of a program, WF7001 to WF7019: of several, the first in time. `maxCycles`
/// of 0 is no limit. Every input must be there with as many words as its tensor has elements (WF8006, WF8008).
/// `isCancelled` is asked now and then; if it says yes, the run ends with WF8010.
Result<ReferenceRun> runReference(const VerifiedProgram &program, const TensorWords &inputs, double maxCycles = 0,
                                  const std::function<bool()> &isCancelled = {});

} // namespace wafer

#endif // WAFER_REFERENCE_REFERENCE_H
