// Groups of neighbors with leaders: each group is added up along its chain, the groups' sums from leader to leader. A
// word then is handed on by the cores of one group and by the leaders, not by all cores of the line.
//
// Groups are graded. All chains start at once, and the sum of the outermost group is on its way toward the root while
// the others still add. It crosses a group at a hop a PE; a chain takes as much as a hop, two ramps and an addition a
// PE. So a group may be the larger the nearer it is to the root, and still be ready when the wave from beyond arrives:
// the wave never waits, and no core idles for longer than it must. (Groups of one size: the near ones are ready long
// before.)
//
// With the root at the head there is one wave only, but no second wing to add: better for many words, of which each
// addition before the last costs its time.
#include "LineTime.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// The leaders of a wing, as distances from the root, whose wave is the first at the root; none where a single chain
/// is. A wave is the earlier at a leader the earlier it leaves the one before, so this is a shortest way: from the end
/// of the line inward, by the best way to each place of a leader.
SmallVector<int64_t> grade(int64_t reach, const LineTime &time) {
  struct Place {
    double leaves = INFINITY; // a wave's first word
    int64_t before = 0;       // the leader that it came from; 0: none
  };
  std::vector<Place> places(reach + 1);
  const Flow none{0, 0};
  const double way = time.throughLeader(0, &none, 1).first - time.throughLeader(0, &none, 0).first; // a hop
  for (int64_t at = reach - reach % 2; at > 0; at -= 2) {
    Place &here = places[at];
    if (double leaves = time.throughLeader(reach - at, nullptr, 0).first; leaves < here.leaves)
      here = {leaves, 0};
    for (int64_t to = at - 2; to > 0; to -= 2) {
      double hops = static_cast<double>(at - to) * way;
      Flow wave{here.leaves + hops, here.leaves + hops};
      if (double leaves = time.throughLeader(at - to - 1, &wave, 0).first; leaves < places[to].leaves)
        places[to] = {leaves, at};
    }
  }
  // Of the root, which adds up the group beside it before.
  double earliest = time.chain(reach, true).first;
  int64_t nearest = 0;
  for (int64_t at = 2; at <= reach; at += 2) {
    double hops = static_cast<double>(at) * way;
    Flow wave{places[at].leaves + hops, places[at].leaves + hops};
    if (double arrives = time.throughLeader(at - 1, &wave, 0).first; arrives < earliest) {
      earliest = arrives;
      nearest = at;
    }
  }
  SmallVector<int64_t> leaders;
  for (int64_t at = nearest; at; at = places[at].before)
    leaders.push_back(at);
  return leaders;
}

} // namespace

void wafer::wfr::chooseGradedLines(int64_t pes, int64_t words, const ResourceModel &model,
                                   SmallVectorImpl<LineShape> &lines) {
  // How many words groups must be ready for. For more than a few, waves had better wait for words than for cores.
  for (int64_t graded : {int64_t(1), int64_t(16), int64_t(64), words}) {
    if (graded > words)
      break;
    LineTime time(pes, graded, model);
    for (int64_t beyondHalf : {-1, 0, 2, 4, 8, 12, 16, 32}) {
      int64_t root = beyondHalf < 0 ? 0 : pes / 2 + beyondHalf;
      if (root >= pes)
        break;
      LineShape line{pes, root};
      for (Wing wing : kWings)
        for (int64_t distance : grade(line.reach(wing), time))
          line.leaders.push_back(wing == Wing::Before ? root - distance : root + distance);
      llvm::sort(line.leaders);
      if (!line.leaders.empty() && !llvm::is_contained(lines, line))
        lines.push_back(std::move(line));
    }
  }
}
