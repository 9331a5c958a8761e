// How long an all-reduce takes: the program of AllReduceCode.cpp followed from the ends of a line to its root, in the
// times of docs/machine.md. What is counted are its instructions and words; all else are the profile's figures.
//
// One effect needs a thought. While the root makes the last sums, each of them comes back as a word of the cast to the
// PEs that the next ones still pass through: so two words enter a core for each word of the result, and a core has one
// ramp, a wavelet a cycle. What lies in its queue comes before that. Tier `stream` of the emulator leaves it out, the
// machine does not.
#include "LineTime.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Roles that are asked for before, on lines that have all of them: ends of chains and other members, inside the line
/// and at its ends (LineShape::urgency), and leaders.
constexpr int kBeforeEnds[] = {5, 1}, kBeforeMembers[] = {7, 3}, kBeforeLeaders = 2;

} // namespace

LineTime::LineTime(int64_t pes, int64_t words, const ResourceModel &model)
    : model(model), p(model.figures()), words(static_cast<double>(words)),
      relayed(std::max(p.vectorArith.perElement, p.linkCyclesPerWavelet)) {
  for (bool outermost : {false, true}) {
    double first = told(kBeforeEnds[outermost]) + p.vectorMove.setup,
           rate = std::max({1.0, p.vectorMove.perElement, p.linkCyclesPerWavelet});
    Flow sent{first, first + (this->words - 1) * rate};
    std::vector<Flow> &flows = chains[outermost];
    flows = {sent, after(sent, 1)}; // of none: not asked for
    while (static_cast<int64_t>(flows.size()) < pes)
      flows.push_back(after(passOn(flows.back(), told(kBeforeMembers[outermost])), 1));
  }
}

/// Until a PE asks for its role: the role from memory, and a descriptor.
double LineTime::start() const { return model.scalarCycles({.scalars = 4}); }

/// Of the role that is asked for after so many others; then it sets up nest and descriptors.
double LineTime::told(int others) const {
  return start() + model.scalarCycles({.scalars = 2 * others + 6, .branches = 1});
}

double LineTime::finish() const { return model.scalarCycles({.scalars = 1}); }

/// All of a flow is added to what the PE has.
double LineTime::sumUp(const Flow &flow, double ready) const {
  double first = std::max(flow.first, ready + p.vectorArith.setup);
  return std::max(first + words * p.vectorArith.perElement, flow.last + p.vectorArith.perElement);
}

/// The same, and each sum is sent as soon as it is made.
Flow LineTime::passOn(const Flow &flow, double ready) const {
  double first = std::max(flow.first, ready + p.vectorArith.setup) + p.vectorArith.perElement;
  return {first, std::max(first + (words - 1) * relayed, flow.last + p.vectorArith.perElement)};
}

Flow LineTime::after(const Flow &sent, int64_t hops) const {
  double way = 2 * p.rampCycles + static_cast<double>(hops) * p.hopCycles;
  return {sent.first + way, sent.last + way};
}

double LineTime::readyForSums(int64_t members) const {
  return sumUp(chain(members, false), told(kBeforeLeaders) + p.vectorMove.setup);
}

Flow LineTime::throughLeader(int64_t members, const Flow *sums, int64_t hops) const {
  if (sums)
    return after(passOn(*sums, readyForSums(members)), hops);
  // The receive of the cast has been set up before.
  double ready = told(kBeforeLeaders) + p.vectorMove.setup;
  if (members)
    return after(passOn(chain(members, true), ready), hops);
  double first = ready + p.vectorMove.setup;
  return after({first, first + (words - 1) * relayed}, hops);
}

/// What comes to the root from its neighbor on a wing, and from the nearest leader.
std::pair<Flow, std::optional<Flow>> LineTime::wingTime(const LineShape &line, Wing wing) const {
  SmallVector<int64_t> distances = line.distances(wing);
  if (distances.empty())
    return {chain(line.reach(wing), true), std::nullopt};
  std::optional<Flow> sums;
  for (size_t j = distances.size(); j-- > 0;) {
    int64_t end = j + 1 == distances.size() ? line.reach(wing) + 1 : distances[j + 1],
            hops = distances[j] - (j ? distances[j - 1] : 0);
    sums = throughLeader(end - distances[j] - 1, sums ? &*sums : nullptr, hops);
  }
  return {chain(distances.front() - 1, false), sums};
}

double LineTime::cycles(const LineShape &line) const {
  SmallVector<Flow> sources, far;
  for (Wing wing : kWings)
    if (line.reach(wing) > 0) {
      auto [near, leaders] = wingTime(line, wing);
      sources.push_back(near);
      if (leaders)
        far.push_back(*leaders);
    }
  sources.append(far);
  // The root has set up the receive of its own cast, and then adds up one source after the other.
  double ready = start() + model.scalarCycles({.scalars = 4, .branches = 1}) + p.vectorMove.setup;
  for (const Flow &source : ArrayRef(sources).drop_back())
    ready = sumUp(source, ready);
  Flow sums = passOn(sources.back(), ready);
  double queued = std::min(words, static_cast<double>(p.inputQueueWavelets)), paired = std::max(relayed, 2.0);
  sums.last = std::max(sums.last, sums.first + queued * relayed + (words - queued) * paired);
  double hops = static_cast<double>(std::max(line.reach(Wing::Beyond), line.reach(Wing::Before)));
  return sums.last + 2 * p.rampCycles + hops * p.hopCycles + p.vectorMove.perElement + finish();
}

double wafer::wfr::allReduceCycles(const LineShape &line, int64_t words, const ResourceModel &model) {
  return LineTime(line.pes, words, model).cycles(line);
}
