// The reverse of loops for reshapes: dimensions that follow one another in every tensor and every loop nest that has
// them are one dimension, in all of them at once. How a kernel may lie on a region grows with the subsets of its loops:
// of seven loops, five of which always go together, a plan would try hundreds of ways that differ in nothing.
//
// Only where kernels have more loops than an instruction's operands have dimensions. Below, loops are few enough to try
// them all, and two short dimensions can go to two sides of a region.
#include "DimensionClasses.h"
#include "PrepareKernels.h"

#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Program/Isa.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace wafer;

namespace {

RankedTensorType shaped(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

bool isStatic(Value value) { return !shaped(value) || shaped(value).hasStaticShape(); }

unsigned loopOf(AffineExpr expr) { return cast<AffineDimExpr>(expr).getPosition(); }

/// Which classes of dimensions always follow one another. A class is all dimensions that are one loop or index.
class Followers {
public:
  explicit Followers(func::FuncOp function) {
    Block &body = function.getBody().front();
    function.walk([&](Operation *op) {
      if (op == function || llvm::isa<linalg::GenericOp, linalg::FillOp>(op->getParentOp()))
        return; // a body's scalars
      note(op, op->getBlock() == &body);
    });
    for (auto [value, number] : first)
      for (int64_t d = 0; d <= shaped(value).getRank(); ++d)
        follow(d == 0 ? kNone : leader(number + d - 1), d == shaped(value).getRank() ? kNone : leader(number + d));
    for (auto [before, after] : apart) {
      follow(leader(before), kNone);
      follow(kNone, leader(after));
    }
    for (linalg::GenericOp op : kernels)
      checkLoops(op);
  }

  /// Dimension `d` of a tensor is merged with the one before it.
  bool continues(Value value, int64_t d) const {
    auto it = first.find(value);
    if (d == 0 || it == first.end())
      return false;
    int before = leader(it->second + d - 1), after = leader(it->second + d);
    auto next = follower.find(before), previous = predecessor.find(after);
    return deep.contains(before) && next != follower.end() && next->second == after && previous != predecessor.end() &&
           previous->second == before;
  }

  bool merges(Value value) const {
    return shaped(value) &&
           llvm::any_of(llvm::seq<int64_t>(0, shaped(value).getRank()), [&](int64_t d) { return continues(value, d); });
  }

private:
  static constexpr int kNone = -1;

  int leader(int64_t number) const { return classes.getLeaderValue(static_cast<int>(number)); }

  int number(Value value, int64_t dim) {
    auto [it, isNew] = first.try_emplace(value, count);
    if (isNew)
      for (int64_t d = 0; d != shaped(value).getRank(); ++d)
        classes.insert(count++);
    return it->second + static_cast<int>(dim);
  }

  void join(Value a, int64_t dimA, Value b, int64_t dimB) { classes.unionSets(number(a, dimA), number(b, dimB)); }

  /// Neither side of the dimension is merged with it.
  void keep(Value value, int64_t dim) {
    int kept = number(value, dim);
    apart.emplace_back(kept, kept);
  }
  void keep(Value value) {
    if (shaped(value))
      for (int64_t d = 0; d != shaped(value).getRank(); ++d)
        keep(value, d);
  }

  /// In some tensor `after` comes right behind `before`; none where one of them is at an end.
  void follow(int before, int after) {
    if (before != kNone && !follower.try_emplace(before, after).second && follower[before] != after)
      follower[before] = kNone;
    if (after != kNone && !predecessor.try_emplace(after, before).second && predecessor[after] != before)
      predecessor[after] = kNone;
  }

  void note(Operation *op, bool atTop) {
    SmallVector<Value> values(op->getOperands());
    llvm::append_range(values, op->getResults());
    bool known = atTop && llvm::all_of(values, isStatic) &&
                 llvm::TypeSwitch<Operation *, bool>(op)
                     .Case<linalg::GenericOp, tensor::GatherOp, tensor::ExtractSliceOp, tensor::ConcatOp>(
                         [&](auto known) { return noteKnown(known); })
                     .Case([&](tensor::CollapseShapeOp op) {
                       return noteReshape(op.getResult(), op.getSrc(), op.getReassociationIndices());
                     })
                     .Case([&](tensor::ExpandShapeOp op) {
                       return noteReshape(op.getSrc(), op.getResult(), op.getReassociationIndices());
                     })
                     // What may have any shape.
                     .Case<tensor::EmptyOp, linalg::FillOp, onnx::WeightRefOp, arith::ConstantOp, func::ReturnOp>(
                         [](Operation *) { return true; })
                     .Default([](Operation *) { return false; });
    if (!known)
      llvm::for_each(values, [&](Value value) { keep(value); });
  }

  /// The tensors of a kernel that have dimensions of their own, with their maps.
  static SmallVector<std::pair<Value, AffineMap>> operandsOf(linalg::GenericOp op) {
    SmallVector<std::pair<Value, AffineMap>> result{{op.getResult(0), op.getIndexingMapsArray().back()}};
    for (OpOperand &operand : op->getOpOperands())
      if (shaped(operand.get()) && !(op.isDpsInit(&operand) && isContentless(operand.get())))
        result.emplace_back(operand.get(), op.getMatchingIndexingMap(&operand));
    return result;
  }

  bool noteKnown(linalg::GenericOp op) {
    if (!hasPlainLoops(op))
      return false;
    SmallVector<std::pair<Value, int64_t>> indexed(op.getNumLoops());
    for (auto [value, map] : operandsOf(op))
      for (auto [k, expr] : llvm::enumerate(map.getResults())) {
        auto &[other, dim] = indexed[loopOf(expr)];
        if (other)
          join(value, k, other, dim);
        other = value;
        dim = static_cast<int64_t>(k);
      }
    kernels.push_back(op);
    return true;
  }

  bool noteKnown(tensor::GatherOp op) {
    int64_t indices = op.getIndicesType().getRank() - 1, rank = op.getResultType().getRank();
    if (op.getGatherDims() != ArrayRef<int64_t>{0} || rank != indices + op.getSourceType().getRank() - 1)
      return false;
    for (int64_t d = 0; d != indices; ++d)
      join(op.getIndices(), d, op.getResult(), d);
    for (int64_t d = indices; d != rank; ++d)
      join(op.getSource(), d - indices + 1, op.getResult(), d);
    keep(op.getSource(), 0);
    keep(op.getIndices(), indices);
    return true;
  }

  bool noteKnown(tensor::ExtractSliceOp op) {
    if (!op.hasUnitStride() || !op.getOffsets().empty() || op.getType().getRank() != op.getSourceType().getRank())
      return false;
    for (int64_t d = 0; d != op.getType().getRank(); ++d)
      joinUnless(op.getType().getDimSize(d) != op.getSourceType().getDimSize(d), op.getSource(), op.getResult(), d);
    return true;
  }

  bool noteKnown(tensor::ConcatOp op) {
    for (Value part : op.getInputs())
      for (int64_t d = 0; d != op.getResultType().getRank(); ++d)
        joinUnless(d == static_cast<int64_t>(op.getDim()), part, op.getResult(), d);
    return true;
  }

  void joinUnless(bool cut, Value a, Value b, int64_t d) {
    if (!cut)
      return join(a, d, b, d);
    keep(a, d);
    keep(b, d);
  }

  bool noteReshape(Value coarse, Value fine, ArrayRef<ReassociationIndices> groups) {
    for (auto [k, members] : llvm::enumerate(groups)) {
      auto isLong = [&](int64_t d) { return shaped(fine).getDimSize(d) != 1; };
      if (llvm::count_if(members, isLong) < 2) {
        const int64_t *same = llvm::find_if(members, isLong);
        for (const int64_t *d = members.begin(); d != members.end(); ++d)
          if (d == same || (same == members.end() && d == members.begin()))
            join(coarse, static_cast<int64_t>(k), fine, *d);
          else
            keep(fine, *d);
        continue;
      }
      // Within the group dimensions may be merged, but nothing with those of other groups.
      keep(coarse, static_cast<int64_t>(k));
      apart.emplace_back(number(fine, members.back()), number(fine, members.front()));
    }
    for (Value value : {coarse, fine})
      if (shaped(value).getRank() > 0)
        number(value, 0);
    return true;
  }

  /// The loops of two classes follow one another as the dimensions do, and are of one kind.
  void checkLoops(linalg::GenericOp op) {
    llvm::SmallDenseMap<unsigned, unsigned> nextLoop, previousLoop;
    SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
    for (auto [value, map] : operandsOf(op))
      for (int64_t d = 0; d != shaped(value).getRank(); ++d) {
        if (op.getNumLoops() > wafer::isa::kMaxRank)
          deep.insert(leader(number(value, d)));
        if (d == 0)
          continue;
        unsigned before = loopOf(map.getResult(d - 1)), after = loopOf(map.getResult(d));
        if (nextLoop.try_emplace(before, after).first->second != after ||
            previousLoop.try_emplace(after, before).first->second != before || kinds[before] != kinds[after])
          follow(leader(number(value, d - 1)), kNone);
      }
  }

  int count = 0;
  llvm::MapVector<Value, int> first; // number of a value's first dimension
  llvm::EquivalenceClasses<int> classes;
  SmallVector<std::pair<int, int>> apart; // nothing comes behind the first, nor before the second
  SmallVector<linalg::GenericOp> kernels;
  llvm::DenseMap<int, int> follower, predecessor; // by leader
  llvm::DenseSet<int> deep;                       // leaders: loops of kernels with many
};

/// Writes everything anew with merged dimensions.
class Merger {
public:
  Merger(func::FuncOp function, const Followers &followers)
      : function(function), followers(followers), b(function.getContext()) {}

  bool run() {
    SmallVector<Operation *> ops;
    for (Operation &op : function.getBody().front())
      ops.push_back(&op);
    bool changed = false;
    for (Operation *op : ops) {
      SmallVector<Value> values(op->getOperands());
      llvm::append_range(values, op->getResults());
      if (llvm::none_of(values, [&](Value value) { return followers.merges(value); }))
        continue;
      b.setInsertionPoint(op);
      write(op);
      changed = true;
    }
    for (Operation *op : llvm::reverse(ops))
      if (op->use_empty() && !op->hasTrait<OpTrait::IsTerminator>() && isMemoryEffectFree(op))
        op->erase();
    return changed;
  }

private:
  SmallVector<ReassociationIndices> groupsOf(Value value) const {
    SmallVector<ReassociationIndices> groups;
    for (int64_t d = 0; d != shaped(value).getRank(); ++d) {
      if (!followers.continues(value, d))
        groups.emplace_back();
      groups.back().push_back(d);
    }
    return groups;
  }

  RankedTensorType mergedType(Value value) const {
    SmallVector<int64_t> shape;
    for (auto [d, extent] : llvm::enumerate(shaped(value).getShape())) {
      if (followers.continues(value, static_cast<int64_t>(d)))
        shape.back() *= extent;
      else
        shape.push_back(extent);
    }
    return shaped(value).clone(shape);
  }

  /// The value in its new shape.
  Value merged(Value value) {
    if (!shaped(value) || !followers.merges(value))
      return value;
    Value &known = written[value];
    if (!known) { // inputs, weights and constants: bytes in row-major order
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointAfterValue(value);
      known = tensor::CollapseShapeOp::create(b, value.getLoc(), mergedType(value), value, groupsOf(value));
    }
    return known;
  }

  SmallVector<Value> merged(ValueRange values) {
    return llvm::map_to_vector(values, [&](Value value) { return merged(value); });
  }

  void write(Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case<linalg::GenericOp, tensor::GatherOp, tensor::ExtractSliceOp, tensor::ConcatOp>(
            [&](auto known) { give(known->getResult(0), rewritten(known)); })
        .Case([&](tensor::CollapseShapeOp op) { give(op.getResult(), reshaped(op, op.getResult(), op.getSrc())); })
        .Case([&](tensor::ExpandShapeOp op) { give(op.getResult(), reshaped(op, op.getSrc(), op.getResult())); })
        .Case([&](func::ReturnOp ret) {
          for (OpOperand &operand : ret->getOpOperands())
            if (Value value = operand.get(); followers.merges(value))
              operand.set(
                  tensor::ExpandShapeOp::create(b, value.getLoc(), value.getType(), merged(value), groupsOf(value)));
        });
  }

  /// The value of an op that is written anew.
  void give(Value value, Value result) {
    if (followers.merges(value))
      written[value] = result;
    else
      value.replaceAllUsesWith(result);
  }

  Value rewritten(linalg::GenericOp op) {
    // The loops that are left, numbered in their order.
    llvm::SmallDenseSet<unsigned> continuing;
    auto note = [&](Value value, AffineMap map) {
      for (auto [d, expr] : llvm::enumerate(map.getResults()))
        if (followers.continues(value, static_cast<int64_t>(d)))
          continuing.insert(loopOf(expr));
    };
    for (OpOperand *operand : op.getDpsInputOperands())
      note(operand->get(), op.getMatchingIndexingMap(operand));
    note(op.getResult(0), op.getIndexingMapsArray().back());
    SmallVector<unsigned> numbers(op.getNumLoops());
    SmallVector<utils::IteratorType> iterators;
    for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
      if (!continuing.contains(loop)) {
        numbers[loop] = iterators.size();
        iterators.push_back(kind);
      }
    SmallVector<AffineMap> maps;
    for (AffineMap map : op.getIndexingMapsArray()) {
      SmallVector<AffineExpr> results;
      for (AffineExpr expr : map.getResults())
        if (!continuing.contains(loopOf(expr)))
          results.push_back(b.getAffineDimExpr(numbers[loopOf(expr)]));
      maps.push_back(AffineMap::get(iterators.size(), 0, results, b.getContext()));
    }
    RankedTensorType type = mergedType(op.getResult(0));
    Value init = op.getOutputs()[0];
    init = isContentless(init) ? contentlessAs(b, init, type) : merged(init);
    auto kernel = linalg::GenericOp::create(b, op.getLoc(), type, merged(op.getInputs()), init, maps, iterators);
    IRMapping none;
    op.getRegion().cloneInto(&kernel.getRegion(), none);
    return kernel.getResult(0);
  }

  Value rewritten(tensor::GatherOp op) {
    return tensor::GatherOp::create(b, op.getLoc(), mergedType(op.getResult()), merged(op.getSource()),
                                    merged(op.getIndices()), op.getGatherDims(), op.getUnique());
  }

  Value rewritten(tensor::ExtractSliceOp op) {
    // What is cut is not merged.
    SmallVector<int64_t> offsets, sizes(mergedType(op.getResult()).getShape());
    for (const ReassociationIndices &group : groupsOf(op.getResult()))
      offsets.push_back(op.getStaticOffsets()[group.front()]);
    auto indices = [&](ArrayRef<int64_t> values) { return getAsIndexOpFoldResult(b.getContext(), values); };
    return tensor::ExtractSliceOp::create(b, op.getLoc(), merged(op.getSource()), indices(offsets), indices(sizes),
                                          indices(SmallVector<int64_t>(sizes.size(), 1)));
  }

  Value rewritten(tensor::ConcatOp op) {
    int64_t dim = 0;
    for (auto [k, group] : llvm::enumerate(groupsOf(op.getResult())))
      if (llvm::is_contained(group, static_cast<int64_t>(op.getDim())))
        dim = static_cast<int64_t>(k);
    return tensor::ConcatOp::create(b, op.getLoc(), dim, merged(op.getInputs()));
  }

  /// The same reshape between what is left of its groups; nothing where the finer side's have become one each.
  template <typename Reshape> Value reshaped(Reshape op, Value coarse, Value fine) {
    SmallVector<ReassociationIndices> groups;
    int64_t next = 0;
    for (auto [k, members] : llvm::enumerate(op.getReassociationIndices())) {
      if (!followers.continues(coarse, static_cast<int64_t>(k)))
        groups.emplace_back();
      for (int64_t d : members)
        if (!followers.continues(fine, d))
          groups.back().push_back(next++);
    }
    Value source = merged(op.getSrc());
    RankedTensorType type = mergedType(op.getResult());
    return source.getType() == type ? source : Reshape::create(b, op.getLoc(), type, source, groups).getResult();
  }

  func::FuncOp function;
  const Followers &followers;
  OpBuilder b;
  llvm::DenseMap<Value, Value> written;
};

} // namespace

bool wafer::mergeDimensions(func::FuncOp function) { return Merger(function, Followers(function)).run(); }
