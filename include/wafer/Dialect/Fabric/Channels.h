// What each kind of channel is along a line of PEs: the routes that make it, and who is to hear whom. The two are said
// independently; fabric-verify-routes follows the routes and compares.
#ifndef WAFER_DIALECT_FABRIC_CHANNELS_H
#define WAFER_DIALECT_FABRIC_CHANNELS_H

#include "wafer/Dialect/Fabric/FabricDialect.h"
#include "wafer/Route/ChannelColors.h"

namespace wafer::fabric {

/// A kind of channel: what it is, along which side, and which of its colors.
struct ChannelForm {
  Channel channel;
  bool y;
  unsigned parity;                      // of the receivers of links
  int64_t root = 0;                     // of casts and of links between leaders
  int64_t group = 0;                    // of group casts
  llvm::SmallVector<int64_t> leaders{}; // ascending
};
ChannelForm formOf(ChannelKind kind);
ChannelForm formOf(ChannelOp channel);
ChannelKind kindOf(Channel channel, bool y, unsigned parity);

/// Routers first, first + step, ... below end of every line.
struct LineRoute {
  int64_t first, end, step;
  llvm::SmallVector<std::pair<Port, unsigned>, 2> positions; // input, and outputs as Port bits
};
llvm::SmallVector<LineRoute> routesOf(const ChannelForm &form, int64_t pes);
/// Of a channel, on all its lines: none without routers.
llvm::SmallVector<LineRoute> routesOf(ChannelOp channel);
/// The routers of such a route on all lines.
AreaAttr areaOf(ChannelOp channel, const LineRoute &route);

/// PEs first, first + step, ... of a line inject, one after the other, and those from low to high hear each: counted
/// from the injecting PE if `relative`, else from the line's head.
struct LineIntent {
  int64_t first, step, count;
  bool relative;
  int64_t low, high;
};
llvm::SmallVector<LineIntent> intentsOf(const ChannelForm &form, int64_t pes);

} // namespace wafer::fabric

#endif // WAFER_DIALECT_FABRIC_CHANNELS_H
