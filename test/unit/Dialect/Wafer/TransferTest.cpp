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

TEST(Transfer, TakesSendersTogetherOnlyIfTheirBlocksAreEven) {
  Samples samples(31);
  int found = 0;
  for (int i = 0; i != 6000; ++i) {
    RegionShape region{{samples.between(2, 9), samples.between(1, 3)}};
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    Layout source = samples.layout(shape, region), result = samples.layout(shape, region);
    AxisSizes sizes = region.axes();
    for (Receivers receivers : {Receivers::OnLine, Receivers::Elsewhere}) {
      Senders senders = sendersOf(source, shape, Side::X, region);
      std::vector<TransferDim> dims = transferDims(source, shape, result, shape, {});
      auto runs = senderRuns(dims, Side::X, sizes, senders, receivers, /*between=*/1);
      if (!runs)
        continue;
      ++found;
      std::vector<Span> block = sendersBlock(dims, Side::X, sizes, receivers);
      int64_t next = 0;
      for (const SenderRun &run : *runs) {
        EXPECT_EQ(run.first, next);
        next += run.count;
        for (Pe pe : allPes(region)) {
          std::array<int64_t, kTransferAxes> first{pe.x, 0, pe.y}, at = first;
          first[P0] = run.first;
          for (int64_t p = 0; p != run.count; ++p) {
            at[P0] = run.first + p;
            for (auto [d, range] : llvm::enumerate(block)) {
              int64_t low = boundAt(range.lower, true, first), extent = boundAt(range.upper, false, first) - low;
              int64_t thisLow = boundAt(range.lower, true, at), thisExtent = boundAt(range.upper, false, at) - thisLow;
              EXPECT_EQ(std::max<int64_t>(0, thisExtent), std::max<int64_t>(0, extent)) << source << " to " << result;
              if (extent > 0)
                EXPECT_EQ(thisLow, low + p * run.advance[d]) << source << " to " << result;
            }
          }
        }
      }
      EXPECT_EQ(next, senders.major);
    }
  }
  EXPECT_GT(found, 300);
}

} // namespace
