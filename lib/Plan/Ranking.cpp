#include "Ranking.h"

#include <queue>
#include <set>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// In loops so much fewer states than the beam has go on beside it, in other regions.
constexpr int kOtherRegions = 4;

bool mayRunBeside(const Successor &successor, int region) { return successor.region != region; }
bool mayRunBeside(const Option &option, int region) {
  return llvm::any_of(option.places->list, [&](const Place &place) { return place.region != region; });
}

/// What stays of a node is the same: its result, and inputs that came with it.
bool goOnAlike(const Work &a, const Work &b) {
  return &a == &b || (a.entries == b.entries && a.moved == b.moved && a.result == b.result);
}

class Ranking {
public:
  Ranking(Ways &ways, const SearchContext &context, ArrayRef<int> dying)
      : ways(ways), request(context.request), budget(context.budget), dying(dying) {}

  SmallVector<Successor *> run() {
    auto keep = [&](Successor *successor) {
      bool isKept = isNew(successor);
      successor->alike = !isKept;
      if (isKept)
        kept.push_back(successor);
      return isKept;
    };
    const bool inLoop = request.graph.nodes[ways.node].loop >= 0;
    const int beam = inLoop ? std::max(request.beam, request.beamInLoops) : request.beam, lean = beam / 3;
    inOrder(beam - lean, [](const auto &way) { return std::pair(way.score, int64_t(0)); }, keep);
    inOrder(lean, [&](const auto &way) { return std::pair(leannessOf(way), way.score); }, keep);
    if (inLoop && !kept.empty()) {
      const int region = kept.front()->region;
      auto rank = [&](const auto &way) { return std::pair(!mayRunBeside(way, region), way.score); };
      inOrder(beam / kOtherRegions, rank,
              [&](Successor *successor) { return successor->region == region || keep(successor); });
    }
    llvm::stable_sort(kept, [](const Successor *a, const Successor *b) { return a->score < b->score; });
    return std::move(kept);
  }

private:
  /// Of states between which later nodes see no difference but the cost, the cheapest is enough.
  bool isNew(const Successor *successor) {
    return llvm::none_of(kept, [&](const Successor *other) {
      if (other->region != successor->region || !goOnAlike(*other->work, *successor->work) ||
          other->bytes > successor->bytes + budget / 50)
        return false;
      if (other->from == successor->from)
        return true;
      auto [it, unknown] = alike.try_emplace({other->from.get(), successor->from.get()});
      if (unknown)
        it->second = haveSameFuture(*other->from, *successor->from, dying);
      return it->second;
    });
  }

  /// Less is better.
  double leannessOf(const auto &way) const {
    const double bytes = static_cast<double>(way.bytes);
    return request.lean == Lean::Memory ? bytes : bytes * way.score;
  }

  /// Hands successors to `keep` by rank, until it has kept `count`. Options are priced only as far as they might come
  /// before: their rank is at least that of their bounds.
  void inOrder(int count, auto rankOf, llvm::function_ref<bool(Successor *)> keep) {
    auto isBefore = [&](const Successor *a, const Successor *b) {
      return std::tuple(rankOf(*a), a->option, a->turn) < std::tuple(rankOf(*b), b->option, b->turn);
    };
    std::set<Successor *, decltype(isBefore)> ready(isBefore);
    for (Successor &successor : ways.successors)
      ready.insert(&successor);
    using Turn = std::pair<decltype(rankOf(ways.options[0])), size_t>;
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
    for (size_t i = 0; i != ways.options.size(); ++i)
      if (ways.options[i].seen != Option::Priced)
        turns.push({rankOf(ways.options[i]), i});
    while (count > 0) {
      // What does not fit at least is looked at only for what it lacks, if nothing fits.
      bool mayBeNext =
          !turns.empty() && (ways.successors.empty() || ways.options[turns.top().second].score != INFINITY);
      if (mayBeNext && (ready.empty() || turns.top() <= Turn(rankOf(**ready.begin()), (*ready.begin())->option))) {
        const size_t option = turns.top().second, before = ways.successors.size();
        turns.pop();
        if (ways.lookCloser(option) && ways.options[option].seen != Option::Priced)
          turns.push({rankOf(ways.options[option]), option});
        for (Successor &successor : llvm::drop_begin(ways.successors, before))
          ready.insert(&successor);
        continue;
      }
      if (ready.empty())
        return;
      Successor *best = *ready.begin();
      ready.erase(ready.begin());
      count -= keep(best);
    }
  }

  Ways &ways;
  const PlanRequest &request;
  int64_t budget;
  ArrayRef<int> dying;
  SmallVector<Successor *> kept;
  std::map<std::pair<const State *, const State *>, bool> alike; // have the same future
};

} // namespace

SmallVector<Successor *> wfr::keepBest(Ways &ways, const SearchContext &context, ArrayRef<int> dying) {
  return Ranking(ways, context, dying).run();
}

bool wfr::haveSameFuture(const State &a, const State &b, ArrayRef<int> dying) {
  if (a.memory.size() != b.memory.size())
    return false;
  for (auto [in, out] : {std::pair{&a, &b}, {&b, &a}})
    for (const auto &[tensor, resting] : in->live) {
      if (llvm::is_contained(dying, tensor))
        continue;
      const Resting *other = out->restingOf(tensor);
      if (!other || other->regions != resting.regions ||
          (other->layout != resting.layout && !(*other->layout == *resting.layout)))
        return false;
    }
  return true;
}
