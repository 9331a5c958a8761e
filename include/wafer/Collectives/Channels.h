// What a region's collectives want of the fabric.
#ifndef WAFER_COLLECTIVES_CHANNELS_H
#define WAFER_COLLECTIVES_CHANNELS_H

#include "wafer/Dialect/Wafer/Layout.h"
#include "wafer/Route/ChannelColors.h"

namespace wafer::wfr {

/// Channels along one side that the ops of a region use.
ChannelSet channelsAlong(Side side, RegionOp region);

/// Colors that regions' channels leave for nets. Where there is one region only, nets lead from the mesh's edge to the
/// heads of its rows, and may take what no channel has there: one color of the links to neighbors each way along a row,
/// that of those to or from the second PE.
int netColors(const Profile &profile, ChannelSet onX, ChannelSet onY, int regions);

/// What channels along one side are routed for. RegionOp's verifier sees to it that there is but one of each.
struct RoutedLines {
  int64_t root = 0;      // that casts to whole lines
  LineAttr led, grouped; // whose leaders are linked, whose groups have casts of their own (null: there are none)
};
RoutedLines linesAlong(Side side, RegionOp region);

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_CHANNELS_H
