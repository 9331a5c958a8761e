#include "wafer/Collectives/Move.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

ArrayRef<const MoveCollective *> wafer::wfr::moveCollectives() {
  static const MoveCollective *const all[] = {&passMove(), &neighborsMove()};
  return all;
}

const MoveCollective &wafer::wfr::collectiveOf(MoveAlgorithm algorithm) {
  for (const MoveCollective *collective : moveCollectives())
    if (collective->algorithm() == algorithm)
      return *collective;
  llvm_unreachable("every algorithm is in the list");
}

std::pair<const MoveCollective *, double> wafer::wfr::fastestMove(const MoveTask &task, const ResourceModel &model,
                                                                  double limit) {
  std::pair<const MoveCollective *, double> best{nullptr, INFINITY};
  for (const MoveCollective *collective : moveCollectives())
    if (collective->leastCycles(task.words, task.line(), model) < std::min(limit, best.second) &&
        collective->conceivable(task.side, task.from.dims, task.to.dims) && collective->legal(task))
      if (double cycles = collective->cycles(task, model); cycles < best.second)
        best = {collective, cycles};
  return best;
}

double wafer::wfr::leastMoveCycles(int64_t words, int64_t line, Side side, ArrayRef<LayoutDim> from,
                                   ArrayRef<LayoutDim> to, const ResourceModel &model) {
  double least = INFINITY;
  for (const MoveCollective *collective : moveCollectives())
    if (double cycles = collective->leastCycles(words, line, model);
        cycles < least && collective->conceivable(side, from, to))
      least = cycles;
  return least;
}

double wafer::wfr::leastMoveCycles(int64_t line, const ResourceModel &model) {
  double least = INFINITY;
  for (const MoveCollective *collective : moveCollectives())
    least = std::min(least, collective->leastCycles(/*words=*/0, line, model));
  return least;
}
