// Dimensions of nests that do not count.
//
// Instructions meet in groups: those that share a nest, or a descriptor, directly or through others. Within a group all
// nests have one rank, and a dimension goes only if it can go in every instruction of the group. Extents of one nest
// are compared as values, after CSE.
#include "wafer/Dialect/Pe/Passes.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include <map>

using namespace mlir;

namespace wafer::pe {
#define GEN_PASS_DEF_PECOLLAPSENESTS
#include "wafer/Dialect/Pe/Passes.h.inc"
} // namespace wafer::pe

using namespace wafer;
using namespace wafer::pe;

namespace {
struct CollapseNests : wafer::pe::impl::PeCollapseNestsBase<CollapseNests> {
  using PeCollapseNestsBase::PeCollapseNestsBase;

  void runOnOperation() override;

private:
  bool collapseOnce(ArrayRef<VecOp> group);
};

/// How dimension `d` of an instruction's nest can go.
enum class Removal { Impossible, Unit, Merge };
} // namespace

static SmallVector<DescOp, 4> descriptorsOf(VecOp op) {
  SmallVector<DescOp, 4> found;
  for (Value operand : {op.getDst(), op.getA(), op.getB(), op.getC()})
    if (operand)
      if (auto desc = operand.getDefiningOp<DescOp>())
        found.push_back(desc);
  return found;
}

static Removal canRemove(VecOp op, size_t d) {
  std::optional<int32_t> extent = constantOf(op.getNest()[d]);
  if (!extent || *extent <= 0)
    return Removal::Impossible;
  if (*extent == 1)
    return Removal::Unit;
  if (d + 1 == op.getNest().size())
    return Removal::Impossible;
  std::optional<int32_t> inner = constantOf(op.getNest()[d + 1]);
  if (!inner || *inner <= 0 || int64_t(*extent) * *inner > INT32_MAX)
    return Removal::Impossible;
  for (DescOp desc : descriptorsOf(op)) {
    std::optional<int32_t> a = constantOf(desc.getStrides()[d]), b = constantOf(desc.getStrides()[d + 1]);
    if (!a || !b || int64_t(*a) != int64_t(*b) * *inner)
      return Removal::Impossible;
  }
  return Removal::Merge;
}

/// Removes one dimension from all of the group, if one can go.
bool CollapseNests::collapseOnce(ArrayRef<VecOp> group) {
  VecOp first = group.front();
  size_t rank = first.getNest().size();
  if (rank == 1)
    return false;
  for (size_t d = 0; d != rank; ++d) {
    Removal removal = canRemove(first, d);
    if (removal == Removal::Impossible || !llvm::all_of(group, [&](VecOp op) { return canRemove(op, d) == removal; }))
      continue;
    auto without = [&](OperandRange values) {
      SmallVector<Value, 4> kept(values);
      kept.erase(kept.begin() + d);
      return kept;
    };
    llvm::DenseMap<Operation *, Value> shorter;
    for (VecOp op : group) {
      OpBuilder builder(op);
      SmallVector<Value, 4> nest = without(op.getNest());
      if (removal == Removal::Merge)
        nest[d] = ConstOp::create(builder, op.getLoc(),
                                  int64_t(*constantOf(op.getNest()[d])) * *constantOf(op.getNest()[d + 1]));
      for (DescOp desc : descriptorsOf(op))
        if (Value &value = shorter[desc]; !value) {
          OpBuilder at(desc);
          value = DescOp::create(at, desc.getLoc(), desc.getType(), desc.getBase(), without(desc.getStrides()));
        }
      op.getNestMutable().assign(nest);
      for (OpOperand &operand : op->getOpOperands())
        if (Operation *old = operand.get().getDefiningOp())
          if (Value value = shorter.lookup(old))
            operand.set(value);
    }
    for (auto [old, value] : shorter)
      old->erase();
    numRemoved += group.size();
    return true;
  }
  return false;
}

void CollapseNests::runOnOperation() {
  // A nest is known by its extents, a descriptor by its value; both are opaque pointers here.
  llvm::EquivalenceClasses<Operation *> classes;
  std::map<std::vector<const void *>, Operation *> firstOfNest;
  llvm::DenseMap<Operation *, Operation *> firstOfDescriptor;
  llvm::SmallPtrSet<Operation *, 4> fixed; // members of groups that cannot change
  SmallVector<VecOp> vectors;
  auto meet = [&](Operation *op, OperandRange nest) {
    classes.insert(op);
    std::vector<const void *> key;
    for (Value extent : nest) {
      // Equal constants are equal extents, merged by CSE or not.
      std::optional<int32_t> constant = constantOf(extent);
      key.push_back(constant ? reinterpret_cast<const void *>((int64_t(*constant) << 1) | 1)
                             : extent.getAsOpaquePointer());
    }
    classes.unionSets(op, firstOfNest.try_emplace(key, op).first->second);
    for (Value operand : op->getOperands())
      if (auto desc = operand.getDefiningOp<DescOp>())
        classes.unionSets(op, firstOfDescriptor.try_emplace(desc, op).first->second);
  };
  getOperation().walk([&](Operation *op) {
    if (auto vec = dyn_cast<VecOp>(op)) {
      meet(op, vec.getNest());
      vectors.push_back(vec);
    } else if (auto receive = dyn_cast<RecvWindowOp>(op)) {
      meet(op, receive.getNest()); // the block's shape would have to change too
      fixed.insert(op);
    }
  });
  llvm::MapVector<Operation *, SmallVector<VecOp>> groups;
  for (VecOp vec : vectors)
    groups[classes.getLeaderValue(vec)].push_back(vec);
  for (Operation *op : fixed)
    groups.erase(classes.getLeaderValue(op));
  for (auto &[leader, group] : groups)
    while (collapseOnce(group))
      ;
}
