// From routes back to flows: who hears what a core or a host port injects.
//
// Flows.cpp has the idea. A flow here stands for as many as its area of sources has tiles: their ends are affine in the
// source.
#ifndef WAFER_DIALECT_FABRIC_FLOWS_H
#define WAFER_DIALECT_FABRIC_FLOWS_H

#include "wafer/Dialect/Fabric/Area.h"

#include <map>
#include <optional>

namespace wafer::fabric {

/// A tile's coordinate on a flow's way: the source's coordinate plus an offset, or the offset alone.
struct Coordinate {
  bool relative;
  int64_t offset;
  int64_t at(int64_t source) const { return relative ? source + offset : offset; }
  bool operator==(const Coordinate &) const = default;
};

/// Tiles in one row or column that hear a flow by one port: the ramp, or a side that is a host port.
struct Ends {
  Coordinate xLow, xHigh, yLow, yHigh;
  Port port;
};

struct Flow {
  Area sources;
  llvm::SmallVector<Ends, 2> ends;
};

/// Whose turn it is when a wavelet is under way in switched routers: those before its source, along x or y, have had
/// theirs and hold their second position; all others hold the first.
enum class Turn { None, AlongX, AlongY };
Turn turnOf(ChannelKind kind);

/// What is injected: at each tile of `sources`, by `port`.
struct Injection {
  llvm::StringRef owner;
  int64_t color;
  Area sources;
  Port port;
  Turn turn;
};

/// Why a flow comes to no end.
struct Fault {
  enum Kind { NotSetUp, Foreign, Circle, Stopped } kind;
  Tile source, tile;
  Port entry;
  llvm::StringRef other; // Foreign: the router's owner

  std::string text(const Injection &injection) const;
};

/// All routers of a program, by shape.
class Routers {
public:
  struct Shape {
    RouteOp route;
    Area area;
    llvm::SmallVector<PositionAttr, 2> positions;
    std::vector<Area> unused; // that no flow has passed yet
    PositionAttr at(size_t turn) const { return positions[std::min(turn, positions.size() - 1)]; }
  };

  explicit Routers(ProgramOp program);

  std::vector<Shape> &all() { return shapes; }
  /// Shapes that have routers of a color in an area, with these routers.
  void forEach(int64_t color, const Area &area, llvm::function_ref<void(Shape &, const Area &)> found);
  /// The first router of a shape, row by row, that a shape before it sets up too, and that shape (or null).
  std::pair<Tile, Shape *> findTwice(Shape &shape);
  /// The row or column of tiles just beyond the mesh's edge on a side.
  Area beyond(Port side) const;

  /// Extracts the flows of an injection and notes which routers they pass. No router may be set up twice; host ports
  /// are outputs and injections over the mesh's edge.
  std::optional<Fault> follow(const Injection &injection, llvm::SmallVectorImpl<Flow> &flows);

private:
  int64_t width, height;
  std::vector<Shape> shapes;
  struct Color {
    AreaIndex index;
    std::vector<size_t> shapes;
  };
  std::map<int64_t, Color> colors;
};

} // namespace wafer::fabric

#endif // WAFER_DIALECT_FABRIC_FLOWS_H
