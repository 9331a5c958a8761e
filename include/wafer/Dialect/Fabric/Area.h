// Sets of tiles as products of arithmetic progressions: what an #fabric.area says, closed under intersection and, as
// lists of disjoint areas, under difference. Sizes of sets cost nothing, so whole areas are reasoned about and never
// tiles.
#ifndef WAFER_DIALECT_FABRIC_AREA_H
#define WAFER_DIALECT_FABRIC_AREA_H

#include "wafer/Dialect/Fabric/FabricDialect.h"

#include <vector>

namespace wafer::fabric {

struct Tile {
  int64_t x, y;
  auto operator<=>(const Tile &) const = default;
};
std::string text(Tile tile); // "(3, 4)"
inline bool rowByRow(Tile a, Tile b) { return std::pair(a.y, a.x) < std::pair(b.y, b.x); }

constexpr Port kSides[] = {Port::North, Port::East, Port::South, Port::West};
Port opposite(Port side);
Tile neighbor(Tile tile, Port side);

/// first, first + step, ...: `count` numbers. The step is 1 where it says nothing.
struct Progression {
  int64_t first = 0, step = 1, count = 0;

  static Progression range(int64_t low, int64_t high) { return {low, 1, std::max<int64_t>(0, high - low + 1)}; }
  static Progression make(int64_t first, int64_t step, int64_t count);
  bool empty() const { return count <= 0; }
  int64_t last() const { return first + (count - 1) * step; }
  Progression shifted(int64_t by) const { return {first + by, step, count}; }
  bool operator==(const Progression &) const = default;
};
Progression intersect(Progression a, Progression b);
/// Disjoint parts of a \ b.
void subtract(Progression a, Progression b, llvm::function_ref<void(Progression)> part);

struct Area {
  Progression x, y;

  static Area of(AreaAttr attribute);
  static Area of(Tile tile) { return {Progression::range(tile.x, tile.x), Progression::range(tile.y, tile.y)}; }
  bool empty() const { return x.empty() || y.empty(); }
  int64_t size() const { return empty() ? 0 : x.count * y.count; }
  Tile first() const { return {x.first, y.first}; }
  Area shifted(int64_t dx, int64_t dy) const { return {x.shifted(dx), y.shifted(dy)}; }
  /// One to the given side.
  Area shifted(Port side) const;
  AreaAttr attr(mlir::MLIRContext *context) const;
  bool operator==(const Area &) const = default;
};
inline Area intersect(const Area &a, const Area &b) { return {intersect(a.x, b.x), intersect(a.y, b.y)}; }
/// Takes an area away from a list of disjoint ones.
void subtract(std::vector<Area> &from, const Area &what);

/// Finds those of many areas that meet a given one, without looking at all: a tree of bounding boxes.
class AreaIndex {
public:
  AreaIndex() = default;
  explicit AreaIndex(std::vector<Area> areas);
  /// Calls back with the number of each area that has tiles in common with `query`, and these tiles.
  void forEach(const Area &query, llvm::function_ref<void(size_t, const Area &)> found) const;

private:
  struct Node {
    int64_t low[2], high[2]; // x, y
    size_t begin, end;       // in `order`
    int children[2] = {-1, -1};
  };
  int build(size_t begin, size_t end);

  std::vector<Area> areas;
  std::vector<size_t> order;
  std::vector<Node> nodes;
  int root = -1;
};

} // namespace wafer::fabric

#endif // WAFER_DIALECT_FABRIC_AREA_H
