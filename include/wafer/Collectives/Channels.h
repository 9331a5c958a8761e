// What a region's collectives want of the fabric.
#ifndef WAFER_COLLECTIVES_CHANNELS_H
#define WAFER_COLLECTIVES_CHANNELS_H

#include "wafer/Dialect/Wafer/Layout.h"
#include "wafer/Route/ChannelColors.h"

namespace wafer::wfr {

/// Channels along one side that the ops of a region use.
ChannelSet channelsAlong(Side side, RegionOp region);

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_CHANNELS_H
