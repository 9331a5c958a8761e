#include "wafer/Collectives/Reduce.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

ReduceTask ReduceTask::of(const Layout &terms, Side side, RegionSize region) {
  return {side, region.along(side), reducedGroup(terms, side, region), terms.words()};
}

ArrayRef<const ReduceCollective *> wafer::wfr::reduceCollectives() {
  static const ReduceCollective *const all[] = {&chainReduce(), &starReduce()};
  return all;
}

const ReduceCollective &wafer::wfr::collectiveOf(ReduceAlgorithm algorithm) {
  for (const ReduceCollective *collective : reduceCollectives())
    if (collective->algorithm() == algorithm)
      return *collective;
  llvm_unreachable("every algorithm is in the list");
}

std::pair<const ReduceCollective *, double> wafer::wfr::fastestReduce(const ReduceTask &task,
                                                                      const ResourceModel &model) {
  std::pair<const ReduceCollective *, double> best{nullptr, INFINITY};
  for (const ReduceCollective *collective : reduceCollectives())
    if (collective->legal(task))
      if (double cycles = collective->cycles(task, model); cycles < best.second)
        best = {collective, cycles};
  return best;
}
