#include "Timeline.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace wafer::wfr;

std::optional<Timeline::Produced> Timeline::produced(int tensor) const {
  auto it = llvm::lower_bound(*made, tensor, [](const auto &entry, int number) { return entry.first < number; });
  return it == made->end() || it->first != tensor ? std::nullopt : std::optional<Produced>(it->second);
}

double Timeline::end() const {
  double last = 0;
  for (const Region &region : regions)
    last = std::max(last, region.free);
  return last;
}

void Timeline::forget(llvm::ArrayRef<int> tensors) {
  if (tensors.empty())
    return;
  auto left = std::make_shared<Made>(*made);
  llvm::erase_if(*left, [&](const auto &entry) { return llvm::is_contained(tensors, entry.first); });
  made = std::move(left);
}

void Timeline::take(Region &to, const Produced &from, double cycles) {
  Region &home = regions[from.region];
  double end;
  if (to.firstNode > from.node) {
    // Taken before the region's first node: it was idle, and everything since moves if this came late.
    end = from.ready + cycles;
    double shift = std::max(0.0, end - to.start);
    to.start += shift;
    to.free += shift;
  } else {
    end = std::max(from.ready, to.free) + cycles;
    to.free = end;
  }
  // The sender is held until the tensor is taken; what it did since then moves by as much.
  home.free = home.lastNode == from.node ? std::max(home.free, end) : home.free + (end - from.ready);
  total += cycles;
}

void Timeline::run(int node, int number, llvm::ArrayRef<Arrival> arrivals, double cycles, int result) {
  if (number >= static_cast<int>(regions.size()))
    regions.resize(number + 1);
  for (const Arrival &arrival : arrivals)
    if (std::optional<Produced> from = produced(arrival.tensor))
      take(regions[number], *from, arrival.cycles);
  Region &region = regions[number];
  if (region.firstNode < 0) {
    region.firstNode = node;
    region.start = region.free;
  }
  region.lastNode = node;
  region.free += cycles;
  total += cycles;
  if (result >= 0)
    note(result, {number, node, region.free});
}

void Timeline::enter(int input, int node, int region, double since) {
  note(input, {region, node, regions[region].free - since});
}

void Timeline::endLoop(int firstNode, int lastNode, int region) {
  auto ended = std::make_shared<Made>(*made);
  for (auto &[tensor, produced] : *ended)
    if (produced.region == region && produced.node >= firstNode)
      produced = {region, lastNode, regions[region].free};
  made = std::move(ended);
}

void Timeline::note(int tensor, const Produced &produced) {
  auto more = std::make_shared<Made>(*made);
  auto at = llvm::lower_bound(*more, tensor, [](const auto &entry, int number) { return entry.first < number; });
  more->insert(at, {tensor, produced});
  made = std::move(more);
}
