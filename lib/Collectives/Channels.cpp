#include "wafer/Collectives/Channels.h"
#include "wafer/Collectives/Line.h"
#include "wafer/Collectives/Move.h"
#include "wafer/Collectives/Reduce.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

ChannelSet wafer::wfr::channelsAlong(Side side, RegionOp region) {
  ChannelSet channels = 0;
  region.walk([&](Operation *op) {
    if (auto move = dyn_cast<RedistributeOp>(op); move && move.getSide() == side)
      channels |= collectiveOf(move.getAlgorithm()).channels();
    if (auto reduce = dyn_cast<ReduceOp>(op); reduce && reduce.getSide() == side)
      channels |= collectiveOf(reduce.getAlgorithm()).channels();
    if (auto reduce = dyn_cast<AllReduceOp>(op); reduce && reduce.getSide() == side)
      channels |= LineShape::of(reduce.getLine(), region.size().along(side)).channels();
  });
  return channels;
}

std::pair<int64_t, LineAttr> wafer::wfr::linesAlong(Side side, RegionOp region) {
  int64_t root = 0;
  LineAttr led;
  region.walk([&](AllReduceOp op) {
    if (op.getSide() != side)
      return;
    root = std::max(root, op.getLine().getRoot());
    if (!op.getLine().getLeaders().empty())
      led = op.getLine();
  });
  return {root, led};
}
