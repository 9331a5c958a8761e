// The routers as nets find them: where they are, which are dead, how many nets use their links.
#ifndef WAFER_LIB_ROUTE_MESH_H
#define WAFER_LIB_ROUTE_MESH_H

#include "TileMap.h"
#include "Tree.h"

#include <bit>

namespace wafer {

/// Routers are known by their tiles: y * width + x.
class RouterMesh {
public:
  explicit RouterMesh(const RouteRequest &request);

  int width() const { return columns; }
  int height() const { return rows; }
  int64_t tile(Point p) const { return static_cast<int64_t>(p.y) * columns + p.x; }
  Point point(int64_t at) const { return {static_cast<int>(at % columns), static_cast<int>(at / columns)}; }
  bool isInside(Point p) const { return p.x >= 0 && p.y >= 0 && p.x < columns && p.y < rows; }
  bool isOnEdge(Point p, PortBits side) const { return !isInside(step(p, side)); }
  /// From a tile to that of the neighbor at a side.
  int64_t offset(PortBits side) const { return tile(step({0, 0}, side)); }

  bool isDead(int64_t at) const { return routers.known(at).isDead; }
  /// The link that leaves it through the side.
  bool isDead(int64_t at, PortBits side) const { return routers.known(at).deadLinks & side; }
  int netsOn(int64_t at, PortBits side) const { return routers.known(at).nets[numberOf(side)]; }

  /// A net has these routes, or has them no more.
  void add(const Tree &tree) { count(tree, 1); }
  void remove(const Tree &tree) { count(tree, -1); }

  /// What it costs beside the hop not to go straight on.
  double turnPrice() const { return turn; }
  /// Of the step through a side, if every net that uses the link already adds so much; -1 if there is none.
  int linkPrice(int64_t at, PortBits side, int perNet) const {
    return isDead(at, side) ? -1 : 1 + perNet * netsOn(at, side);
  }

private:
  struct Router {
    bool isDead = false;
    uint8_t deadLinks = 0;     // Port bits
    std::array<int, 4> nets{}; // that use its links to the north, east, south, west
  };

  static size_t numberOf(PortBits side) { return static_cast<size_t>(std::countr_zero(static_cast<unsigned>(side))); }
  void count(const Tree &tree, int nets);

  int columns, rows;
  double turn;
  TileMap<Router> routers;
};

} // namespace wafer

#endif // WAFER_LIB_ROUTE_MESH_H
