// What a region's collectives want of the fabric.
#ifndef WAFER_COLLECTIVES_CHANNELS_H
#define WAFER_COLLECTIVES_CHANNELS_H

#include "wafer/Dialect/Wafer/Layout.h"
#include "wafer/Route/ChannelColors.h"

namespace wafer::wfr {

/// Channels along one side that the ops of a region use.
ChannelSet channelsAlong(Side side, RegionOp region);

/// The root that casts along one side, and the line whose leaders are linked (null: there are none). RegionOp's
/// verifier sees to it that there is but one of either.
std::pair<int64_t, LineAttr> linesAlong(Side side, RegionOp region);

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_CHANNELS_H
