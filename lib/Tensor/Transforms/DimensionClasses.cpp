#include "DimensionClasses.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Program/Box.h"

using namespace mlir;
using namespace wafer;

bool wafer::hasPlainLoops(linalg::GenericOp op) {
  return op && op.getNumResults() == 1 && !op.hasIndexSemantics() && op.hasPureTensorSemantics() &&
         llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) { return map.isProjectedPermutation(); });
}

bool wafer::isContentless(Value value) {
  return isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(value.getDefiningOp());
}

Value wafer::contentlessAs(OpBuilder &b, Value value, RankedTensorType type) {
  Value empty = tensor::EmptyOp::create(b, value.getLoc(), type.getShape(), type.getElementType());
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill ? linalg::FillOp::create(b, value.getLoc(), fill.getInputs()[0], empty).getResult(0) : empty;
}

/// Of a tensor, its type.
static RankedTensorType shaped(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

BlockSlice wafer::blockOf(tensor::ExtractSliceOp slice, unsigned dim) {
  int64_t whole = slice.getSourceType().getDimSize(dim), size = slice.getType().getDimSize(dim),
          offset = slice.getStaticOffsets()[dim];
  if (size == whole || size < 2 || whole % size != 0 || offset % size != 0)
    return {};
  return {whole / size, offset / size};
}

DimensionClasses::DimensionClasses(func::FuncOp function) {
  Block &body = function.getBody().front();
  function.walk([&](Operation *op) {
    if (op == function || isa<linalg::GenericOp, linalg::FillOp>(op->getParentOp()))
      return; // a body's scalars
    if (op->getBlock() == &body)
      return note(op);
    // Steps of a loop, and what they read.
    llvm::for_each(op->getOperands(), [&](Value value) { bind(value); });
    llvm::for_each(op->getResults(), [&](Value value) { bind(value); });
  });
  solve();
}

int DimensionClasses::number(Value value, unsigned dim) {
  auto [it, isNew] = first.try_emplace(value, static_cast<int>(extents.size()));
  if (isNew)
    for (int64_t extent : shaped(value).getShape()) {
      classes.insert(static_cast<int>(extents.size()));
      extents.push_back(extent);
    }
  return it->second + static_cast<int>(dim);
}

int DimensionClasses::leader(Value value, unsigned dim) const {
  auto it = first.find(value);
  return it == first.end() ? -1 : leader(it->second + static_cast<int>(dim));
}

void DimensionClasses::join(Value a, unsigned dimA, Value b, unsigned dimB) {
  classes.unionSets(number(a, dimA), number(b, dimB));
}

void DimensionClasses::bind(Value value, unsigned dim) { bound.insert(number(value, dim)); }

void DimensionClasses::bind(Value value) {
  if (RankedTensorType type = shaped(value))
    for (unsigned d = 0; d != type.getRank(); ++d)
      bind(value, d);
}

void DimensionClasses::note(linalg::GenericOp op) {
  SmallVector<std::pair<Value, unsigned>> indexed(op.getNumLoops());
  auto note = [&](Value value, AffineMap map) {
    for (auto [k, expr] : llvm::enumerate(map.getResults())) {
      auto &[other, dim] = indexed[cast<AffineDimExpr>(expr).getPosition()];
      if (other)
        join(value, k, other, dim);
      other = value;
      dim = k;
    }
  };
  for (OpOperand &operand : op->getOpOperands())
    if (shaped(operand.get()) && !isContentless(operand.get()))
      note(operand.get(), op.getMatchingIndexingMap(&operand));
  note(op.getResult(0), op.getIndexingMapsArray().back());
}

void DimensionClasses::noteReshape(Value coarse, Value fine, ArrayRef<ReassociationIndices> reassociation) {
  for (auto [k, members] : llvm::enumerate(reassociation)) {
    Link link{number(coarse, k), 0, {}, true};
    for (int64_t d : members)
      if (shaped(fine).getDimSize(d) != 1)
        link.fine.push_back(number(fine, d));
    if (link.fine.size() == 1)
      classes.unionSets(link.coarse, link.fine[0]);
    else if (link.fine.size() > 1)
      links.push_back(std::move(link));
  }
}

void DimensionClasses::note(tensor::ExtractSliceOp op) {
  for (int64_t d = 0; d != op.getType().getRank(); ++d)
    if (op.getType().getDimSize(d) == op.getSourceType().getDimSize(d)) {
      join(op.getSource(), d, op.getResult(), d);
    } else if (int64_t blocks = blockOf(op, d).count) {
      links.push_back({number(op.getSource(), d), blocks, {number(op.getResult(), d)}, false});
    } else {
      bind(op.getSource(), d);
      bind(op.getResult(), d);
    }
}

/// A block of the same size of a tensor of the same extent along d, or what a kernel makes of such blocks, element by
/// element.
static bool isOfBlocks(Value part, unsigned d, int64_t extent) {
  auto isBlock = [&](Value value, unsigned k) {
    auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
    return slice && slice.getType().getRank() == slice.getSourceType().getRank() &&
           slice.getSourceType().getDimSize(k) == extent && blockOf(slice, k).count > 0;
  };
  if (isBlock(part, d))
    return true;
  auto kernel = part.getDefiningOp<linalg::GenericOp>();
  if (!kernel || !hasPlainLoops(kernel) || kernel.getNumParallelLoops() != kernel.getNumLoops() ||
      !kernel.getIndexingMapMatchingResult(kernel->getResult(0)).isIdentity())
    return false;
  return llvm::any_of(kernel.getDpsInputOperands(), [&](OpOperand *operand) {
    for (auto [k, expr] : llvm::enumerate(kernel.getMatchingIndexingMap(operand).getResults()))
      if (cast<AffineDimExpr>(expr).getPosition() == d && isBlock(operand->get(), k))
        return true;
    return false;
  });
}

void DimensionClasses::note(tensor::ConcatOp op) {
  auto d = static_cast<unsigned>(op.getDim());
  int64_t extent = op.getResultType().getDimSize(d), blocks = static_cast<int64_t>(op.getInputs().size());
  auto extentOf = [&](Value part) { return shaped(part).getDimSize(d); };
  bool equal = blocks > 1 && extent / blocks > 1 &&
               llvm::all_of(op.getInputs(), [&](Value part) { return extentOf(part) * blocks == extent; });
  bool changesPlaces = equal && llvm::all_of(op.getInputs(), [&](Value part) { return isOfBlocks(part, d, extent); });
  for (Value part : op.getInputs())
    for (unsigned k = 0; k != op.getResultType().getRank(); ++k)
      if (k != d) {
        join(part, k, op.getResult(), k);
      } else if (equal) {
        join(part, d, op.getInputs().front(), d);
      } else {
        bind(part, d);
        bind(op.getResult(), d);
      }
  if (equal)
    links.push_back({number(op.getResult(), d), blocks, {number(op.getInputs().front(), d)}, changesPlaces});
}

void DimensionClasses::note(Operation *op) {
  SmallVector<Value> values(op->getOperands());
  llvm::append_range(values, op->getResults());
  bool fixed = llvm::all_of(values, [](Value value) { return !shaped(value) || shaped(value).hasStaticShape(); });
  if (auto kernel = dyn_cast<linalg::GenericOp>(op); fixed && kernel && hasPlainLoops(kernel))
    return note(kernel);
  if (auto reshape = dyn_cast<tensor::CollapseShapeOp>(op); fixed && reshape)
    return noteReshape(reshape.getResult(), reshape.getSrc(), reshape.getReassociationIndices());
  if (auto reshape = dyn_cast<tensor::ExpandShapeOp>(op); fixed && reshape)
    return noteReshape(reshape.getSrc(), reshape.getResult(), reshape.getReassociationIndices());
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op); fixed && slice && slice.hasUnitStride() &&
                                                         slice.getOffsets().empty() &&
                                                         slice.getType().getRank() == slice.getSourceType().getRank())
    return note(slice);
  if (auto concat = dyn_cast<tensor::ConcatOp>(op); fixed && concat)
    return note(concat);
  // What has no elements of its own, what is bytes in row-major order, and the function's own inputs and outputs, may
  // have any shape.
  if (isa<tensor::EmptyOp, linalg::FillOp, onnx::WeightRefOp, arith::ConstantOp, func::ReturnOp>(op))
    return;
  llvm::for_each(values, [&](Value value) { bind(value); });
}

/// The coarsest split that has the borders of both; nothing if these do not divide one another.
static std::optional<SmallVector<int64_t, 2>> refined(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> borders; // elements within, from the innermost on
  for (ArrayRef<int64_t> each : {a, b}) {
    int64_t inner = 1;
    for (int64_t extent : llvm::reverse(each))
      borders.push_back(inner *= extent);
  }
  llvm::sort(borders);
  borders.erase(llvm::unique(borders), borders.end());
  SmallVector<int64_t, 2> result;
  int64_t inner = 1;
  for (int64_t border : borders) {
    if (border % inner != 0)
      return std::nullopt;
    result.insert(result.begin(), border / inner);
    inner = border;
  }
  return result;
}

DimensionClasses::Extents DimensionClasses::extentsOf(int number) const {
  auto it = splitInto.find(leader(number));
  return it == splitInto.end() ? Extents{extents[number]} : it->second;
}

/// Brings the splits of both ends of a link together; true if something changed. A class that this shows to be
/// unsplittable is bound.
bool DimensionClasses::settle(const Link &link) {
  int coarse = leader(link.coarse);
  if (bound.contains(coarse))
    return false;
  Extents now = extentsOf(link.coarse), wanted;
  if (link.blocks > 0)
    wanted.push_back(link.blocks);
  for (int number : link.fine)
    wanted.append(extentsOf(number));
  if (!link.asks && now.size() == 1 && wanted.size() == 2)
    return false;
  std::optional<Extents> both = refined(now, wanted);
  auto give = [&] {
    bound.insert(coarse);
    return true;
  };
  if (!both)
    return give();
  // What is finer than the fine dimensions are must be split there, too.
  ArrayRef<int64_t> left = *both;
  if (link.blocks > 0) {
    if (left.front() != link.blocks)
      return give();
    left = left.drop_front();
  }
  bool changed = both->size() > now.size();
  SmallVector<std::pair<int, Extents>> finer;
  for (int number : link.fine) {
    Extents part;
    for (int64_t product = 1; product < extents[number]; left = left.drop_front()) {
      part.push_back(left.front());
      product *= left.front();
    }
    if (part.size() == extentsOf(number).size())
      continue;
    if (bound.contains(leader(number)))
      return give();
    finer.push_back({leader(number), part});
  }
  for (auto &[number, part] : finer) {
    splitInto[number] = part;
    changed = true;
  }
  splitInto[coarse] = *both;
  return changed;
}

void DimensionClasses::solve() {
  llvm::DenseSet<int> leaders;
  for (int number : bound)
    leaders.insert(leader(number));
  bound = std::move(leaders);
  // Splits only get finer, until a class is bound: then what followed from its split is found anew.
  for (bool changed = true; changed;) {
    changed = false;
    for (const Link &link : links) {
      size_t before = bound.size();
      changed |= settle(link);
      if (bound.size() != before) {
        splitInto.clear();
        break;
      }
    }
    if (!changed && bindTooMany()) {
      splitInto.clear();
      changed = true;
    }
  }
}

/// Binds what would give a tensor more dimensions than a program's tensors have; true if there was any.
bool DimensionClasses::bindTooMany() {
  size_t before = bound.size();
  for (auto [value, number] : first)
    if (splits(value) && shapeOf(value).size() > static_cast<size_t>(kMaxBoxRank))
      for (int64_t d = 0; d != shaped(value).getRank(); ++d)
        if (extentsOf(value, d).size() > 1)
          bound.insert(leader(value, d));
  return bound.size() != before;
}

ArrayRef<int64_t> DimensionClasses::extentsOf(Value value, unsigned dim) const {
  auto it = splitInto.find(leader(value, dim));
  return it == splitInto.end() ? shaped(value).getShape().slice(dim, 1) : ArrayRef<int64_t>(it->second);
}

SmallVector<ArrayRef<int64_t>> DimensionClasses::extentsOfLoops(linalg::GenericOp op) const {
  SmallVector<ArrayRef<int64_t>> loops(op.getNumLoops());
  auto note = [&](Value value, AffineMap map) {
    for (auto [k, expr] : llvm::enumerate(map.getResults()))
      loops[cast<AffineDimExpr>(expr).getPosition()] = extentsOf(value, k);
  };
  for (OpOperand *operand : op.getDpsInputOperands())
    if (shaped(operand->get()))
      note(operand->get(), op.getMatchingIndexingMap(operand));
  note(op.getResult(0), op.getIndexingMapsArray().back());
  return loops;
}

SmallVector<int64_t> DimensionClasses::shapeOf(Value value) const {
  SmallVector<int64_t> shape;
  for (int64_t d = 0; d != shaped(value).getRank(); ++d)
    llvm::append_range(shape, extentsOf(value, d));
  return shape;
}

bool DimensionClasses::splits(Value value) const {
  RankedTensorType type = shaped(value);
  if (!type)
    return false;
  for (int64_t d = 0; d != type.getRank(); ++d)
    if (extentsOf(value, d).size() > 1)
      return true;
  return false;
}
