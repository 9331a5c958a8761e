#include "Enumeration.h"

#include <gtest/gtest.h>

using namespace wafer;
using namespace wafer::wfr;

namespace {

TEST(Layout, IsTheSameAsAnAttribute) {
  mlir::MLIRContext context;
  context.loadDialect<WaferDialect>();
  Samples samples(1);
  for (int i = 0; i != 500; ++i) {
    RegionShape region = samples.region();
    Layout layout = samples.layout(samples.shape(samples.between(0, 3)), region, samples.between(1, 3));
    EXPECT_EQ(Layout::get(layout.attr(&context)), layout);
  }
}

TEST(Layout, KeepsEveryBoxWhenSidesAreDividedAndUndivided) {
  Samples samples(2);
  for (int i = 0; i != 3000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    Layout divided = samples.layout(shape, region), simple = divided.simplified();
    Layout other = samples.layout(shape, region);
    Layout aligned = divided;
    alignSplits({&aligned, &other});
    Layout again = simple.withSplits(region.splitX, region.splitY);
    for (Pe pe : allPes(region)) {
      Elements elements = elementsOf(divided, shape, pe);
      EXPECT_EQ(elementsOf(simple, shape, pe), elements) << divided;
      EXPECT_EQ(elementsOf(aligned, shape, pe), elements) << divided;
      EXPECT_EQ(elementsOf(again, shape, pe), elements) << divided;
    }
    EXPECT_EQ(aligned.splitX, other.splitX);
    EXPECT_EQ(aligned.splitY, other.splitY);
  }
}

TEST(Layout, SaysWhereItIsValidAndPartialWhenSidesAreDivided) {
  Layout layout = Layout::replicated({4});
  layout.atAxes = axisBit(X0);
  layout.partialAxes = axisBit(Y0);
  layout.kind = PartialKind::Add;
  Layout divided = layout.withSplits(2, 3);
  EXPECT_EQ(divided.atAxes, axesOf(Side::X, 2));
  EXPECT_EQ(divided.partialAxes, axesOf(Side::Y, 3));
  EXPECT_EQ(divided.simplified(), layout);
  // On the minor axis alone it takes the division to say it.
  divided.atAxes = axisBit(X1);
  EXPECT_EQ(divided.simplified().splitX, 2);
}

TEST(Layout, SaysItInAsFewAxesAsItTakes) {
  auto onX = [](Split split, int64_t major, int64_t middle, int64_t minor) {
    Layout layout = Layout::replicated({64});
    layout.splitX = split;
    layout.dims[0].start.step[X0] = major;
    layout.dims[0].start.step[XM] = middle;
    layout.dims[0].start.step[X1] = minor;
    return layout;
  };
  const Split three(3, 4);
  EXPECT_EQ(onX(three, 24, 8, 2).simplified(), onX(1, 2, 0, 0));
  EXPECT_EQ(onX(three, 24, 8, 1).simplified(), onX(4, 8, 0, 1));    // major and middle are one
  EXPECT_EQ(onX(three, 1, 8, 2).simplified(), onX(12, 1, 0, 2));    // middle and minor are
  EXPECT_EQ(onX(three, 5, 0, 2).simplified(), onX(three, 5, 0, 2)); // the middle axis has copies
  EXPECT_EQ(onX(three, 0, 1, 0).simplified(), onX(three, 0, 1, 0));
  for (const Layout &layout : {onX(1, 2, 0, 0), onX(4, 8, 0, 1), onX(12, 1, 0, 2)})
    EXPECT_EQ(layout.withSplits(three, 1).simplified(), layout);
}

TEST(Layout, MeetsOnDivisionsThatNest) {
  EXPECT_EQ(commonSplit(1, 4), Split(4));
  EXPECT_EQ(commonSplit(12, 4), Split(3, 4));
  EXPECT_EQ(commonSplit(Split(3, 4), 12), Split(3, 4));
  EXPECT_EQ(commonSplit(Split(3, 4), 4), Split(3, 4));
  EXPECT_EQ(commonSplit(6, 4), std::nullopt);           // groups of 4 lie across those of 6
  EXPECT_EQ(commonSplit(Split(3, 4), 2), std::nullopt); // it would take four axes
}

TEST(Layout, FindsTheEndsOfAffineFunctions) {
  Samples samples(3);
  for (int i = 0; i != 2000; ++i) {
    RegionShape region = samples.region();
    Layout layout = samples.layout({9}, region);
    Affine start = layout.dims[0].start;
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (Pe pe : allPes(region)) {
      least = std::min(least, valueAt(start, layout, pe));
      most = std::max(most, valueAt(start, layout, pe));
    }
    EXPECT_EQ(minOf(start, region.axes()), least) << layout;
    EXPECT_EQ(maxOf(start, region.axes()), most) << layout;
  }
}

} // namespace
