#include "wafer/Dialect/Wafer/Sharding.h"
#include "Enumeration.h"

#include <gtest/gtest.h>

#include <map>

using namespace wafer;
using namespace wafer::wfr;

namespace {

TEST(Sharding, GivesEachElementToOnePeOfThoseThatShare) {
  Samples samples(21);
  for (int i = 0; i != 3000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    auto dims = [&](Split split) {
      auto dim = [&] { return static_cast<int>(samples.between(-1, 1)); };
      const int major = dim(), minor = dim();
      return split.middle > 1  ? SideDims(major, dim(), minor)
             : split.minor > 1 ? SideDims(major, minor)
                               : SideDims(major);
    };
    SideDims x = dims(region.splitX), y = dims(region.splitY);
    Layout layout = shardLayout(shape, x, y, region);
    std::map<Element, int64_t> holders;
    for (Pe pe : allPes(region))
      for (const Element &element : elementsOf(layout, shape, pe))
        ++holders[element];
    // PEs that differ only on axes that shard nothing have the same.
    int64_t copies = 1;
    for (Axis axis : kPlaceAxes)
      if (!layout.dependsOn(axis))
        copies *= region.axes().size[axis];
    EXPECT_EQ(static_cast<int64_t>(holders.size()), shape[0] * shape[1]) << layout;
    for (const auto &[element, count] : holders)
      EXPECT_EQ(count, copies) << layout;
  }
}

TEST(Sharding, KeepsToTheFirstRows) {
  Samples samples(22);
  for (int i = 0; i != 1000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    const int64_t rows = samples.between(1, region.height), group = region.splitY.inner();
    for (const Layout &layout : plainLayouts(shape, region, rows)) {
      Elements elements;
      for (Pe pe : allPes({region.width, (rows + group - 1) / group * group}))
        elements.merge(elementsOf(layout, shape, pe));
      EXPECT_EQ(static_cast<int64_t>(elements.size()), shape[0] * shape[1]) << layout << " on " << rows << " rows";
    }
  }
}

TEST(Sharding, GivesOperandsWhatIterationsTouch) {
  Samples samples(23);
  mlir::MLIRContext context;
  for (int i = 0; i != 3000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> extents = samples.shape(2), shape;
    Layout iteration = samples.layout(extents, region);
    // A window: a * i + b * j + c, backwards too.
    int64_t a = samples.between(-2, 3), b = samples.between(-1, 2), c = 0;
    c -= std::min<int64_t>(0, a) * (extents[0] - 1) + std::min<int64_t>(0, b) * (extents[1] - 1);
    shape.push_back(std::abs(a) * (extents[0] - 1) + std::abs(b) * (extents[1] - 1) + 1);
    auto d0 = getAffineDimExpr(0, &context), d1 = getAffineDimExpr(1, &context);
    Layout operand = operandLayout(mlir::AffineMap::get(2, 0, d0 * a + d1 * b + c), iteration);
    for (Pe pe : allPes(region)) {
      Elements has = elementsOf(operand, shape, pe);
      for (const Element &loops : elementsOf(iteration, extents, pe))
        EXPECT_TRUE(has.count({loops[0] * a + loops[1] * b + c})) << iteration << " through " << operand;
    }
  }
}

TEST(Sharding, HoldsAllChunksTogether) {
  Samples samples(24);
  for (int i = 0; i != 2000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    int64_t chunks = samples.between(2, 3);
    Layout layout = samples.layout(shape, region, chunks), whole = wholeOfChunks(layout, chunks);
    EXPECT_FALSE(whole.dependsOn(T));
    for (Pe pe : allPes(region, chunks)) {
      Elements part = elementsOf(layout, shape, pe), all = elementsOf(whole, shape, pe);
      EXPECT_TRUE(std::includes(all.begin(), all.end(), part.begin(), part.end())) << layout;
    }
  }
}

/// The elements of a PE's box as they lie in memory, by their place in the whole tensor; -1 beyond its edge.
std::vector<int64_t> memoryOf(const Layout &layout, llvm::ArrayRef<int64_t> shape, Pe pe) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const LayoutDim &dim : layout.dims) {
    int64_t start = valueAt(dim.start, layout, pe);
    ranges.push_back({start, start + dim.length});
  }
  std::vector<int64_t> words;
  eachElement(ranges, [&](const Element &element) {
    int64_t flat = 0;
    for (auto [index, extent] : llvm::zip(element, shape))
      flat = flat < 0 || index < 0 || index >= extent ? -1 : flat * extent + index;
    words.push_back(flat);
  });
  return words;
}

TEST(Sharding, ReshapesWithoutMovingAWord) {
  Samples samples(25);
  int reshaped = 0;
  for (int i = 0; i != 4000; ++i) {
    RegionShape region = samples.region();
    auto [fine, coarse, groups] = samples.reshape(3);
    bool expand = samples.chance(50);
    llvm::ArrayRef<int64_t> from = expand ? coarse : fine, to = expand ? fine : coarse;
    Layout layout = samples.layout(from, region);
    std::optional<Layout> result = reshapeLayout(layout, from, to, groups, expand);
    if (!result)
      continue;
    ++reshaped;
    for (Pe pe : allPes(region)) {
      std::vector<int64_t> before = memoryOf(layout, from, pe), after = memoryOf(*result, to, pe);
      // A PE beyond the tensor's edge has whatever lies there.
      if (llvm::any_of(before, [](int64_t word) { return word >= 0; }))
        EXPECT_EQ(before, after) << layout << " to " << *result;
    }
  }
  EXPECT_GT(reshaped, 1000);
}

TEST(Sharding, LeavesASumAtTheHeads) {
  Layout terms = Layout::replicated({4});
  terms.splitY = 2;
  terms.kind = PartialKind::Add;
  terms.partialAxes = axisBit(X0) | axisBit(Y1);
  Layout rows = afterReduce(terms, Side::X), all = afterReduce(rows, Side::Y);
  EXPECT_EQ(rows.partialAxes, axisBit(Y1));
  EXPECT_EQ(rows.atAxes, axisBit(X0));
  EXPECT_EQ(rows.kind, PartialKind::Add);
  EXPECT_EQ(all.partialAxes, 0u);
  EXPECT_EQ(all.atAxes, axisBit(X0) | axisBit(Y1));
  EXPECT_EQ(all.kind, PartialKind::None);
}

} // namespace
