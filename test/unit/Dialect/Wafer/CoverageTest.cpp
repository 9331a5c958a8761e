#include "wafer/Dialect/Wafer/Coverage.h"
#include "Enumeration.h"
#include "wafer/Dialect/Wafer/Lines.h"

#include <gtest/gtest.h>

using namespace wafer;
using namespace wafer::wfr;

namespace {

/// What a line of PEs has of a tensor.
Elements elementsOfLine(const Layout &layout, llvm::ArrayRef<int64_t> shape, Pe pe, Side side, RegionSize region) {
  Elements elements;
  for (int64_t p = 0; p != region.along(side); ++p)
    elements.merge(elementsOf(layout, shape, pe.at(side, p)));
  return elements;
}

TEST(Coverage, UnitesTheBlocksOfALine) {
  Samples samples(11);
  int united = 0;
  for (int i = 0; i != 3000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> shape = samples.shape(1);
    Layout layout = samples.layout(shape, region);
    for (Side side : kSides) {
      Layout hull = layout, line = layout;
      hull.dims[0] = hullAlong(side, layout.dims[0], region.axes());
      std::optional<LayoutDim> one = unionAlong(side, layout.dims[0], region.axes());
      if (one)
        line.dims[0] = *one;
      united += one.has_value();
      for (Pe pe : allPes(region)) {
        Elements elements = elementsOfLine(layout, shape, pe, side, region);
        if (one)
          EXPECT_EQ(elementsOf(line, shape, pe), elements) << layout;
        Elements all = elementsOf(hull, shape, pe);
        EXPECT_TRUE(std::includes(all.begin(), all.end(), elements.begin(), elements.end())) << layout;
      }
    }
  }
  EXPECT_GT(united, 4000);
}

TEST(Coverage, TellsWhatIsHeldOnce) {
  Samples samples(13);
  int once = 0, several = 0;
  for (int i = 0; i != 3000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    Layout layout = samples.layout(shape, region);
    for (Side side : kSides) {
      if (!holdsOnce(axesOf(side), layout, region.axes()))
        continue;
      ++once;
      for (Pe pe : allPes(region)) {
        size_t count = 0;
        for (int64_t p = 0; p != region.along(side); ++p)
          count += elementsOf(layout, shape, pe.at(side, p)).size();
        const size_t different = elementsOfLine(layout, shape, pe, side, region).size();
        EXPECT_EQ(count, different) << layout;
        several += different > 1;
      }
    }
  }
  EXPECT_GT(once, 300);
  EXPECT_GT(several, 1000);
}

TEST(Coverage, HoldsWhatEveryPeHolds) {
  Samples samples(12);
  int held = 0, all = 0;
  for (int i = 0; i != 5000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    Layout has = samples.layout(shape, region), needs = samples.layout(shape, region);
    Elements together;
    bool each = true;
    for (Pe pe : allPes(region)) {
      Elements there = elementsOf(has, shape, pe), needed = elementsOf(needs, shape, pe);
      each &= std::includes(there.begin(), there.end(), needed.begin(), needed.end());
      together.merge(there);
    }
    if (holds(has, needs, shape, region, 1)) {
      EXPECT_TRUE(each) << has << " for " << needs;
      ++held;
    }
    if (holdsAll(has, shape, region)) {
      EXPECT_EQ(static_cast<int64_t>(together.size()), shape[0] * shape[1]) << has;
      ++all;
    }
  }
  EXPECT_GT(held, 500);
  EXPECT_GT(all, 2000);
}

TEST(Lines, SendersHaveWhatTheLineHas) {
  Samples samples(13);
  int inThree = 0; // which have no senders
  for (int i = 0; i != 3000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    Layout layout = samples.layout(shape, region);
    if (samples.chance(20))
      for (Axis axis : kPlaceAxes)
        if (!layout.dependsOn(axis) && samples.chance(50))
          layout.atAxes |= axisBit(axis);
    for (Side side : kSides) {
      if (layout.split(side).middle > 1) {
        layout = layout.simplified();
        if (layout.split(side).middle > 1) {
          ++inThree;
          continue;
        }
      }
      Senders senders = sendersOf(layout, shape, side, region);
      ASSERT_LE(senders.end(), region.along(side));
      for (Pe pe : allPes(region)) {
        Elements sent;
        for (int64_t major = 0; major != senders.major; ++major)
          for (int64_t minor = 0; minor != senders.minor; ++minor)
            sent.merge(elementsOf(layout, shape, pe.at(side, major * senders.split + minor)));
        EXPECT_EQ(sent, elementsOfLine(layout, shape, pe, side, region)) << layout;
      }
    }
  }
  EXPECT_GT(inThree, 50);
}

TEST(Lines, CountsRowsAndColumnsThatHoldSomething) {
  Samples samples(14);
  for (int i = 0; i != 3000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    Layout layout = samples.layout(shape, region);
    Elements all, first;
    for (Pe pe : allPes(region)) {
      Elements elements = elementsOf(layout, shape, pe);
      if (pe.y < rowsInUse(layout, shape, region) && pe.x < columnsInUse(layout, shape, region))
        first.insert(elements.begin(), elements.end());
      all.merge(elements);
    }
    EXPECT_EQ(first, all) << layout;
  }
}

TEST(Lines, DealtColumnsGoToLanesOnce) {
  Samples samples(15);
  int dealt = 0, ragged = 0;
  for (int i = 0; i != 6000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    Layout layout = samples.layout(shape, region);
    const int64_t most = samples.between(1, 6);
    std::optional<Deal> deal = dealColumns(layout, shape, region, most);
    if (!deal)
      continue;
    ++dealt;
    ASSERT_LE(deal->lanes, std::min(most, region.height));
    std::map<Element, int> sent;
    for (int64_t round = 0; round != deal->rounds; ++round)
      for (int64_t lane = 0; lane != deal->lanes; ++lane) {
        const int64_t column = round * deal->lanes + lane;
        Elements carried = elementsOf(deal->layout, shape, {round, lane});
        EXPECT_EQ(carried, column < deal->columns ? elementsOf(layout, shape, {column, 0}) : Elements()) << layout;
        if (round < deal->wholeRounds)
          EXPECT_EQ(static_cast<int64_t>(carried.size()), layout.words()) << layout;
        else
          ragged += static_cast<int64_t>(carried.size()) != layout.words();
        for (const Element &element : carried)
          ++sent[element];
      }
    Elements all;
    for (Pe pe : allPes(region))
      all.merge(elementsOf(layout, shape, pe));
    EXPECT_EQ(sent.size(), all.size()) << layout;
    for (const auto &[element, times] : sent)
      EXPECT_EQ(times, 1) << layout;
  }
  EXPECT_GT(dealt, 300);
  EXPECT_GT(ragged, 100);
}

TEST(Lines, GroupsTheNeighborsThatHoldTermsOfOneSum) {
  Layout terms = Layout::replicated({4});
  terms.splitX = 3;
  RegionSize region{6, 2};
  EXPECT_EQ(reducedGroup(terms, Side::X, region), 0);
  terms.partialAxes = axisBit(X1);
  EXPECT_EQ(reducedGroup(terms, Side::X, region), 3);
  terms.partialAxes |= axisBit(X0);
  EXPECT_EQ(reducedGroup(terms, Side::X, region), 6);
  terms.partialAxes = axisBit(X0); // every third PE: no neighbors
  EXPECT_EQ(reducedGroup(terms, Side::X, region), 0);
  terms.partialAxes = axisBit(Y0);
  EXPECT_EQ(reducedGroup(terms, Side::Y, region), 2);
}

} // namespace
