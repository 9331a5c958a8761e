// How a nest is done in a block of PEs. Three questions decide it.
//
// Do operands meet the destination? If one has words of it at other elements, all goes element by element, as written.
// Does the destination stand still along some dimensions? Then it accumulates, and its words stay in registers while
// those dimensions run, for several independent words at once: the order for each word is the nest's, so no bit
// changes. Is every element independent of every other? Then dimensions may change places, so that rows are long.
#include "BlockKernels.h"

#include "../ElementOperations.h"
#include "../Nest.h"

#include <algorithm>
#include <cstdlib>

using namespace wafer::emulator;
using namespace wafer::isa;

/// Different elements have different words, along all dimensions that move the destination.
static bool hasDistinctWords(const Nest &nest) {
  int order[4], n = 0;
  for (int d = 0; d != nest.rank; ++d)
    if (nest.stride[0][d] != 0)
      order[n++] = d;
  auto step = [&](int d) { return std::abs(nest.stride[0][d]); };
  std::sort(order, order + n, [&](int x, int y) { return step(x) < step(y); });
  int64_t reach = 0;
  for (int q = 0; q != n; ++q) {
    if (step(order[q]) <= reach)
      return false;
    reach += step(order[q]) * (nest.n[order[q]] - 1);
  }
  return true;
}

static bool isCommutative(VectorOp op) {
  switch (op) {
  case VectorOp::Add:
  case VectorOp::Mul:
  case VectorOp::Min:
  case VectorOp::Max:
  case VectorOp::And:
  case VectorOp::Or:
  case VectorOp::Xor:
    return true;
  default:
    return false;
  }
}

/// Operations whose folds have kernels of their own; others accumulate element by element.
static bool hasFold(VectorOp op) { return isCommutative(op) || op == VectorOp::Sub; }

static void swapSources(BlockPlan &plan, Nest &nest) {
  plan.swapped = true;
  std::swap(plan.lanes[1], plan.lanes[2]);
  std::swap(nest.data[1], nest.data[2]);
  std::swap(nest.unit[1], nest.unit[2]);
  std::swap(nest.stride[1], nest.stride[2]);
}

/// Fills `reduced` and `kept`; false if the nest is no accumulation, or none that pays.
static bool accumulates(BlockPlan &plan, Nest &nest) {
  const bool product = plan.op == VectorOp::Fma;
  if (!product && !hasFold(plan.op))
    return false;
  if (!product && !isDestination(nest, 1) && isDestination(nest, 2) && isCommutative(plan.op))
    swapSources(plan, nest);
  const int own = product ? 3 : 1;
  if (!isDestination(nest, own) || !hasDistinctWords(nest))
    return false;
  for (int k = 1; k <= plan.sources; ++k)
    if (k != own && !isApart(nest, k))
      return false;
  // What all eight hear comes first: it is the one that is copied into a register.
  if (product && plan.lanes[1] == kLanes && plan.lanes[2] == 1)
    swapSources(plan, nest);

  BlockPlan::Loop kept[4], reduced[4];
  int keptRank = 0, reducedRank = 0;
  for (int d = 0; d != nest.rank; ++d) {
    BlockPlan::Loop loop{nest.n[d], nest.stride[0][d], product ? nest.stride[1][d] : 0, nest.stride[2][d]};
    (loop.dst == 0 ? reduced[reducedRank++] : kept[keptRank++]) = loop;
  }
  if (!reducedRank)
    return false;
  std::copy_backward(reduced, reduced + reducedRank, plan.reduced + 4);
  // The two to block: one that moves a alone, and one that moves b alone; the longest of each.
  int best[2] = {-1, -1};
  auto longest = [&](int which, auto fits) {
    for (int q = 0; q != keptRank; ++q)
      if (fits(kept[q]) && (best[which] < 0 || kept[q].extent > kept[best[which]].extent))
        best[which] = q;
  };
  if (product)
    longest(0, [](const BlockPlan::Loop &loop) { return loop.b == 0; });
  longest(1, [](const BlockPlan::Loop &loop) { return loop.a == 0 && loop.b != 0; });
  // Where both move, eight words at once still hide the latency.
  if (std::max(best[0] < 0 ? 1 : kept[best[0]].extent, best[1] < 0 ? 1 : kept[best[1]].extent) < 4) {
    best[0] = best[1] = -1;
    longest(1, [](const BlockPlan::Loop &) { return true; });
  }
  plan.keptRank = 2;
  for (int q = 0; q != keptRank; ++q)
    plan.kept[q == best[0] ? 0 : q == best[1] ? 1 : plan.keptRank++] = kept[q];
  return true;
}

/// Puts a dimension innermost that makes long rows of neighboring words. All elements are independent.
static void permute(Nest &nest) {
  auto score = [&](int d) {
    int64_t n = std::min<int64_t>(nest.n[d], 16);
    for (int k = 0; k != nest.operands; ++k)
      n += std::abs(nest.stride[k][d]) <= nest.unit[k] ? 2 : 0;
    return n;
  };
  int best = nest.rank - 1;
  for (int d = nest.rank - 2; d >= 0; --d)
    if (score(d) > score(best))
      best = d;
  for (; best != nest.rank - 1; ++best) {
    std::swap(nest.n[best], nest.n[best + 1]);
    for (int k = 0; k != nest.operands; ++k)
      std::swap(nest.stride[k][best], nest.stride[k][best + 1]);
  }
}

BlockPlan wafer::emulator::planBlock(const BlockCall &call) {
  BlockPlan plan;
  plan.op = call.op, plan.type = call.type;
  plan.iotaBase = call.iotaBase;
  plan.sources = vectorArity(call.op);
  int unit[4] = {1, 1, 1, 1};
  for (int k = 0; k <= plan.sources; ++k) {
    plan.data[k] = call.operand[k].data;
    plan.lanes[k] = unit[k] = call.operand[k].lanes;
  }
  if (!call.operand[0].data)
    return plan;
  if (call.op == VectorOp::Iota)
    unit[1] = 1; // counts
  Nest nest = normalise(call, plan.sources + 1, unit);
  plan.traps = mayFail(call.op, call.type);
  plan.kind = call.op == VectorOp::Iota  ? BlockPlan::Count
              : call.op == VectorOp::Mov ? BlockPlan::Move
                                         : BlockPlan::Rows;
  if (plan.kind == BlockPlan::Rows && !plan.traps && accumulates(plan, nest))
    plan.kind = call.op == VectorOp::Fma ? BlockPlan::Product : BlockPlan::Fold;
  if (plan.kind == BlockPlan::Move || plan.kind == BlockPlan::Rows) {
    bool free = true;
    plan.apart = true;
    for (int k = 1; k <= plan.sources; ++k) {
      plan.apart &= isApart(nest, k);
      free &= rowFree(nest, k);
    }
    bool moves = true;
    for (int d = 0; d != nest.rank; ++d)
      moves &= nest.stride[0][d] != 0;
    if (free && moves && hasDistinctWords(nest))
      permute(nest);
    plan.piece = free && nest.stride[0][nest.rank - 1] != 0 ? kBlockPiece : 1;
  }
  plan.rank = nest.rank;
  std::copy_n(nest.n, nest.rank, plan.extent);
  for (int k = 0; k != nest.operands; ++k)
    std::copy_n(nest.stride[k], nest.rank, plan.stride[k]);
  return plan;
}
