// Reshapes between kernels become loops of the kernels: a product whose result is cut into heads has a loop for heads,
// one that reads a flattened tensor has a loop for each of the dimensions that were flattened. Then nothing has to
// move, whatever the layouts: a dimension that is cut finer than the blocks of PEs would be a union of boxes, while a
// loop more is one more dimension of a box. Weights follow for nothing, they are row-major bytes.
//
// DimensionClasses says which dimensions are split, in all tensors that have them at once; here everything is written
// anew in the finer shapes. Nothing is folded halfway: where something looks into a dimension, its reshapes stay.
#include "DimensionClasses.h"
#include "PrepareKernels.h"

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace wafer;

namespace {

class Splitter {
public:
  Splitter(func::FuncOp function, const DimensionClasses &classes)
      : function(function), classes(classes), b(function.getContext()) {}

  void run() {
    SmallVector<Operation *> ops;
    for (Operation &op : function.getBody().front())
      ops.push_back(&op);
    for (Operation *op : ops) {
      SmallVector<Value> values(op->getOperands());
      llvm::append_range(values, op->getResults());
      if (llvm::none_of(values, [&](Value value) { return classes.splits(value); }))
        continue;
      b.setInsertionPoint(op);
      write(op);
    }
    for (Operation *op : llvm::reverse(ops))
      if (op->use_empty() && !op->hasTrait<OpTrait::IsTerminator>() && isMemoryEffectFree(op))
        op->erase();
  }

private:
  /// The value in its new shape.
  Value fine(Value value) {
    if (!classes.splits(value))
      return value;
    Value &known = written[value];
    if (!known) {
      // Weights, constants and inputs, and what was cut from a dimension that stays as it is.
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointAfterValue(value);
      known = tensor::ExpandShapeOp::create(b, value.getLoc(), fineType(value), value, groupsOf(value));
    }
    return known;
  }

  RankedTensorType fineType(Value value) const {
    return cast<RankedTensorType>(value.getType()).clone(classes.shapeOf(value));
  }

  SmallVector<ReassociationIndices> groupsOf(Value value) const {
    SmallVector<ReassociationIndices> groups;
    int64_t next = 0;
    for (int64_t d = 0; d != cast<RankedTensorType>(value.getType()).getRank(); ++d) {
      groups.emplace_back();
      for (size_t part = 0; part != classes.extentsOf(value, d).size(); ++part)
        groups.back().push_back(next++);
    }
    return groups;
  }

  /// Another shape, that differs in dimensions of one element at most.
  Value reshaped(Location loc, Value value, ArrayRef<int64_t> shape) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getShape() == shape)
      return value;
    RankedTensorType to = type.clone(shape);
    if (auto groups = getReassociationIndicesForReshape(type, to)) {
      if (type.getRank() > to.getRank())
        return tensor::CollapseShapeOp::create(b, loc, to, value, *groups);
      return tensor::ExpandShapeOp::create(b, loc, to, value, *groups);
    }
    SmallVector<int64_t> longer;
    llvm::copy_if(shape, std::back_inserter(longer), [](int64_t extent) { return extent != 1; });
    return reshaped(loc, reshaped(loc, value, longer), shape);
  }

  /// The value of an op that is written anew.
  void give(Value value, Value result) {
    if (classes.splits(value))
      written[value] = result;
    else
      value.replaceAllUsesWith(result);
  }

  void write(Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case<linalg::GenericOp, tensor::ExtractSliceOp, tensor::ConcatOp>(
            [&](auto known) { give(known->getResult(0), rewritten(known)); })
        .Case<tensor::CollapseShapeOp, tensor::ExpandShapeOp>([&](auto op) {
          give(op.getResult(), reshaped(op.getLoc(), fine(op.getSrc()), classes.shapeOf(op.getResult())));
        })
        .Case<func::ReturnOp>([&](func::ReturnOp ret) {
          for (OpOperand &operand : ret->getOpOperands())
            if (Value value = operand.get(); classes.splits(value))
              operand.set(
                  tensor::CollapseShapeOp::create(b, value.getLoc(), value.getType(), fine(value), groupsOf(value)));
        });
  }

  Value rewritten(linalg::GenericOp op) {
    // Old loop l is the new ones from firstOf[l] to firstOf[l + 1].
    SmallVector<ArrayRef<int64_t>> extents = classes.extentsOfLoops(op);
    SmallVector<unsigned> firstOf{0};
    SmallVector<utils::IteratorType> iterators;
    for (auto [loop, kind] : llvm::zip_equal(extents, op.getIteratorTypesArray())) {
      firstOf.push_back(firstOf.back() + loop.size());
      iterators.append(loop.size(), kind);
    }
    SmallVector<AffineMap> maps;
    for (AffineMap map : op.getIndexingMapsArray()) {
      SmallVector<AffineExpr> results;
      for (AffineExpr expr : map.getResults()) {
        unsigned loop = cast<AffineDimExpr>(expr).getPosition();
        for (unsigned l = firstOf[loop]; l != firstOf[loop + 1]; ++l)
          results.push_back(b.getAffineDimExpr(l));
      }
      maps.push_back(AffineMap::get(firstOf.back(), 0, results, b.getContext()));
    }
    SmallVector<Value> inputs;
    for (Value value : op.getInputs())
      inputs.push_back(fine(value));
    RankedTensorType type = fineType(op.getResult(0));
    Value init = op.getOutputs()[0];
    init = isContentless(init) ? contentlessAs(b, init, type) : fine(init);
    auto split = linalg::GenericOp::create(b, op.getLoc(), type, inputs, init, maps, iterators);
    IRMapping none;
    op.getRegion().cloneInto(&split.getRegion(), none);
    return split.getResult(0);
  }

  Value rewritten(tensor::ExtractSliceOp op) {
    SmallVector<int64_t> offsets, sizes;
    for (int64_t d = 0; d != op.getType().getRank(); ++d) {
      ArrayRef<int64_t> parts = classes.extentsOf(op.getSource(), d);
      offsets.append(parts.size(), 0);
      llvm::append_range(sizes, parts);
      size_t first = sizes.size() - parts.size();
      if (parts.size() == 1) {
        offsets[first] = op.getStaticOffsets()[d];
        sizes[first] = op.getStaticSizes()[d];
      } else if (BlockSlice block = blockOf(op, d); block.count > 0) {
        offsets[first] = block.index;
        sizes[first] = 1;
      }
    }
    auto indices = [&](ArrayRef<int64_t> values) { return getAsIndexOpFoldResult(b.getContext(), values); };
    Value slice = tensor::ExtractSliceOp::create(b, op.getLoc(), fine(op.getSource()), indices(offsets), indices(sizes),
                                                 indices(SmallVector<int64_t>(sizes.size(), 1)));
    return reshaped(op.getLoc(), slice, classes.shapeOf(op.getResult()));
  }

  Value rewritten(tensor::ConcatOp op) {
    auto dim = static_cast<unsigned>(op.getDim());
    int64_t fineDim = 0;
    for (unsigned d = 0; d != dim; ++d)
      fineDim += static_cast<int64_t>(classes.extentsOf(op.getResult(), d).size());
    bool blocks = classes.extentsOf(op.getResult(), dim).size() > 1;
    SmallVector<Value> parts;
    for (Value part : op.getInputs()) {
      SmallVector<int64_t> shape = classes.shapeOf(part);
      if (blocks)
        shape.insert(shape.begin() + fineDim, 1);
      parts.push_back(reshaped(op.getLoc(), fine(part), shape));
    }
    return reshaped(op.getLoc(), tensor::ConcatOp::create(b, op.getLoc(), fineDim, parts),
                    classes.shapeOf(op.getResult()));
  }

  func::FuncOp function;
  const DimensionClasses &classes;
  OpBuilder b;
  llvm::DenseMap<Value, Value> written;
};

} // namespace

void wafer::foldReshapes(func::FuncOp function) { Splitter(function, DimensionClasses(function)).run(); }
