// Extracted flows against what is wanted of them.
#ifndef WAFER_LIB_DIALECT_FABRIC_TRANSFORMS_COMPAREFLOWS_H
#define WAFER_LIB_DIALECT_FABRIC_TRANSFORMS_COMPAREFLOWS_H

#include "wafer/Dialect/Fabric/Flows.h"

namespace wafer::fabric {

/// Terminals in one row or column, all by one port.
struct Box {
  int64_t xLow, xHigh, yLow, yHigh;
  Port port;

  static Box of(Tile tile, Port port) { return {tile.x, tile.x, tile.y, tile.y, port}; }
  int64_t size() const { return (xHigh - xLow + 1) * (yHigh - yLow + 1); }
  bool holds(const Box &o) const {
    return port == o.port && xLow <= o.xLow && o.xHigh <= xHigh && yLow <= o.yLow && o.yHigh <= yHigh;
  }
  /// Number i of its terminals.
  Box part(int64_t i) const {
    return xLow == xHigh ? Box{xLow, xHigh, yLow + i, yLow + i, port} : Box{xLow + i, xLow + i, yLow, yHigh, port};
  }
  auto operator<=>(const Box &) const = default;
};

/// What should hear a source. Boxes come in the same order for all sources, and are affine in it; they are one box, or
/// terminals that may repeat.
using Wanted = llvm::function_ref<llvm::SmallVector<Box>(Tile)>;

struct Difference {
  Tile source, end;
  bool missing; // wanted and not reached; else reached and not wanted
};

/// A difference between what a flow reaches and what is wanted, if there is one.
std::optional<Difference> compare(const Flow &flow, Wanted wanted);

} // namespace wafer::fabric

#endif // WAFER_LIB_DIALECT_FABRIC_TRANSFORMS_COMPAREFLOWS_H
