// Two chains to a root in the middle, and a cast to both sides: half as many PEs hand on words one after the other as
// in a chain to the head. Best for a few words on a short line.
#include "wafer/Collectives/AllReduce.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

void wafer::wfr::chooseMiddleLine(int64_t pes, int64_t words, const ResourceModel &model,
                                  SmallVectorImpl<LineShape> &lines) {
  const Profile &p = model.figures();
  double relay = 2 * p.rampCycles + p.hopCycles + p.vectorArith.perElement,
         sum = p.vectorArith.setup + static_cast<double>(words) * p.vectorArith.perElement;
  // The root adds up what comes from beyond it first: that wing may be shorter by as many PEs as hand on a word
  // meanwhile.
  int64_t later = std::min<int64_t>(static_cast<int64_t>(sum / relay) / 2, (pes - 1) / 2);
  for (int64_t root : {pes / 2, pes / 2 + later})
    if (root > 0 && root < pes && (lines.empty() || lines.back().root != root))
      lines.push_back({pes, root});
}
