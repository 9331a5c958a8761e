#include "wafer/Collectives/Channels.h"
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
  });
  return channels;
}
