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

int wafer::wfr::netColors(const Profile &profile, ChannelSet onX, ChannelSet onY, int regions) {
  const int atHeads = regions == 1 ? has(onX, Channel::Toward) + has(onX, Channel::Away) : 0;
  return profile.colors - static_cast<int>(profile.reservedColors.size()) - colorsOf(onX) - colorsOf(onY) + atHeads;
}

RoutedLines wafer::wfr::linesAlong(Side side, RegionOp region) {
  RoutedLines lines;
  region.walk([&](AllReduceOp op) {
    LineAttr line = op.getLine();
    if (op.getSide() != side)
      return;
    if (line.getGroup() != 0) {
      lines.grouped = line;
      return;
    }
    lines.root = std::max(lines.root, line.getRoot());
    if (!line.getLeaders().empty())
      lines.led = line;
  });
  return lines;
}
