#include "Plan/WorkBesideSums.h"

#include "wafer/Target/Profile.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

constexpr const char *kProgram = R"(
#id = affine_map<(i) -> (i)>
#own = #wafer.layout<[4 at 0]>
#parts = #wafer.layout<[4 at 0], partial = add[x0]>
wafer.program @main mesh(64 x 1) {
  wafer.region @r0 size(64 x 1) {
    %x = wafer.receive @x : tensor<4xf32, #own>
    %t = wafer.receive @t : tensor<4xf32, #parts>
    %sum = wafer.all_reduce %t along x on <root 32> : tensor<4xf32, #parts> to tensor<4xf32, #own>
    %a = wafer.kernel(%sum) {name = "of the sum", extents = array<i64: 4>, indexing_maps = [#id, #id], iteration = #own, iterators = ["parallel"]} : (tensor<4xf32, #own>) -> tensor<4xf32, #own> {
    ^bb0(%v: f32, %o: f32):
      wafer.yield %v : f32
    }
    %b = wafer.kernel(%x) {name = "first", extents = array<i64: 4>, indexing_maps = [#id, #id], iteration = #own, iterators = ["parallel"]} : (tensor<4xf32, #own>) -> tensor<4xf32, #own> {
    ^bb0(%v: f32, %o: f32):
      wafer.yield %v : f32
    }
    %d = wafer.kernel(%b, %sum) {name = "of both", extents = array<i64: 4>, indexing_maps = [#id, #id, #id], iteration = #own, iterators = ["parallel"]} : (tensor<4xf32, #own>, tensor<4xf32, #own>) -> tensor<4xf32, #own> {
    ^bb0(%v: f32, %u: f32, %o: f32):
      wafer.yield %v : f32
    }
    %c = wafer.kernel(%b) {name = "second", extents = array<i64: 4>, indexing_maps = [#id, #id], iteration = #own, iterators = ["parallel"]} : (tensor<4xf32, #own>) -> tensor<4xf32, #own> {
    ^bb0(%v: f32, %o: f32):
      wafer.yield %v : f32
    }
  }
}
)";

TEST(WorkBesideSums, WhatStandsThereIsFollowedByWhatReadsIt) {
  MLIRContext context;
  context.loadDialect<WaferDialect>();
  Block block;
  ASSERT_TRUE(succeeded(parseSourceString(kProgram, &block, ParserConfig(&context, /*verifyAfterParse=*/false))));
  auto program = cast<ProgramOp>(block.front());
  const Profile profile = *Profile::load("wse2");
  auto region = *program.getBody().getOps<RegionOp>().begin();
  workBesideSums(region, ResourceModel(profile));
  std::vector<std::string> order;
  for (auto kernel : region.getBody().front().getOps<KernelOp>())
    order.push_back(kernel->getAttrOfType<StringAttr>("name").str());
  EXPECT_EQ(order, (std::vector<std::string>{"first", "second", "of the sum", "of both"}));
}

} // namespace
