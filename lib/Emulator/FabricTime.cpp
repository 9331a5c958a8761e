// When wavelets left, passed and were taken: asked for by who was held back.
#include "Fabric.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;

const Record *Train::recordOf(uint64_t k) const {
  auto after = std::upper_bound(records.begin(), records.end(), k,
                                [](uint64_t k, const Record &record) { return k < record.start; });
  if (after == records.begin())
    return nullptr;
  const Record &record = *--after;
  return k < uint64_t(record.start) + record.count ? &record : nullptr;
}

void Fabric::remember(End &end, Consumption consumption) {
  const uint64_t known = end.writer ? end.writer->known : end.arrived->front().base;
  const uint64_t needed = beyond(end.maxCapacity, known);
  while (!end.history.empty() && end.history.front().start + end.history.front().count <= needed)
    end.history.pop();
  end.history.push(std::move(consumption));
}

void Fabric::conclude(End &end, const Train &out) {
  for (size_t i = end.history.size(); i-- > 0 && end.history[i].out.get() == &out;) {
    Consumption &c = end.history[i];
    if (c.count > 2) // in between it may be uneven
      continue;
    c.first = std::max(c.first, injectedAt(out, c.outStart));
    c.last = std::max(c.last, injectedAt(out, c.outStart + c.count - 1));
    c.out = TrainRef();
  }
}

/// When the receiver took a wavelet, and passed it on if it did.
Ticks Fabric::consumedAt(const End &end, uint64_t coordinate) const {
  // Mostly one of the last: from the back by steps of twice the length, and then between two of them.
  const Consumption *begin = end.history.begin(), *after = end.history.end();
  for (ptrdiff_t step = 1; after != begin && coordinate < after[-1].start; step *= 2) {
    const Consumption *before = after - std::min(step, after - begin);
    if (coordinate >= before->start) {
      after = std::upper_bound(before, after, coordinate, [](uint64_t q, const Consumption &c) { return q < c.start; });
      break;
    }
    after = before;
  }
  if (after == begin)
    return 0;
  const Consumption &c = *--after;
  if (coordinate >= c.start + c.count)
    return 0;
  Ticks when =
      c.count > 1 ? c.first + (c.last - c.first) * int64_t(coordinate - c.start) / int64_t(c.count - 1) : c.first;
  return c.out ? std::max(when, injectedAt(*c.out, c.outStart + (coordinate - c.start))) : when;
}

/// When a wavelet left its sender: at the sender's pace, or once there was room.
Ticks Fabric::injectedAt(const Train &train, uint64_t k) const {
  const Record *record = train.recordOf(k);
  Ticks when = record ? record->at(k) : 0;
  if (train.stream->dynamic) {
    for (const TrainLeaf &leaf : train.leaves)
      when = std::max(when, passedAt(train, leaf, -1, k));
  } else {
    for (const RouteLeaf &leaf : train.stream->leaves)
      if (train.base + k >= leaf.capacity)
        when = std::max(when, consumedAt(*leaf.end, train.base + k - leaf.capacity) + leaf.response);
  }
  return when;
}

/// When wavelet k has passed a node of a leaf's path, or (-1) left the sender: at its pace, once the switches that it
/// waited at had opened, once there was room. It needs no more room than up to the first switch before which it and all
/// wavelets before it fit: so whether that switch happens to be open in this run yet makes no difference.
Ticks Fabric::passedAt(const Train &train, const TrainLeaf &leaf, int node, uint64_t k) const {
  const Record *record = train.recordOf(k);
  Ticks when = record ? record->at(k) : 0, latency = 0;
  if (node >= 0) {
    latency = leaf.path[node].latency;
    when = std::max(when + latency, leaf.path[node].gate + int64_t(k) * costs.link);
  }
  const uint64_t wavelets = k + 1;
  auto room = [&](size_t at) {
    const uint64_t turns = leaf.path[at].turns - (node < 0 ? 0 : leaf.path[node].turns);
    return costs.turnPlaces * turns +
           (node < 0 ? ownCapacity(train) + at * costs.linkBuffer : (at - node) * costs.linkBuffer);
  };
  for (size_t at = node + 1; at < leaf.path.size(); ++at) {
    if (!leaf.path[at].switched)
      continue;
    if (wavelets <= room(at))
      return when;
    when = std::max(when, leaf.path[at].gate + int64_t(wavelets - room(at)) * costs.link);
  }
  if (leaf.parked)
    return when;
  uint64_t capacity = node < 0 ? capacityFromSource(train, leaf) : capacityBeyond(leaf, node);
  if (leaf.base + wavelets > capacity)
    when = std::max(when, consumedAt(*leaf.end, leaf.base + k - capacity) +
                              kTicksPerCycle * (Ticks(leaf.path.size()) - 1 - node));
  return when;
}
