// Thousands of claims about random small layouts: what the proofs say of them, against enumeration and against the
// movement itself, word by word.
#include "Simulation.h"
#include "wafer/Dialect/Wafer/Sharding.h"

#include <gtest/gtest.h>

using namespace wafer;
using namespace wafer::wfr;

namespace {

/// An objection that is one to how a claim could be proved, not to an element: it may be true all the same.
bool isCautious(const Objection &objection) { return objection && objection->find("element [") == std::string::npos; }

struct Verdicts {
  int proved = 0, refuted = 0, cautious = 0;
};

/// Holds one claim against what PEs get and need.
void check(const MoveClaim &claim, Place place, Verdicts &verdicts) {
  Objection objection = objectionTo(claim, place);
  SmallMove move(claim, place);
  bool holds = true;
  for (Pe pe : allPes(place.region, place.chunks)) {
    std::optional<Arrived> needed = move.expected(pe);
    holds &= needed.has_value();
    if (objection || !needed)
      continue;
    Arrived arrived = move.simulate(pe);
    for (auto [element, from] : *needed) {
      auto found = arrived.find(element);
      ASSERT_TRUE(found != arrived.end() && found->second == from)
          << claim.source.layout << " to " << claim.result.layout << ": element " << element;
    }
  }
  ASSERT_TRUE(holds || objection) << claim.source.layout << " to " << claim.result.layout;
  if (!objection) {
    ++verdicts.proved;
  } else if (isCautious(objection)) {
    ++verdicts.cautious;
  } else {
    ++verdicts.refuted;
    // Of a tensor that is made chunk by chunk a gap counts as if it were there.
    bool strict = claim.replaces && claim.source.layout.dependsOn(T);
    ASSERT_TRUE(!holds || strict) << *objection << ": " << claim.source.layout << " to " << claim.result.layout;
  }
}

TEST(Proof, OfMovementsIsRight) {
  Samples samples(41);
  Verdicts verdicts;
  for (int i = 0; i != 8000; ++i) {
    RegionShape region = samples.region();
    int64_t chunks = samples.chance(20) ? samples.between(2, 3) : 1, rank = samples.between(1, 3);
    llvm::SmallVector<int64_t> from = samples.shape(rank), to = from, shift;
    if (samples.chance(30))
      for (int64_t d = 0; d != rank; ++d) {
        to[d] = std::max<int64_t>(1, from[d] + samples.between(-2, 2));
        shift.push_back(samples.between(-1, 2));
      }
    MoveClaim claim{{samples.layout(from, region, chunks), from}, {samples.layout(to, region, chunks), to}, shift};
    if (samples.chance(20))
      for (Layout *layout : {&claim.source.layout, &claim.result.layout})
        for (Axis axis : {X0, X1, Y0, Y1})
          if (!layout->dependsOn(axis) && samples.chance(30))
            layout->atAxes |= axisBit(axis);
    claim.replaces = samples.chance(40);
    if (samples.chance(75))
      claim.side = samples.chance(50) ? Side::X : Side::Y;
    check(claim, {region, chunks}, verdicts);
    if (HasFatalFailure())
      return;
  }
  EXPECT_GT(verdicts.proved, 1500);
  EXPECT_GT(verdicts.refuted, 1500);
  EXPECT_LT(verdicts.cautious, 2000);
}

TEST(Proof, OfExchangesBetweenNeighborsIsRight) {
  Samples samples(42);
  Verdicts verdicts;
  for (int i = 0; i != 8000; ++i) {
    RegionShape region{{samples.between(2, 6), samples.between(1, 3)}};
    llvm::SmallVector<int64_t> shape = samples.shape(2);
    Side side = samples.chance(70) ? Side::X : Side::Y;
    Layout source = shardLayout(shape, samples.chance(80) ? 0 : 1, {}, region), result = source;
    if (side == Side::Y)
      source = result = shardLayout(shape, {}, 0, region);
    else if (samples.chance(20)) // what neighbors cannot mend: another side holds parts of the other dimension
      source = shardLayout(shape, 0, 1, region);
    if (samples.chance(30))
      result = samples.layout(shape, region);
    for (LayoutDim &dim : result.dims) {
      int64_t halo = samples.between(-1, 3);
      dim.start.constant -= halo;
      dim.length = std::max<int64_t>(1, dim.length + halo + samples.between(-1, 3));
    }
    MoveClaim claim{{source, shape}, {result, shape}, {}};
    claim.side = side;
    claim.algorithm = MoveAlgorithm::Neighbors;
    claim.replaces = samples.chance(50);
    check(claim, {region}, verdicts);
    if (HasFatalFailure())
      return;
  }
  EXPECT_GT(verdicts.proved, 1000);
  EXPECT_GT(verdicts.refuted, 50);
}

TEST(Proof, OfMergesAndSplitsIsRight) {
  Samples samples(43);
  Verdicts verdicts;
  for (int i = 0; i != 3000; ++i) {
    RegionShape region = samples.region();
    llvm::SmallVector<int64_t> fine = samples.shape(3), coarse = fine;
    unsigned d = static_cast<unsigned>(samples.between(0, 1));
    coarse[d] *= coarse[d + 1];
    coarse.erase(coarse.begin() + d + 1);
    bool merge = samples.chance(50);
    llvm::SmallVector<int64_t> from = merge ? fine : coarse, to = merge ? coarse : fine;
    MoveClaim claim{{samples.layout(from, region), from}, {samples.layout(to, region), to}, {}};
    claim.regroup = {merge ? Regroup::Merge : Regroup::Split, d};
    claim.side = samples.chance(50) ? Side::X : Side::Y;
    check(claim, {region}, verdicts);
    if (HasFatalFailure())
      return;
  }
  EXPECT_GT(verdicts.proved, 300);
  EXPECT_GT(verdicts.refuted, 300);
}

TEST(Proof, OfReshapesIsRight) {
  Samples samples(44);
  int proved = 0;
  for (int i = 0; i != 8000; ++i) {
    RegionShape region = samples.region();
    auto [fine, coarse, groups] = samples.reshape(3);
    Layout source = samples.layout(fine, region), result = samples.layout(coarse, region);
    std::optional<Layout> free = reshapeLayout(source, fine, coarse, groups, /*expand=*/false);
    if (free && samples.chance(70))
      result = *free;
    Objection objection = objectionTo(ReshapeClaim{{source, fine}, {result, coarse}});
    // Nobody cuts a dimension of one element; where one would be, groups may be found otherwise.
    bool cutsOne = llvm::any_of(llvm::zip(source.dims, fine), [](auto pair) {
      return std::get<1>(pair) == 1 && !(std::get<0>(pair) == LayoutDim{1, Affine(0)});
    });
    if (free && result == *free && !cutsOne)
      EXPECT_FALSE(objection) << *objection << ": " << source << " to " << result;
    if (objection)
      continue;
    ++proved;
    for (Pe pe : allPes(region)) {
      MoveClaim copy{{source, fine}, {result, coarse}, {}};
      auto flatOf = [&](const Placed &tensor) {
        std::set<int64_t> elements;
        for (const Element &element : elementsOf(tensor.layout, tensor.shape, pe)) {
          int64_t flat = 0;
          for (auto [index, extent] : llvm::zip(element, tensor.shape))
            flat = flat * extent + index;
          elements.insert(flat);
        }
        return elements;
      };
      EXPECT_EQ(flatOf(copy.source), flatOf(copy.result)) << source << " to " << result;
      EXPECT_EQ(source.words(), result.words());
    }
  }
  EXPECT_GT(proved, 1000);
}

TEST(Proof, OfReductionsWantsTheSumWhereItIs) {
  Layout terms = Layout::replicated({6});
  terms.kind = PartialKind::Add;
  terms.partialAxes = axisBit(X0) | axisBit(Y0);
  llvm::SmallVector<int64_t> shape{6};
  Layout sum = afterReduce(terms, Side::X);
  auto objection = [&](const Layout &result) {
    return objectionTo(ReduceClaim{{terms, shape}, {result, shape}, Side::X}).value_or("");
  };
  EXPECT_EQ(objection(sum), "");
  Layout everywhere = sum, smaller = sum, both = sum;
  everywhere.atAxes = 0;
  EXPECT_EQ(objection(everywhere), "the result is valid only at coordinate 0 of the axes that had terms");
  smaller.dims[0].length = 3;
  EXPECT_EQ(objection(smaller), "combines boxes where they lie: those of the result must be the source's");
  both.partialAxes = 0;
  EXPECT_EQ(objection(both), "must keep the terms of other axes");
}

/// Loops i, j, k: result[i, j] += a[i, k] * b[k, j + k'] or the like, by enumeration.
struct SmallKernel {
  KernelClaim claim;
  Place place;

  bool holds() const {
    std::vector<Pe> pes = allPes(place.region);
    for (Pe pe : pes) {
      if (!isValidAt(claim.result.layout, pe))
        continue;
      // A PE without terms has the empty sum.
      Elements result = elementsOf(claim.result.layout, claim.result.shape, pe), computed;
      eachElement({rangeAt(claim.iteration.dims[0], claim.extents[0], claim.iteration, pe),
                   rangeAt(claim.iteration.dims[1], claim.extents[1], claim.iteration, pe)},
                  [&](const Element &element) { computed.insert(element); });
      for (const Element &loops : elementsOf(claim.iteration, claim.extents, pe)) {
        for (auto [map, input] : llvm::zip(claim.maps, claim.inputs))
          if (!elementsOf(input.layout, input.shape, pe).count(indices(map, loops)))
            return false;
        if (!result.count(indices(claim.maps.back(), loops)))
          return false;
      }
      if (computed != result)
        return false;
      for (const Element &element : result)
        if (!hasEachTermOnce(pe, element))
          return false;
    }
    return true;
  }

private:
  static Element indices(mlir::AffineMap map, const Element &loops) {
    auto values = map.compose(loops);
    return Element(values.begin(), values.end());
  }

  /// Over the PEs that have terms of the same sum as `pe`.
  bool hasEachTermOnce(Pe pe, const Element &element) const {
    std::map<Element, int> terms;
    for (Pe other : allPes(place.region)) {
      bool same = true;
      for (Axis axis : {X0, X1, Y0, Y1}) {
        Affine coordinate;
        coordinate.step[axis] = 1;
        same &= (claim.result.layout.partialAxes & axisBit(axis)) ||
                valueAt(coordinate, claim.iteration, pe) == valueAt(coordinate, claim.iteration, other);
      }
      if (same)
        for (const Element &loops : elementsOf(claim.iteration, claim.extents, other))
          if (indices(claim.maps.back(), loops) == element)
            ++terms[loops];
    }
    int64_t count = 1;
    for (auto [extent, reduced] : llvm::zip(claim.extents, claim.reduction))
      count *= reduced ? extent : 1;
    return static_cast<int64_t>(terms.size()) == count &&
           llvm::all_of(terms, [&](const auto &term) { return term.second == 1 || claim.repeatable; });
  }
};

TEST(Proof, OfKernelsIsRight) {
  mlir::MLIRContext context;
  auto i = getAffineDimExpr(0, &context), j = getAffineDimExpr(1, &context), k = getAffineDimExpr(2, &context);
  Samples samples(45);
  int proved = 0, refuted = 0;
  for (int n = 0; n != 6000; ++n) {
    RegionShape region{{samples.between(1, 4), samples.between(1, 4)}};
    llvm::SmallVector<int64_t> extents{samples.between(1, 5), samples.between(1, 5), samples.between(1, 5)};
    llvm::SmallVector<bool> reduction{false, false, true};
    bool backwards = samples.chance(20), planned = samples.chance(80);
    auto window = backwards ? j * -1 + k + (extents[1] - 1) : j * 2 + k;
    llvm::SmallVector<int64_t> a{extents[0], extents[2]},
        b{backwards ? extents[1] + extents[2] - 1 : 2 * (extents[1] - 1) + extents[2]}, c{extents[0], extents[1]};
    KernelClaim claim{extents, reduction, {}, {}, {}, {}};
    claim.maps = {mlir::AffineMap::get(3, 0, {i, k}, &context), mlir::AffineMap::get(3, 0, {window}, &context),
                  mlir::AffineMap::get(3, 0, {i, j}, &context)};
    claim.iteration = planned ? shardLayout(extents, static_cast<int>(samples.between(-1, 2)),
                                            static_cast<int>(samples.between(-1, 2)), region)
                              : samples.layout(extents, region);
    claim.inputs = {{operandLayout(claim.maps[0], claim.iteration), a},
                    {operandLayout(claim.maps[1], claim.iteration), b}};
    claim.result = {operandLayout(claim.maps[2], claim.iteration), c};
    claim.result.layout.partialAxes = partialAxesOf(reduction, claim.iteration);
    claim.result.layout.kind = claim.result.layout.partialAxes ? PartialKind::Add : PartialKind::None;
    claim.repeatable = samples.chance(20);
    bool changed = samples.chance(50);
    if (changed) {
      Layout &layout = samples.chance(30)   ? claim.result.layout
                       : samples.chance(50) ? claim.inputs[0].layout
                                            : claim.inputs[1].layout;
      LayoutDim &dim = layout.dims[samples.between(0, static_cast<int64_t>(layout.dims.size()) - 1)];
      switch (samples.between(0, 3)) {
      case 0:
        dim.length = std::max<int64_t>(1, dim.length + samples.between(-1, 1));
        break;
      case 1:
        dim.start.constant += samples.between(-1, 1);
        break;
      case 2:
        layout.partialAxes = 0;
        layout.kind = PartialKind::None;
        break;
      case 3:
        if (!layout.dependsOn(X0) && !layout.partialAxes)
          layout.atAxes = axisBit(X0);
        break;
      }
    }
    SmallKernel kernel{claim, {region}};
    Objection objection = objectionTo(claim, {region});
    bool holds = kernel.holds();
    ASSERT_TRUE(holds || objection) << claim.iteration << ": " << claim.inputs[0].layout << ", "
                                    << claim.inputs[1].layout << " to " << claim.result.layout;
    // Of what a planner makes every claim that holds is proved.
    if (planned && !changed)
      ASSERT_FALSE(objection) << *objection << ": " << claim.iteration;
    if (objection && !isCautious(objection))
      ASSERT_FALSE(holds) << *objection << ": " << claim.iteration << ": " << claim.inputs[0].layout << ", "
                          << claim.inputs[1].layout << " to " << claim.result.layout;
    ++(objection ? refuted : proved);
  }
  EXPECT_GT(proved, 2000);
  EXPECT_GT(refuted, 1000);
}

} // namespace
