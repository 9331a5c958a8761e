#include "Cut.h"

#include <algorithm>
#include <set>

using namespace wafer;

Cut wafer::tightestCut(const RouteRequest &request, const Net &net) {
  Cut worst{0, std::min(request.width, request.height)};
  for (bool vertical : {true, false}) {
    auto along = [&](Point p) { return vertical ? p.x : p.y; };
    const int cuts = (vertical ? request.width : request.height) - 1;
    std::vector<int64_t> change(cuts + 2, 0); // lanes that begin to cross at a cut
    for (const Lane &lane : net.lanes) {
      int first = along(lane.source.at), last = first;
      for (const Terminal &sink : lane.sinks)
        first = std::min(first, along(sink.at)), last = std::max(last, along(sink.at));
      ++change[first], --change[last];
    }
    std::vector<std::set<int>> dead(cuts + 1); // by row or column of PEs along the cut
    for (const auto &[x, y] : request.profile.deadPes)
      if (x < request.width && y < request.height)
        dead[along({x, y})].insert(vertical ? y : x);
    Cut cut{0, 0};
    for (int at = 0; at != cuts; ++at) {
      std::set<int> blocked = dead[at];
      blocked.insert(dead[at + 1].begin(), dead[at + 1].end());
      cut.lanes += change[at];
      cut.room = (vertical ? request.height : request.width) - static_cast<int64_t>(blocked.size());
      if (cut.room - cut.lanes < worst.room - worst.lanes)
        worst = cut;
    }
  }
  return worst;
}
