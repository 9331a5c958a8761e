// Nets need colors, and a router has few: at a region's head every net that begins, ends or passes there takes one of
// its own. Tensors that go the same way share a net, one after the other (all ends use them in one order, see
// EmitTransfers.h). But ways differ: with n regions there are n^2 pairs, and 2^n sets of readers.
//
// So think of the regions in a line, in the order in which they were opened, the host before the first: tensors mostly
// go from a region to one that was opened soon after it, and the placer puts ends of a net beside one another. The line
// is broken into rows as wide as the mesh, and the host reaches each row from the west. A net lies over all regions
// between its first end and its last. Links between neighbors in both directions lie no more than four over any region,
// and lead from everywhere to everywhere, if regions pass on what is for others. These four are set aside, and a few
// more, as places are not quite those of the line; what colors are left is for nets that go farther, or to several
// readers at once, and whoever saves most by it gets one first. What has no net of its own goes by others': by the
// fewest hops that there are. A reader that is on the way sends on what it has; any other region on the way relays,
// word by word, without memory for it.
//
// A net of several lanes leads to several regions only in one row: from row to row lanes of one color would have to
// cross, as each must pass by the heads of the others. So there is one for each row of readers.
//
// Where all fits, which is nearly always, every tensor has a net straight to its readers, and nobody relays.
//
// Alternatives. One net to all that read anything of a region, where the others drop what is not for them: it binds the
// ends together for everything, a relay only for what it relays; and it does nothing for a region that hears many.
// Switches, as gathers have them: a position cannot be taken twice in a round, so senders could only speak in one
// order, again and again. Colors that change between phases: a region would have to know when all others have ended
// one.
#include "Nets.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <deque>
#include <map>
#include <queue>
#include <set>

using namespace wafer::wfr;

namespace {

/// Links to a neighbor and from it, on either side.
constexpr int kNeighborLinks = 4;

/// Where not all fits: for nets that lie over a region after all, because places are not quite those of the line.
constexpr int kSpare = 3;
static_assert(kNeighborLinks + kSpare <= kLeastNetColors);

/// What a hop costs beside a cycle per word: a relay's set-up at its head, or another send.
constexpr double kHopCycles = 100;

class Choice {
public:
  Choice(llvm::ArrayRef<Crossing> crossings, Rows rows, int colors)
      : crossings(crossings), rows(rows), colors(colors) {}

  std::vector<llvm::SmallVector<Hop, 1>> run() {
    choose();
    links.resize(rows.regions + 1);
    for (int end = kHost; end != rows.regions; ++end)
      for (int next : {end - 1, end + 1})
        if (next >= kHost && next < rows.regions)
          links[end + 1].push_back(next);
    for (const Net &net : chosen)
      if (net.to.size() == 1 && !betweenNeighbors(net))
        links[net.from + 1].push_back(net.to.front());
    for (auto &ends : links)
      llvm::sort(ends);
    std::vector<llvm::SmallVector<Hop, 1>> ways;
    for (const Crossing &crossing : crossings)
      ways.push_back(wayOf(crossing));
    return ways;
  }

private:
  /// Links between neighbors that a way along the line would take.
  static int distance(const Net &net) { return std::max(net.from, net.to.back()) - std::min(net.from, net.to.front()); }
  static bool betweenNeighbors(const Net &net) { return distance(net) == 1; }

  /// The nets that a crossing would have if there were colors enough.
  llvm::SmallVector<Net, 1> wantedBy(const Crossing &crossing) const {
    llvm::SmallVector<Net, 1> nets;
    for (int to : crossing.ends.to) {
      bool joins = !nets.empty() && (crossing.lanes == 1 || rows.rowOf(nets.back().to.back()) == rows.rowOf(to));
      if (!joins)
        nets.push_back({crossing.ends.from, {}});
      nets.back().to.push_back(to);
    }
    return nets;
  }

  /// Whether a net more leaves `most` over every region that it lies over.
  bool fits(const Net &net, int most) const {
    auto [first, last] = rows.under(net);
    return std::all_of(over.begin() + first, over.begin() + last + 1, [&](int nets) { return nets < most; });
  }

  void choose(const Net &net) {
    chosen.insert(net);
    auto [first, last] = rows.under(net);
    for (int r = first; r <= last; ++r)
      ++over[r];
  }

  void choose() {
    over.assign(rows.regions, 0);
    for (const Crossing &crossing : crossings)
      for (const Net &net : wantedBy(crossing))
        if (!chosen.count(net))
          choose(net);
    if (llvm::all_of(over, [&](int nets) { return nets <= colors; }))
      return;
    chosen.clear();
    over.assign(rows.regions, 0);
    chooseByCost();
  }

  void chooseByCost() {
    std::map<Net, double> wanted; // cycles that each net saves, per hop
    for (const Crossing &crossing : crossings)
      for (const Net &net : wantedBy(crossing))
        wanted[net] += crossing.words + kHopCycles;
    auto saves = [&](const Net &net) { return wanted[net] * (distance(net) - 1); };
    using Entry = std::pair<double, Net>;
    auto less = [](const Entry &a, const Entry &b) {
      return a.first != b.first ? a.first < b.first : b.second < a.second;
    };
    std::priority_queue<Entry, std::vector<Entry>, decltype(less)> queue(less);
    for (const auto &[net, cycles] : wanted)
      queue.push({saves(net), net});
    while (!queue.empty()) {
      auto [cycles, net] = queue.top();
      queue.pop();
      if (betweenNeighbors(net) || cycles != saves(net)) // has its color; or stands in the queue again, with more
        continue;
      if (fits(net, colors - kNeighborLinks - kSpare)) {
        choose(net);
        wanted[net] = 0;
      } else if (net.to.size() > 1) {
        for (int to : net.to) {
          Net part{net.from, {to}};
          if (chosen.count(part))
            continue;
          wanted[part] += wanted[net];
          queue.push({saves(part), part});
        }
      }
    }
  }

  llvm::SmallVector<Hop, 1> wayOf(const Crossing &crossing) const {
    llvm::SmallVector<Hop, 1> way;
    llvm::SmallVector<int> has{crossing.ends.from}, missing;
    for (const Net &net : wantedBy(crossing)) {
      bool straight = chosen.count(net);
      if (straight)
        way.push_back({net, false});
      (straight ? has : missing).append(net.to.begin(), net.to.end());
    }
    while (!missing.empty()) {
      llvm::SmallVector<int> path = shortest(has, missing);
      for (size_t i = 1; i != path.size(); ++i)
        way.push_back({{path[i - 1], {path[i]}}, i > 1});
      has.push_back(path.back());
      llvm::erase(missing, path.back());
    }
    return way;
  }

  /// From one of those that have the tensor to the nearest of those that want it: through regions, never the host.
  llvm::SmallVector<int> shortest(llvm::ArrayRef<int> has, llvm::ArrayRef<int> want) const {
    std::map<int, int> before;
    std::deque<int> queue(has.begin(), has.end());
    for (int end : has)
      before[end] = end;
    while (true) {
      int at = queue.front();
      queue.pop_front();
      if (llvm::is_contained(want, at)) {
        llvm::SmallVector<int> path{at};
        while (before[path.back()] != path.back())
          path.push_back(before[path.back()]);
        std::reverse(path.begin(), path.end());
        return path;
      }
      if (at == kHost && !llvm::is_contained(has, kHost))
        continue;
      for (int next : links[at + 1])
        if (before.try_emplace(next, at).second)
          queue.push_back(next);
    }
  }

  llvm::ArrayRef<Crossing> crossings;
  Rows rows;
  int colors;
  std::set<Net> chosen;
  std::vector<int> over;                     // by region: nets that lie over it, neighbors' links aside
  std::vector<llvm::SmallVector<int>> links; // by end, the host first: where a net leads
};

} // namespace

std::pair<int, int> Rows::under(const Net &net) const {
  if (net.to.front() == kHost)
    return {rowOf(net.from) * perRow, net.from};
  if (net.from == kHost)
    return {rowOf(net.to.front()) * perRow, net.to.back()};
  return {std::min(net.from, net.to.front()), std::max(net.from, net.to.back())};
}

std::vector<llvm::SmallVector<Hop, 1>> wafer::wfr::chooseNets(llvm::ArrayRef<Crossing> crossings, Rows rows,
                                                              int colors) {
  return Choice(crossings, rows, colors).run();
}
