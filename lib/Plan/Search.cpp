// The search: a beam over the nodes in topological order.
//
// A state is what has been decided so far: where each live tensor rests, how full the current region is, and how many
// cycles it took. Every state meets every candidate of the next node (Candidates.cpp); movements (Movement.cpp),
// reductions and arithmetic are priced with the resource model, of those candidates only that bounds (Bounds.cpp) do
// not rule out; what does not fit the SRAM of a PE is dropped. The best few states go on. Local information was enough
// for others on 50 models, with a beam of 8; a few states also keep the time linear in nodes. States that differ in
// nothing that later nodes see count as one: without that the beam fills with histories of one future and is worth
// little more than one state (the classifier of the tests on wse2: 176,666 cycles without, 147,116 with it).
//
// Further regions open for two reasons. Memory: code (an estimate per op), weights, live tensors and the node's own
// temporaries fill a PE; the node goes on in a next region, and what it reads is streamed over, row by row, in the
// layout that it has. Time: a node whose operands are ready long before the region is free runs beside it, in a region
// of its own or in the one that made its operands; Timeline.h keeps the account of who waits for whom. A loop, which
// cannot go on elsewhere, may begin in a next region in any case.
#include "PlanTrace.h"
#include "Pricing.h"
#include "Remaining.h"

#include "wafer/Support/Cancellation.h"

#include <cmath>
#include <deque>
#include <map>
#include <queue>
#include <set>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// In loops so much fewer states than the beam has go on beside it, in other regions.
constexpr int kOtherRegions = 4;

/// A node must be able to start this much earlier elsewhere before another region is looked at. It covers what the
/// estimates leave out of a further region: its own code, its streams' routes.
constexpr double kWorthLeaving = 2000;

class Search {
public:
  Search(const PlanRequest &request, PlanFailure &failure)
      : request(request), graph(request.graph), pricing(request), remaining(graph, leastCycles(), request.maxRegions),
        failure(failure),
        budget(static_cast<int64_t>(request.fill * static_cast<double>(request.model.usableSramBytes()))) {
    dying.resize(graph.nodes.size());
    for (auto [t, tensor] : llvm::enumerate(graph.tensors))
      if (int last = graph.lastUser(tensor); last >= 0)
        dying[last].push_back(t);
  }

  double leastEnd() const { return remaining.leastEnd(State(), 0); }

  std::optional<Plan> run() {
    Beam beam;
    beam.push_back(std::make_shared<State>());
    if (isOutrun(beam, 0))
      return std::nullopt;
    for (size_t n = 0; n != graph.nodes.size(); ++n) {
      smallestNeed = INT64_MAX;
      offers.clear();
      placesOf.clear();
      options.clear();
      successors.clear();
      tooLate.clear();
      leastOfResult.clear();
      source.emplace(graph, graph.nodes[n],
                     CandidateContext{request.region, request.model, budget / 4 / 5, request.hostLanes});
      for (const auto &state : beam)
        lookAt(n, state);
      SmallVector<Successor *> best = keepBest(n);
      if (request.trace)
        trace(best);
      if (best.empty()) {
        failure = {static_cast<int>(n), smallestNeed == INT64_MAX ? 0 : smallestNeed, budget};
        return std::nullopt;
      }
      Beam next;
      for (Successor *successor : best)
        next.push_back(apply(n, *successor));
      beam = std::move(next);
      if (isOutrun(beam, n + 1))
        return std::nullopt;
    }
    // Memory that is left over is worth nothing now.
    const State &last = **firstToEnd(beam);
    Plan plan;
    plan.region = request.region;
    plan.mayOpen = request.maxRegions;
    plan.beam = request.beam;
    plan.beamInLoops = request.beamInLoops;
    plan.lean = request.lean;
    plan.ceiling = request.ceiling;
    plan.expectation = request.expectation;
    plan.pace = paceOf(last);
    plan.hostLanes = request.hostLanes;
    plan.lanesBetween = request.lanesBetween;
    plan.cycles = plan.searched = last.timeline.end();
    plan.regions = static_cast<int>(last.memory.size());
    plan.candidates = candidates;
    for (const Memory &memory : last.memory)
      plan.bytes.push_back(memory.bytes());
    for (const State *state = &last; state->plan; state = state->parent.get())
      plan.nodes.push_back(*state->plan);
    std::reverse(plan.nodes.begin(), plan.nodes.end());
    if (request.trace)
      for (auto [state, n] = std::pair(&last, graph.nodes.size()); state->plan; state = state->parent.get())
        request.trace->choose(--n, state->traced);
    return plan;
  }

private:
  std::vector<double> leastCycles() const {
    std::vector<double> least(graph.nodes.size());
    for (size_t n = 0; n != least.size(); ++n)
      least[n] = pricing.leastCycles(n);
    return least;
  }

  using Beam = std::vector<std::shared_ptr<const State>>;

  static Beam::const_iterator firstToEnd(const Beam &beam) {
    return llvm::min_element(beam, [](const auto &a, const auto &b) { return a->timeline.end() < b->timeline.end(); });
  }
  /// No plan that goes on with node n from here is of use. Time only grows.
  bool isOutrun(const Beam &beam, size_t n) {
    const double limit = std::min(request.limit ? request.limit() : INFINITY, request.ceiling);
    auto isTooLate = [&](const auto &state) {
      const double least = remaining.leastEnd(*state, n);
      return least > limit || request.expectation.isBehind(least, n);
    };
    if (!isCancelled() && !llvm::all_of(beam, isTooLate))
      return false;
    failure = {static_cast<int>(n), 0, budget, /*outrun=*/true};
    return true;
  }

  std::shared_ptr<const Pace> paceOf(const State &last) const {
    auto pace = std::make_shared<Pace>();
    pace->end = last.timeline.end();
    pace->leastEnd.resize(graph.nodes.size() + 1);
    for (auto [state, n] = std::pair(&last, graph.nodes.size()); state; state = state->parent.get(), --n)
      pace->leastEnd[n] = remaining.leastEnd(*state, n);
    return pace;
  }

  /// One way to run the node at hand after a state.
  struct Successor {
    std::shared_ptr<const State> from;
    const Candidate *candidate; // of `offers`
    const Work *work;           // likewise
    int region;
    Price price;
    int64_t totalBytes; // of a PE of each region
    double score;
    size_t option, turn; // in the order in which the ways are looked at
    bool alike = false;  // a better one leaves the same to later nodes
  };

  struct Offer;

  /// A region that the node may run in after a state: as it is when what the node takes has come.
  struct Place {
    int region;
    double free, end, work; // cycles of it, of all regions, and of their work
    Memory memory;
    int64_t restingWords; // of tensors
  };

  /// A candidate after a state, in one of some places: what it takes at least, looked at ever more closely, and if
  /// that is not enough to leave it, what it takes.
  struct Option {
    const std::shared_ptr<const State> *from;
    ArrayRef<Place> places;
    bool leave;
    Offer *offer;
    size_t candidate;
    enum { Glanced, Measured, Priced } seen = Glanced;
    double score = INFINITY;   // at least
    int64_t bytes = INT64_MAX; // of a PE of each region, at least
  };

  void lookAt(size_t n, const std::shared_ptr<const State> &state) {
    Offer &offer = offerFor(n, *state);
    candidates += offer.candidates.size();
    SmallVector<int> regions = regionsFor(n, *state);
    SmallVector<Place> &places = placesOf.emplace_back();
    for (int region : regions)
      if (std::optional<Place> place = placeIn(n, *state, region))
        places.push_back(*place);
    bool leave = beginsLoop(n) || worthLeaving(graph.nodes[n], *state, regions);
    for (size_t i = 0; i != offer.candidates.size(); ++i) {
      Option option{&state, places, leave, &offer, i};
      if (bound(n, option, offer.glanced[i], Pricing::Look::Glance))
        options.push_back(option);
    }
  }

  /// False if there is no way, or none in time.
  bool bound(size_t n, Option &option, std::optional<std::optional<Cost>> &least, Pricing::Look look) {
    const State &state = **option.from;
    if (!least) {
      const Candidate *candidate = option.offer->candidates[option.candidate];
      auto [ofResult, isNew] = leastOfResult.try_emplace(candidate);
      if (isNew)
        ofResult->second = pricing.leastCostOfResult(n, *candidate);
      least.emplace();
      if (ofResult->second)
        *least = pricing.leastCost(n, state, *candidate, *ofResult->second, look);
    }
    option.score = INFINITY;
    option.bytes = INT64_MAX;
    bool inTime = false;
    if (*least)
      for (const Place &place : option.places)
        inTime |= considerIn(n, place, **least, option);
    if (request.trace && *least && !inTime)
      tooLate.insert(option.offer->candidates[option.candidate]);
    return inTime;
  }

  /// Nothing if what the node takes cannot come there. That is the same for all of its candidates.
  std::optional<Place> placeIn(size_t n, const State &state, int region) const {
    const GraphNode &node = graph.nodes[n];
    Work work;
    for (auto [i, operand] : llvm::enumerate(node.operands))
      for (const Piece &piece : operand.pieces)
        if (!Pricing::stays(node, i) && state.restingOf(piece.tensor))
          work.taken.push_back(piece.tensor);
    std::optional<Price> price = pricing.price(n, state, work, region);
    if (!price)
      return std::nullopt;
    Timeline timeline = timelineAfter(n, state, work, *price, region, /*result=*/-1);
    Place place{region, timeline.free(region), timeline.end(), timeline.work(), price->memory, price->memory.liveWords};
    for (const Arrival &arrival : price->arrivals)
      place.restingWords += state.restingOf(arrival.tensor)->layout->words();
    return place;
  }

  /// As outlookOf says it. False if a plan that goes on from there ends too late.
  bool considerIn(size_t n, const Place &place, const Cost &least, Option &option) const {
    const State &state = **option.from;
    Memory memory = place.memory;
    memory.codeBytes += least.codeBytes;
    memory.weightBytes += least.weightBytes;
    if (!graph.nodes[n].repeated()) // the account of loops is another one
      memory.tensorWords = std::max(memory.tensorWords, place.restingWords + least.temporaryWords + least.resultWords);
    const double cycles = least.cycles.total(), end = std::max(place.end, place.free + cycles);
    if (const double leastEnd = std::max(end, place.free + cycles + remaining.behind(n));
        leastEnd > request.ceiling || (request.ceiling < INFINITY && request.expectation.isBehind(leastEnd, n + 1)))
      return false;
    if (memory.bytes() > budget)
      return true;
    option.score = std::min(option.score, scoreOf(end, place.work + cycles, memory, place.region, state));
    option.bytes = std::min(option.bytes, totalBytes(memory, place.region, state));
    return true;
  }

  /// Looks at an option more closely; false if there is no way after all.
  bool lookCloser(size_t n, size_t number) {
    Option &option = options[number];
    if (option.seen == Option::Glanced) {
      option.seen = Option::Measured;
      return bound(n, option, option.offer->measured[option.candidate], Pricing::Look::Measure);
    }
    option.seen = Option::Priced;
    const State &state = **option.from;
    const Candidate &candidate = *option.offer->candidates[option.candidate];
    std::unique_ptr<std::optional<Work>> &work = option.offer->works[option.candidate];
    if (!work)
      work = std::make_unique<std::optional<Work>>(pricing.work(n, state, candidate));
    if (!*work)
      return false;
    bool placed = false;
    const int next = static_cast<int>(state.memory.size());
    for (auto [turn, place] : llvm::enumerate(option.places)) {
      const int region = place.region;
      if (region == next && placed && !option.leave)
        continue;
      std::optional<Outlook> outlook = outlookOf(n, state, **work, region);
      if (!outlook)
        continue;
      smallestNeed = std::min(smallestNeed, outlook->price.memory.bytes());
      if (!outlook->fits(budget))
        continue;
      placed = true;
      successors.push_back({*option.from, &candidate, &**work, region, std::move(outlook->price), outlook->totalBytes,
                            outlook->score, number, turn});
    }
    return true;
  }

  /// The candidates of a node whose operands rest in certain layouts, and what each takes: found out when the first
  /// state asks. Most states of the beam have the operands in the same layouts.
  struct Offer {
    SmallVector<const Layout *>
        resting; // of the operands' pieces, null: not at rest; the beam's states keep them alive
    SmallVector<const Candidate *> candidates;
    std::deque<Candidate> others;                                      // of these, what the node's source has not made
    std::vector<std::optional<std::optional<Cost>>> glanced, measured; // bounds
    std::vector<std::unique_ptr<std::optional<Work>>> works;
  };

  Offer &offerFor(size_t n, const State &state) {
    const GraphNode &node = graph.nodes[n];
    SmallVector<const Layout *> resting, current;
    for (const GraphOperand &operand : node.operands) {
      for (const Piece &piece : operand.pieces) {
        const Resting *tensor = state.restingOf(piece.tensor);
        resting.push_back(tensor ? tensor->layout.get() : nullptr);
      }
      current.push_back(operand.pieces.empty() ? nullptr : resting[resting.size() - operand.pieces.size()]);
    }
    auto same = [](const Layout *a, const Layout *b) { return a == b || (a && b && *a == *b); };
    for (Offer &offer : offers)
      if (std::equal(resting.begin(), resting.end(), offer.resting.begin(), offer.resting.end(), same))
        return offer;
    Offer &offer = offers.emplace_back();
    offer.resting = std::move(resting);
    offer.candidates = source->from(current);
    if (mayKeepMoved(node, state))
      for (size_t i = 0, count = offer.candidates.size(); i != count; ++i) {
        Candidate &other = offer.others.emplace_back(*offer.candidates[i]);
        other.keepMoved = true;
        offer.candidates.push_back(&other);
      }
    offer.glanced.resize(offer.candidates.size());
    offer.measured.resize(offer.candidates.size());
    offer.works.resize(offer.candidates.size());
    return offer;
  }

  /// The node is the first to read an input that others read, too.
  bool mayKeepMoved(const GraphNode &node, const State &state) const {
    return node.kind == GraphNode::Kernel && !node.repeated() &&
           llvm::any_of(node.operands, [&](const GraphOperand &operand) {
             if (!operand.plain())
               return false;
             const GraphTensor &tensor = graph.tensors[operand.pieces[0].tensor];
             return tensor.kind == GraphTensor::Input && tensor.reads > 1 && !state.restingOf(operand.pieces[0].tensor);
           });
  }

  bool beginsLoop(size_t n) const {
    const int loop = graph.nodes[n].loop;
    return loop >= 0 && graph.loops[loop].firstNode == static_cast<int>(n);
  }

  /// Where a node may run: the region opened last, those that made its operands, and a next one.
  SmallVector<int> regionsFor(size_t n, const State &state) const {
    const GraphNode &node = graph.nodes[n];
    if (node.loop >= 0 && !beginsLoop(n))
      return {state.plan->region}; // that of the loop
    int next = static_cast<int>(state.memory.size());
    SmallVector<int> regions;
    auto add = [&](int region) {
      if (region >= 0 && region < request.maxRegions && !llvm::is_contained(regions, region))
        regions.push_back(region);
    };
    add(next - 1);
    for (const GraphOperand &operand : node.operands)
      for (const Piece &piece : operand.pieces)
        if (std::optional<Timeline::Produced> made = state.timeline.produced(piece.tensor);
            made && graph.tensors[piece.tensor].kind == GraphTensor::Computed)
          add(made->region);
    add(next);
    return regions;
  }

  /// The regions that are open to the node are busy long after the node's operands are ready.
  bool worthLeaving(const GraphNode &node, const State &state, ArrayRef<int> regions) const {
    double ready = 0, free = INFINITY;
    for (int region : regions)
      if (region != static_cast<int>(state.memory.size()))
        free = std::min(free, state.timeline.free(region));
    for (const GraphOperand &operand : node.operands)
      for (const Piece &piece : operand.pieces)
        if (std::optional<Timeline::Produced> made = state.timeline.produced(piece.tensor))
          ready = std::max(ready, made->ready);
    return node.kind == GraphNode::Kernel && free > ready + kWorthLeaving;
  }

  /// How things stand after a node.
  struct Outlook {
    Price price;
    int64_t totalBytes; // of a PE of each region
    double score;
    bool fits(int64_t budget) const { return price.memory.bytes() <= budget; }
  };

  std::optional<Outlook> outlookOf(size_t n, const State &state, const Work &work, int region) const {
    std::optional<Price> price = pricing.price(n, state, work, region);
    if (!price)
      return std::nullopt;
    Timeline timeline = timelineAfter(n, state, work, *price, region, /*result=*/-1);
    double score = scoreOf(timeline.end(), timeline.work(), price->memory, region, state);
    int64_t bytes = totalBytes(price->memory, region, state);
    return Outlook{std::move(*price), bytes, score};
  }

  /// Of all regions, where `region` has `memory` now.
  static int64_t totalBytes(const Memory &memory, int region, const State &state) {
    int64_t bytes = memory.bytes();
    for (int r = 0; r != static_cast<int>(state.memory.size()); ++r)
      bytes += r == region ? 0 : state.memory[r].bytes();
    return bytes;
  }

  double scoreOf(double end, double work, const Memory &memory, int region, const State &state) const {
    // Memory that is taken leaves less for what follows: a byte has a price, however small.
    double regions = static_cast<double>(std::max<size_t>(state.memory.size(), region + 1)),
           pressure = static_cast<double>(memory.weightBytes) / static_cast<double>(budget) + regions;
    return end + kShareOfWork * work + pressure * memoryPrice;
  }

  Timeline timelineAfter(size_t n, const State &state, const Work &work, const Price &price, int region,
                         int result) const {
    Timeline timeline = state.timeline;
    timeline.run(static_cast<int>(n), region, price.arrivals, work.cycles.total(), result);
    return timeline;
  }

  /// The beam: the cheapest successors, and a few lean ones. Cheap states tend to spend memory early; where it is
  /// scarce, the lean ones are those that reach the end. A loop runs in one region, and that there is no room for it
  /// may show at its last node only: some in other regions go on beside them.
  SmallVector<Successor *> keepBest(size_t n) {
    SmallVector<Successor *> kept;
    std::map<std::pair<const State *, const State *>, bool> alike;
    // Of states between which later nodes see no difference but the cost, the cheapest is enough.
    auto isNew = [&](const Successor *successor) {
      return llvm::none_of(kept, [&](const Successor *other) {
        if (other->region != successor->region || !sameWayOn(*other->work, *successor->work) ||
            other->totalBytes > successor->totalBytes + budget / 50)
          return false;
        if (other->from == successor->from)
          return true;
        auto [it, unknown] = alike.try_emplace({other->from.get(), successor->from.get()});
        if (unknown)
          it->second = sameFuture(n, *other->from, *successor->from);
        return it->second;
      });
    };
    auto keep = [&](Successor *successor) {
      bool isKept = isNew(successor);
      successor->alike = !isKept;
      if (isKept)
        kept.push_back(successor);
      return isKept;
    };
    const bool inLoop = graph.nodes[n].loop >= 0;
    const int beam = inLoop ? std::max(request.beam, request.beamInLoops) : request.beam, lean = beam / 3;
    inOrder(n, beam - lean, [](const auto &way) { return std::pair(way.score, int64_t(0)); }, keep);
    inOrder(n, lean, [&](const auto &way) { return std::pair(leannessOf(way), way.score); }, keep);
    if (inLoop && !kept.empty()) {
      const int region = kept.front()->region;
      auto rank = [&](const auto &way) { return std::pair(!mayRunBeside(way, region), way.score); };
      inOrder(n, beam / kOtherRegions, rank,
              [&](Successor *successor) { return successor->region == region || keep(successor); });
    }
    llvm::stable_sort(kept, [](const Successor *a, const Successor *b) { return a->score < b->score; });
    return kept;
  }

  /// Tells what became of the node's candidates.
  void trace(ArrayRef<Successor *> kept) {
    std::vector<Consideration> considered;
    tracedAs.clear();
    auto fares = [&](const Candidate &candidate, Fate fate, double score, int region, const Work *work) {
      auto [it, isNew] = tracedAs.try_emplace(&candidate, considered.size());
      Consideration now{candidate.iteration, candidate.result, candidate.chunks, fate, score, std::nullopt, region};
      if (work)
        now.cycles = work->cycles, now.result = work->result;
      if (isNew)
        considered.push_back(now);
      else if (Consideration &before = considered[it->second];
               std::pair(fate, -score) > std::pair(before.fate, -before.score))
        before = now;
    };
    for (const Offer &offer : offers)
      for (const Candidate *candidate : offer.candidates)
        fares(*candidate, tooLate.contains(candidate) ? Fate::Bounded : Fate::NoWay, INFINITY, -1, nullptr);
    for (const Option &option : options)
      if (const Candidate *candidate = option.offer->candidates[option.candidate]; option.seen != Option::Priced)
        fares(*candidate, option.score == INFINITY && !tooLate.contains(candidate) ? Fate::NoRoom : Fate::Bounded,
              option.score, -1, nullptr);
      else if (*option.offer->works[option.candidate])
        fares(*option.offer->candidates[option.candidate], Fate::NoRoom, INFINITY, -1, nullptr);
    for (const Successor &successor : successors) {
      const bool isKept = llvm::is_contained(kept, &successor);
      fares(*successor.candidate,
            isKept            ? Fate::Kept
            : successor.alike ? Fate::Alike
                              : Fate::Beaten,
            successor.score, successor.region, successor.work);
    }
    request.trace->add(std::move(considered));
  }

  static bool mayRunBeside(const Successor &successor, int region) { return successor.region != region; }
  static bool mayRunBeside(const Option &option, int region) {
    return llvm::any_of(option.places, [&](const Place &place) { return place.region != region; });
  }

  /// Less is better.
  double leannessOf(const auto &way) const {
    const double bytes = static_cast<double>(bytesOf(way));
    return request.lean == Lean::Memory ? bytes : bytes * way.score;
  }

  static int64_t bytesOf(const Successor &successor) { return successor.totalBytes; }
  static int64_t bytesOf(const Option &option) { return option.bytes; }

  /// Hands successors to `keep` by rank, until it has kept `count`. Options are priced only as far as they might come
  /// before: their rank is at least that of their bounds.
  void inOrder(size_t n, int count, auto rankOf, llvm::function_ref<bool(Successor *)> keep) {
    auto isBefore = [&](const Successor *a, const Successor *b) {
      return std::tuple(rankOf(*a), a->option, a->turn) < std::tuple(rankOf(*b), b->option, b->turn);
    };
    std::set<Successor *, decltype(isBefore)> ready(isBefore);
    for (Successor &successor : successors)
      ready.insert(&successor);
    using Turn = std::pair<decltype(rankOf(options[0])), size_t>;
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
    for (size_t i = 0; i != options.size(); ++i)
      if (options[i].seen != Option::Priced)
        turns.push({rankOf(options[i]), i});
    while (count > 0) {
      // What does not fit at least is looked at only for what it lacks, if nothing fits.
      bool mayBeNext = !turns.empty() && (successors.empty() || options[turns.top().second].score != INFINITY);
      if (mayBeNext && (ready.empty() || turns.top() <= Turn(rankOf(**ready.begin()), (*ready.begin())->option))) {
        const size_t option = turns.top().second, before = successors.size();
        turns.pop();
        if (lookCloser(n, option) && options[option].seen != Option::Priced)
          turns.push({rankOf(options[option]), option});
        for (Successor &successor : llvm::drop_begin(successors, before))
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

  /// What stays of a node is the same: its result, and inputs that came with it.
  static bool sameWayOn(const Work &a, const Work &b) {
    return &a == &b || (a.entries == b.entries && a.moved == b.moved && a.result == b.result);
  }

  /// After node n the states have the same tensors at rest, in the same layouts and regions.
  bool sameFuture(size_t n, const State &a, const State &b) const {
    if (a.memory.size() != b.memory.size())
      return false;
    for (auto [in, out] : {std::pair{&a, &b}, {&b, &a}})
      for (const auto &[tensor, resting] : in->live) {
        if (llvm::is_contained(dying[n], tensor))
          continue;
        const Resting *other = out->restingOf(tensor);
        if (!other || other->regions != resting.regions ||
            (other->layout != resting.layout && !(*other->layout == *resting.layout)))
          return false;
      }
    return true;
  }

  std::shared_ptr<const State> apply(size_t n, const Successor &successor) {
    const GraphNode &node = graph.nodes[n];
    auto decided = std::make_shared<NodePlan>();
    decided->region = successor.region;
    pricing.work(n, *successor.from, *successor.candidate, decided.get());
    const NodePlan &plan = *decided;
    auto state = std::make_shared<State>();
    state->parent = successor.from;
    state->plan = decided;
    if (request.trace)
      state->traced = tracedAs.at(successor.candidate);
    state->timeline =
        timelineAfter(n, *successor.from, *successor.work, successor.price, successor.region, node.result);
    for (const auto &[input, layout] : successor.work->entries)
      state->timeline.enter(input, static_cast<int>(n), successor.region,
                            successor.work->cycles.total() - successor.work->cycles.host);
    if (const GraphLoop *loop = node.loop >= 0 ? &graph.loops[node.loop] : nullptr;
        loop && loop->endNode == static_cast<int>(n) + 1)
      state->timeline.endLoop(loop->firstNode, static_cast<int>(n), successor.region);
    state->memory = successor.from->memory;
    state->memory.resize(std::max<size_t>(state->memory.size(), plan.region + 1));
    state->memory[plan.region] = successor.price.memory;
    state->live = successor.from->live;
    for (const GraphOperand &operand : node.operands)
      for (const Piece &piece : operand.pieces) {
        const GraphTensor &tensor = graph.tensors[piece.tensor];
        if (tensor.resident())
          continue;
        Resting &resting = state->live[piece.tensor];
        if (tensor.kind == GraphTensor::Input && !resting.layout) {
          auto moved = plan.moved.find(piece.tensor);
          const bool asItCame = moved == plan.moved.end();
          layOut(resting, piece.tensor, asItCame ? plan.entries.at(piece.tensor) : moved->second, asItCame);
        }
        rest(*state, resting, plan.region);
      }
    if (node.result >= 0) {
      Resting &resting = state->live[node.result];
      layOut(resting, node.result, plan.candidate.result, /*fromHost=*/false);
      rest(*state, resting, plan.region);
    }
    // What nobody reads any more is forgotten.
    for (int tensor : dying[n])
      if (auto it = state->live.find(tensor); it != state->live.end()) {
        for (auto [region, memory] : llvm::enumerate(state->memory))
          if (it->second.isIn(static_cast<int>(region)))
            memory.liveWords -= it->second.layout->words();
        state->live.erase(it);
      }
    state->timeline.forget(dying[n]);
    return state;
  }

  /// `fromHost`: every region that reads it gets it from there.
  void layOut(Resting &resting, int tensor, const Layout &layout, bool fromHost) const {
    resting.layout = std::make_shared<Layout>(layout);
    resting.crossingCycles = pricing.crossingCycles(tensor, layout, fromHost);
  }

  /// A tensor rests in this region from now on, if it did not before.
  static void rest(State &state, Resting &resting, int region) {
    if (resting.isIn(region))
      return;
    resting.regions |= uint64_t{1} << region;
    state.memory[region].liveWords += resting.layout->words();
  }

  const PlanRequest &request;
  const Graph &graph;
  Pricing pricing;
  Remaining remaining;
  PlanFailure &failure;
  int64_t budget;
  std::vector<SmallVector<int>> dying; // by node: tensors read last by it
  // Of the node at hand.
  std::deque<Offer> offers;
  std::deque<SmallVector<Place>> placesOf; // by state
  std::optional<NodeCandidates> source;
  llvm::DenseMap<const Candidate *, std::optional<Cost>> leastOfResult;
  std::vector<Option> options;
  std::deque<Successor> successors; // of what has been priced
  llvm::DenseMap<const Candidate *, size_t> tracedAs;
  llvm::DenseSet<const Candidate *> tooLate; // beyond the ceiling, where the search is traced
  int64_t smallestNeed = INT64_MAX;
  int64_t candidates = 0;
  static constexpr double memoryPrice = 2000, kShareOfWork = 0.02;
};

} // namespace

double wafer::wfr::leastCycles(const PlanRequest &request) {
  PlanFailure none;
  return Search(request, none).leastEnd();
}

std::optional<Plan> wafer::wfr::searchPlan(const PlanRequest &request, PlanFailure &failure) {
  return Search(request, failure).run();
}
