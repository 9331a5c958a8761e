#include "Tree.h"

using namespace wafer;

Point wafer::step(Point p, PortBits side) {
  switch (side) {
  case PortNorth:
    return {p.x, p.y - 1};
  case PortEast:
    return {p.x + 1, p.y};
  case PortSouth:
    return {p.x, p.y + 1};
  default:
    return {p.x - 1, p.y};
  }
}

PortBits wafer::opposite(PortBits side) {
  switch (side) {
  case PortNorth:
    return PortSouth;
  case PortEast:
    return PortWest;
  case PortSouth:
    return PortNorth;
  default:
    return PortEast;
  }
}

std::vector<RouteShape> wafer::shapesOf(const Tree &tree, int width) {
  std::vector<RouteShape> runs;
  for (const auto &[at, setup] : tree) {
    int x = static_cast<int>(at % width), y = static_cast<int>(at / width);
    if (!runs.empty()) {
      RouteShape &last = runs.back();
      if (last.y == y && last.x + last.w == x && last.input == setup.input && last.outputs == setup.outputs) {
        ++last.w;
        continue;
      }
    }
    runs.push_back({x, y, 1, 1, setup.input, setup.outputs});
  }
  std::vector<RouteShape> shapes;
  std::map<std::array<int, 5>, size_t> open; // x, w, input, outputs, row expected next
  for (const RouteShape &run : runs) {
    std::array<int, 5> key{run.x, run.w, run.input, run.outputs, run.y};
    if (auto it = open.find(key); it != open.end()) {
      size_t shape = it->second;
      ++shapes[shape].h;
      open.erase(it);
      open[{run.x, run.w, run.input, run.outputs, run.y + 1}] = shape;
      continue;
    }
    open[{run.x, run.w, run.input, run.outputs, run.y + 1}] = shapes.size();
    shapes.push_back(run);
  }
  return shapes;
}
