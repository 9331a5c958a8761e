#include "Ways.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Cycles that a whole PE's SRAM is worth, and a region: what is taken leaves less for later nodes.
constexpr double kMemoryPrice = 2000;

/// Of the cycles of all regions, beside the end of the last.
constexpr double kShareOfWork = 0.02;

/// Of all regions, where `region` has `memory` now.
int64_t totalBytes(const Memory &memory, int region, const State &state) {
  int64_t bytes = memory.bytes();
  for (int r = 0; r != static_cast<int>(state.memory.size()); ++r)
    bytes += r == region ? 0 : state.memory[r].bytes();
  return bytes;
}

} // namespace

void Ways::addAfter(const std::shared_ptr<const State> &state) {
  Offer &offer = offers.after(*state);
  candidates += static_cast<int64_t>(offer.candidates.size());
  const Places &places = placesOf.emplace_back(placesAfter(*state, node, request, pricing));
  for (size_t i = 0; i != offer.candidates.size(); ++i) {
    Option option{&state, &places, &offer, i};
    if (bound(option, offer.glanced[i], Pricing::Look::Glance))
      options.push_back(option);
  }
}

/// False if there is no way, or none in time.
bool Ways::bound(Option &option, std::optional<std::optional<Cost>> &least, Pricing::Look look) {
  const State &state = **option.from;
  if (!least) {
    const Candidate *candidate = option.candidate();
    auto [ofResult, isNew] = leastOfResult.try_emplace(candidate);
    if (isNew)
      ofResult->second = pricing.leastCostOfResult(node, *candidate);
    least.emplace();
    if (ofResult->second)
      *least = pricing.leastCost(node, state, *candidate, *ofResult->second, look);
  }
  option.score = INFINITY;
  option.bytes = INT64_MAX;
  bool inTime = false;
  if (*least)
    for (const Place &place : option.places->list)
      inTime |= considerIn(place, **least, option);
  if (request.trace && *least && !inTime)
    tooLate.insert(option.candidate());
  return inTime;
}

/// What the option takes there at least. False if a plan that goes on from there ends too late.
bool Ways::considerIn(const Place &place, const Cost &least, Option &option) const {
  const State &state = **option.from;
  Memory memory = place.memory;
  memory.codeBytes += least.codeBytes;
  memory.weightBytes += least.weightBytes;
  if (!graph.nodes[node].repeated()) // the account of loops is another one
    memory.tensorWords = std::max(memory.tensorWords, place.restingWords + least.temporaryWords + least.resultWords);
  const double cycles = least.cycles.total(), end = std::max(place.end, place.free + cycles);
  if (const double leastEnd = std::max(end, place.free + cycles + context.remaining.behind(node));
      leastEnd > request.ceiling || (request.ceiling < INFINITY && request.expectation.isBehind(leastEnd, node + 1)))
    return false;
  if (memory.bytes() > context.budget)
    return true;
  option.score = std::min(option.score, scoreOf(end, place.work + cycles, memory, place.region, state));
  option.bytes = std::min(option.bytes, totalBytes(memory, place.region, state));
  return true;
}

bool Ways::lookCloser(size_t number) {
  Option &option = options[number];
  if (option.seen == Option::Glanced) {
    option.seen = Option::Measured;
    return bound(option, option.offer->measured[option.number], Pricing::Look::Measure);
  }
  option.seen = Option::Priced;
  return price(option, number);
}

bool Ways::price(const Option &option, size_t number) {
  const State &state = **option.from;
  const Candidate &candidate = *option.candidate();
  std::unique_ptr<std::optional<Work>> &work = option.offer->works[option.number];
  if (!work)
    work = std::make_unique<std::optional<Work>>(pricing.work(node, state, candidate));
  if (!*work)
    return false;
  bool placed = false;
  const int next = static_cast<int>(state.memory.size());
  for (auto [turn, place] : llvm::enumerate(option.places->list)) {
    const int region = place.region;
    if (region == next && placed && !option.places->leave)
      continue;
    std::optional<Price> price = pricing.price(node, state, **work, region);
    if (!price)
      continue;
    smallestNeed = std::min(smallestNeed, price->memory.bytes());
    if (price->memory.bytes() > context.budget)
      continue;
    placed = true;
    const Timeline timeline = timelineAfter(state, node, **work, *price, region, /*result=*/-1);
    const double score = scoreOf(timeline.end(), timeline.work(), price->memory, region, state);
    const int64_t bytes = totalBytes(price->memory, region, state);
    successors.push_back({*option.from, &candidate, &**work, region, std::move(*price), bytes, score, number, turn});
  }
  return true;
}

double Ways::scoreOf(double end, double work, const Memory &memory, int region, const State &state) const {
  // Memory that is taken leaves less for what follows: a byte has a price, however small.
  double regions = static_cast<double>(std::max<size_t>(state.memory.size(), region + 1)),
         pressure = static_cast<double>(memory.weightBytes) / static_cast<double>(context.budget) + regions;
  return end + kShareOfWork * work + pressure * kMemoryPrice;
}
