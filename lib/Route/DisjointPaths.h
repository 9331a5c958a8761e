// Paths of a bus that meet nowhere.
#ifndef WAFER_LIB_ROUTE_DISJOINTPATHS_H
#define WAFER_LIB_ROUTE_DISJOINTPATHS_H

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

namespace wafer {

struct PathsRequest {
  int width, height;                                     // of the mesh; tile: y * width + x
  std::vector<int64_t> from, to;                         // tiles, one of each for a path
  std::function<bool(int64_t tile)> free;                // a path may pass here (asked of its ends too)
  std::function<int(int64_t tile, int direction)> price; // of the step north, east, south, west (0 to 3); < 0: none
  int64_t *steps;                                        // routers that may yet be looked at
};

struct PathsAnswer {
  size_t most;   // paths that there is room for, of any `from` to any `to`; a bound only if `complete`
  bool complete; // the search ended before its steps did
  std::vector<std::vector<int64_t>> paths; // all of them, path i from from[i] to to[i]; or empty
  int64_t cost;
};

/// Paths of the least total price of which no two share a tile.
PathsAnswer disjointPaths(const PathsRequest &request);

} // namespace wafer

#endif // WAFER_LIB_ROUTE_DISJOINTPATHS_H
