#include "wafer/Dialect/Fabric/Area.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <numeric>

using namespace wafer::fabric;

std::string wafer::fabric::text(Tile tile) {
  return "(" + std::to_string(tile.x) + ", " + std::to_string(tile.y) + ")";
}

Port wafer::fabric::opposite(Port side) {
  switch (side) {
  case Port::North:
    return Port::South;
  case Port::East:
    return Port::West;
  case Port::South:
    return Port::North;
  default:
    return Port::East;
  }
}

Tile wafer::fabric::neighbor(Tile tile, Port side) {
  switch (side) {
  case Port::North:
    return {tile.x, tile.y - 1};
  case Port::East:
    return {tile.x + 1, tile.y};
  case Port::South:
    return {tile.x, tile.y + 1};
  default:
    return {tile.x - 1, tile.y};
  }
}

Progression Progression::make(int64_t first, int64_t step, int64_t count) {
  return {first, count > 1 ? step : 1, std::max<int64_t>(0, count)};
}

Progression wafer::fabric::intersect(Progression a, Progression b) {
  int64_t low = std::max(a.first, b.first), high = std::min(a.last(), b.last());
  if (a.empty() || b.empty() || low > high)
    return {};
  if (a.step > b.step)
    std::swap(a, b);
  // Elements of b repeat modulo a.step after a.step / gcd of them: one of those is in a, or none is.
  int64_t period = a.step / std::gcd(a.step, b.step), both = b.step * period;
  for (int64_t i = 0, value = b.first; i != period; ++i, value += b.step)
    if ((value - a.first) % a.step == 0) {
      // The first such number from `low` on; b.first is not above it.
      value += llvm::divideCeilSigned(std::max<int64_t>(0, low - value), both) * both;
      return value > high ? Progression{} : Progression::make(value, both, (high - value) / both + 1);
    }
  return {};
}

void wafer::fabric::subtract(Progression a, Progression b, llvm::function_ref<void(Progression)> part) {
  auto add = [&](int64_t first, int64_t step, int64_t count) {
    if (count > 0)
      part(Progression::make(first, step, count));
  };
  Progression common = intersect(a, b);
  if (common.empty())
    return add(a.first, a.step, a.count);
  add(a.first, a.step, (common.first - a.first) / a.step);
  if (common.count > 1)
    for (int64_t skipped = 1; skipped != common.step / a.step; ++skipped)
      add(common.first + skipped * a.step, common.step, common.count - 1);
  add(common.last() + a.step, a.step, (a.last() - common.last()) / a.step);
}

Area Area::of(AreaAttr attribute) {
  auto side = [](int64_t first, int64_t extent, int64_t step) {
    return Progression::make(first, step, (extent - 1) / step + 1);
  };
  return {side(attribute.getX(), attribute.getW(), attribute.getStepX()),
          side(attribute.getY(), attribute.getH(), attribute.getStepY())};
}

AreaAttr Area::attr(mlir::MLIRContext *context) const {
  return AreaAttr::get(context, x.first, y.first, x.last() - x.first + 1, y.last() - y.first + 1, x.step, y.step);
}

Area Area::shifted(Port side) const {
  Tile to = neighbor(first(), side);
  return shifted(to.x - x.first, to.y - y.first);
}

void wafer::fabric::subtract(std::vector<Area> &from, const Area &what) {
  std::vector<Area> left;
  for (const Area &area : from) {
    Area common = intersect(area, what);
    if (common.empty()) {
      left.push_back(area);
      continue;
    }
    subtract(area.x, common.x, [&](Progression x) { left.push_back({x, area.y}); });
    subtract(area.y, common.y, [&](Progression y) { left.push_back({common.x, y}); });
  }
  from = std::move(left);
}

//===- AreaIndex ----------------------------------------------------------===//

AreaIndex::AreaIndex(std::vector<Area> list) : areas(std::move(list)), order(areas.size()) {
  std::iota(order.begin(), order.end(), 0);
  if (!order.empty())
    root = build(0, order.size());
}

int AreaIndex::build(size_t begin, size_t end) {
  Node node{{INT64_MAX, INT64_MAX}, {INT64_MIN, INT64_MIN}, begin, end};
  for (size_t i = begin; i != end; ++i) {
    const Area &area = areas[order[i]];
    node.low[0] = std::min(node.low[0], area.x.first);
    node.low[1] = std::min(node.low[1], area.y.first);
    node.high[0] = std::max(node.high[0], area.x.last());
    node.high[1] = std::max(node.high[1], area.y.last());
  }
  constexpr size_t kLeaf = 4;
  if (end - begin > kLeaf) {
    // Halves along the longer side, by the areas' middles.
    bool byY = node.high[1] - node.low[1] > node.high[0] - node.low[0];
    auto middle = [&](size_t i) {
      const Progression &side = byY ? areas[i].y : areas[i].x;
      return std::make_pair(side.first + side.last(), i);
    };
    size_t half = begin + (end - begin) / 2;
    std::nth_element(order.begin() + begin, order.begin() + half, order.begin() + end,
                     [&](size_t a, size_t b) { return middle(a) < middle(b); });
    node.children[0] = build(begin, half);
    node.children[1] = build(half, end);
  }
  nodes.push_back(node);
  return static_cast<int>(nodes.size()) - 1;
}

void AreaIndex::forEach(const Area &query, llvm::function_ref<void(size_t, const Area &)> found) const {
  if (root < 0 || query.empty())
    return;
  llvm::SmallVector<int> work{root};
  while (!work.empty()) {
    const Node &node = nodes[work.pop_back_val()];
    if (node.low[0] > query.x.last() || node.high[0] < query.x.first || node.low[1] > query.y.last() ||
        node.high[1] < query.y.first)
      continue;
    if (node.children[0] >= 0) {
      work.append({node.children[1], node.children[0]});
      continue;
    }
    for (size_t i = node.begin; i != node.end; ++i)
      if (Area common = intersect(areas[order[i]], query); !common.empty())
        found(order[i], common);
  }
}
