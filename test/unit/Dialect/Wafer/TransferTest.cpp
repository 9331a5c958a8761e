#include "Enumeration.h"

#include <gtest/gtest.h>

using namespace wafer;
using namespace wafer::wfr;

namespace {

int64_t boundAt(const Bounds &bounds, bool largest, const std::array<int64_t, kTransferAxes> &at) {
  std::optional<int64_t> extreme;
  for (const TransferAffine &bound : bounds) {
    int64_t value = bound.constant;
    for (unsigned a = 0; a != kTransferAxes; ++a)
      value += bound.step[a] * at[a];
    extreme = !extreme ? value : largest ? std::max(*extreme, value) : std::min(*extreme, value);
  }
  return *extreme;
}

/// The coordinates of all axes of a transfer where a PE hears another one of its line.
std::array<int64_t, kTransferAxes> coordinates(Pe pe, RegionShape region, int64_t major, int64_t minor) {
  std::array<int64_t, kTransferAxes> at{};
  llvm::copy(coordinatesOf(pe, region.splitX, region.splitY), at.begin());
  at[P0] = major;
  at[P1] = minor;
  return at;
}

/// A region with lines along x, divided every second time.
RegionShape linesAlongX(Samples &samples) {
  int64_t split = samples.chance(50) ? 1 : samples.between(2, 4), major = samples.between(2, 9);
  return {{split * major, samples.between(1, 3)}, split, 1};
}

/// The elements of a sender's block on one PE: [low, high) of each dimension; nothing if one is empty.
std::vector<std::pair<int64_t, int64_t>> blockAt(const std::vector<Span> &block,
                                                 const std::array<int64_t, kTransferAxes> &at) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const Span &range : block) {
    ranges.push_back({boundAt(range.lower, true, at), boundAt(range.upper, false, at)});
    if (ranges.back().first >= ranges.back().second)
      return {};
  }
  return ranges;
}

TEST(Transfer, TakesSendersTogetherOnlyIfTheirBlocksAreEven) {
  Samples samples(31);
  int found[2] = {};
  for (int i = 0; i != 12000; ++i) {
    RegionShape region = linesAlongX(samples);
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    Layout source = samples.layout(shape, region), result = samples.layout(shape, region);
    AxisSizes sizes = region.axes();
    const bool divided = region.splitX.divides();
    for (Receivers receivers : {Receivers::OnLine, Receivers::Elsewhere}) {
      Senders senders = sendersOf(source, shape, Side::X, region);
      std::vector<TransferDim> dims = transferDims(source, shape, result, shape, {});
      auto runs = senderRuns(dims, Side::X, sizes, senders, receivers, /*between=*/1);
      if (!runs)
        continue;
      ++found[divided];
      std::vector<Span> block = sendersBlock(dims, Side::X, sizes, receivers);
      int64_t next = 0;
      for (const SenderRun &run : *runs) {
        EXPECT_EQ(run.first, next);
        next += run.count;
        for (Pe pe : allPes(region))
          for (int64_t major = 0; major != (divided ? senders.major : 1); ++major) {
            auto at = [&](int64_t p) {
              return divided ? coordinates(pe, region, major, p) : coordinates(pe, region, p, 0);
            };
            auto first = blockAt(block, at(run.first));
            for (int64_t p = 0; p != run.count; ++p) {
              auto ranges = blockAt(block, at(run.first + p));
              ASSERT_EQ(ranges.size(), first.size()) << source << " to " << result;
              for (size_t d = 0; d != ranges.size(); ++d) {
                EXPECT_EQ(ranges[d].first, first[d].first + p * run.advance[d]) << source << " to " << result;
                EXPECT_EQ(ranges[d].second - ranges[d].first, first[d].second - first[d].first)
                    << source << " to " << result;
              }
            }
          }
      }
      EXPECT_EQ(next, divided ? senders.minor : senders.major);
    }
  }
  EXPECT_GT(found[0], 300);
  EXPECT_GT(found[1], 100);
}

TEST(Transfer, KnowsAllSendersThatHaveSomethingForALine) {
  Samples samples(32);
  int found[2] = {};
  for (int i = 0; i != 60000; ++i) {
    RegionShape region = linesAlongX(samples);
    llvm::SmallVector<int64_t> shape{samples.between(1, 40), samples.between(1, 40)};
    Layout source = samples.layout(shape, region), result = samples.layout(shape, region);
    Senders senders = sendersOf(source, shape, Side::X, region);
    std::vector<TransferDim> dims = transferDims(source, shape, result, shape, {});
    for (TransferAxis axis : {P0, P1}) {
      if (axis == P1 && !region.splitX.divides())
        continue;
      auto speakers = speakersOf(dims, Side::X, region.axes(), senders, Receivers::OnLine, axis);
      if (!speakers)
        continue;
      ++found[axis == P1];
      EXPECT_EQ(speakers->count, axis == P0 ? senders.major : senders.minor);
      std::vector<Span> block = sendersBlock(dims, Side::X, region.axes(), Receivers::OnLine);
      for (int64_t y = 0; y != region.height; ++y)
        for (int64_t other = 0; other != (axis == P0 ? senders.minor : senders.major); ++other) {
          int64_t speaking = 0;
          for (int64_t p = 0; p != speakers->count; ++p) {
            auto at = axis == P0 ? coordinates({0, y}, region, p, other) : coordinates({0, y}, region, other, p);
            int64_t start = boundAt({speakers->start}, true, at) + p * speakers->step;
            bool speaks = start + speakers->length > boundAt(speakers->needed.lower, true, at) &&
                          start < boundAt(speakers->needed.upper, false, at);
            speaking += speaks;
            for (int64_t x = 0; x != region.width && !speaks; ++x) {
              at[X0] = x / region.splitX.minor;
              at[X1] = x % region.splitX.minor;
              EXPECT_TRUE(blockAt(block, at).empty()) << source << " to " << result;
            }
          }
          auto at = axis == P0 ? coordinates({0, y}, region, 0, other) : coordinates({0, y}, region, other, 0);
          if (boundAt(speakers->needed.lower, true, at) < boundAt(speakers->needed.upper, false, at))
            EXPECT_LE(speaking, speakers->most) << source << " to " << result;
        }
    }
  }
  EXPECT_GT(found[0], 40);
  EXPECT_GT(found[1], 20);
}

} // namespace
