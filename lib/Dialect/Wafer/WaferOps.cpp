#include "wafer/Dialect/Wafer/Proof.h"
#include "wafer/Dialect/Wafer/WaferDialect.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace wafer::wfr;

LogicalResult RegionOp::verify() {
  if (getWidth() < 1 || getHeight() < 1)
    return emitOpError("needs at least one PE");
  if (auto rect = getRect(); rect && (rect->getW() != (int64_t)getWidth() || rect->getH() != (int64_t)getHeight()))
    return emitOpError("is ") << getWidth() << " x " << getHeight() << " but its rectangle is " << rect->getW() << " x "
                              << rect->getH();
  return success();
}

/// Channels are routed for one root beside the head, for the leaders of one line, and for groups of one kind.
static LogicalResult verifyLines(RegionOp region) {
  struct Known {
    LineAttr rooted, led, grouped; // with another root than the head, with leaders, in groups
  };
  std::map<Side, Known> known;
  WalkResult result = region.walk([&](AllReduceOp op) -> WalkResult {
    auto &[rooted, led, grouped] = known[op.getSide()];
    LineAttr line = op.getLine();
    if (line.getGroup() != 0) {
      if (grouped && grouped != line)
        return op.emitOpError("has other groups than another of its region");
      grouped = line;
      return WalkResult::advance();
    }
    if (line.getRoot() != 0) {
      if (rooted && rooted.getRoot() != line.getRoot())
        return op.emitOpError("has its root at ")
               << line.getRoot() << ", another of its region at " << rooted.getRoot();
      rooted = line;
    }
    if (!line.getLeaders().empty()) {
      if (led && led != line)
        return op.emitOpError("has other leaders than another of its region");
      led = line;
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult RegionOp::verifyRegions() {
  auto divides = [](Split split, int64_t side) { return side % split.inner() == 0 || !split.divides(); };
  WalkResult result = getBody().walk([&](Operation *op) -> WalkResult {
    for (Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      auto layout = tensor ? dyn_cast_or_null<LayoutAttr>(tensor.getEncoding()) : LayoutAttr();
      if (layout && (!divides(layout.getSplitX(), getWidth()) || !divides(layout.getSplitY(), getHeight())))
        return op->emitOpError("has a layout with split [")
               << layout.getSplitX().inner() << ", " << layout.getSplitY().inner()
               << "], which does not divide the sides of a " << getWidth() << " x " << getHeight() << " region";
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return verifyLines(*this);
}

/// Layouts meet on one division of each side: groups of neighbors that do not nest share no coordinates.
static LogicalResult verifySplits(Operation *op, ArrayRef<Layout> layouts) {
  Layout all;
  for (const Layout &given : layouts) {
    Layout layout = given.simplified();
    for (Side side : kSides) {
      const Split split = layout.split(side), known = all.split(side);
      std::optional<Split> common = commonSplit(known, split);
      if (!common)
        return op->emitOpError("has layouts that divide a side by ") << known.minor << " and by " << split.minor;
      all.split(side) = *common;
    }
  }
  return success();
}

/// The region around an op and how often the op runs, for proofs about all PEs; nothing outside of regions.
static std::optional<Place> placeOf(Operation *op) {
  auto region = op->getParentOfType<RegionOp>();
  if (!region)
    return std::nullopt;
  auto chunks = op->getParentOfType<ChunksOp>();
  return Place{region.size(), chunks ? static_cast<int64_t>(chunks.getCount()) : 1};
}

static Placed placed(Value value) {
  return {layoutOf(value.getType()), cast<RankedTensorType>(value.getType()).getShape()};
}

static LogicalResult verifyClaim(Operation *op, const Objection &objection) {
  return objection ? op->emitOpError(*objection) : LogicalResult(success());
}

LogicalResult StreamOp::verify() {
  if (!isa<RankedTensorType>(getType()))
    return emitOpError("carries a ranked tensor");
  if (getSenders() < 1 || getLanes() < 1)
    return emitOpError("needs at least one sender and one lane");
  bool host = getHostName().has_value();
  if (host == (getFrom().has_value() && !getTo().empty()))
    return emitOpError("has a producer and consumers, or the host in the place of one");
  if (std::optional<ArrayRef<int64_t>> shape = getHostShape()) {
    auto type = cast<RankedTensorType>(getType());
    if (!host || ShapedType::getNumElements(*shape) != type.getNumElements())
      return emitOpError("the host's shape must have as many elements as ") << type;
  }
  return success();
}

LogicalResult ReshapeOp::verify() {
  auto from = cast<RankedTensorType>(getSource().getType()), to = cast<RankedTensorType>(getResult().getType());
  if (from.getNumElements() != to.getNumElements() || from.getElementType() != to.getElementType())
    return emitOpError("must keep element type and number of elements");
  if (failed(verifySplits(*this, {layoutOf(from), layoutOf(to)})))
    return failure();
  return verifyClaim(*this, objectionTo(ReshapeClaim{placed(getSource()), placed(getResult())}));
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getSource().getType() == getType())
    return getSource();
  // Of two reshapes only the last counts: neither moves anything.
  if (auto inner = getSource().getDefiningOp<ReshapeOp>()) {
    getSourceMutable().assign(inner.getSource());
    return getResult();
  }
  return {};
}

OpFoldResult RedistributeOp::fold(FoldAdaptor) {
  // Nothing moves and nothing is written over: the source is the result.
  bool shifted = llvm::any_of(getShift(), [](int64_t s) { return s != 0; });
  if (!getInto() && !shifted && !getSide() && getSource().getType() == getType())
    return getSource();
  return {};
}

void RedistributeOp::build(OpBuilder &builder, OperationState &state, Type type, Value source, Value into,
                           std::optional<Side> side, ArrayRef<int64_t> shift, MoveAlgorithm algorithm,
                           Regroup regroup) {
  state.addTypes(type);
  state.addOperands(source);
  if (into)
    state.addOperands(into);
  Properties &properties = state.getOrAddProperties<Properties>();
  if (side)
    properties.side = SideAttr::get(builder.getContext(), *side);
  properties.shift = builder.getDenseI64ArrayAttr(shift);
  properties.algorithm = MoveAlgorithmAttr::get(builder.getContext(), algorithm);
  if (regroup.kind == Regroup::Merge)
    properties.merge = builder.getI64IntegerAttr(regroup.dim);
  if (regroup.kind == Regroup::Split)
    properties.split = builder.getI64IntegerAttr(regroup.dim);
}

Regroup RedistributeOp::regroup() {
  if (std::optional<uint64_t> dim = getMerge())
    return {Regroup::Merge, static_cast<unsigned>(*dim)};
  if (std::optional<uint64_t> dim = getSplit())
    return {Regroup::Split, static_cast<unsigned>(*dim)};
  return {};
}

/// The shape of one side of a regrouping is that of the other, two dimensions taken as one.
static LogicalResult verifyRegroup(RedistributeOp op) {
  if (op.getMerge() && op.getSplit())
    return op.emitOpError("merges two dimensions or splits one, not both");
  if (op.getInto() || !op.getShift().empty() || op.byNeighbors() || !op.getSide())
    return op.emitOpError("merges or splits dimensions by a pass into a tensor of its own, without a shift");
  Regroup regroup = op.regroup();
  ArrayRef<int64_t> fine = cast<RankedTensorType>(op.getSource().getType()).getShape(),
                    coarse = cast<RankedTensorType>(op.getResult().getType()).getShape();
  if (regroup.kind == Regroup::Split)
    std::swap(fine, coarse);
  size_t d = regroup.dim;
  if (d + 1 >= fine.size() || fine.size() != coarse.size() + 1 || fine[d] * fine[d + 1] != coarse[d] ||
      fine.take_front(d) != coarse.take_front(d) || fine.drop_front(d + 2) != coarse.drop_front(d + 1))
    return op.emitOpError("shapes differ in more than dimension ") << d << " for two that make it";
  return success();
}

LogicalResult RedistributeOp::verify() {
  auto from = cast<RankedTensorType>(getSource().getType()), to = cast<RankedTensorType>(getResult().getType());
  bool regroups = getMerge() || getSplit();
  if (from.getElementType() != to.getElementType() || (!regroups && from.getRank() != to.getRank()))
    return emitOpError("must keep rank and element type");
  if (regroups && failed(verifyRegroup(*this)))
    return failure();
  if (!getShift().empty() && (int64_t)getShift().size() != from.getRank())
    return emitOpError("shift needs one number per dimension");
  if (getInto() && getInto().getType() != to)
    return emitOpError("result must have the type of 'into'");
  if (!getSide() && byNeighbors())
    return emitOpError("neighbors are those along x or along y");
  if (failed(verifySplits(*this, {layoutOf(from), layoutOf(to)})))
    return failure();
  std::optional<Place> place = placeOf(*this);
  if (!place)
    return success();
  MoveClaim claim{placed(getSource()), placed(getResult()), getShift(),     regroup(),
                  getSide(),           getAlgorithm(),      bool(getInto())};
  return verifyClaim(*this, objectionTo(claim, *place));
}

LogicalResult ReduceOp::verify() {
  Layout source = layoutOf(getSource().getType()), result = layoutOf(getResult().getType());
  Side side = getSide();
  if (!source.isPartialAlong(side))
    return emitOpError("source is not partial along ") << stringifySide(side);
  if (result.isPartialAlong(side))
    return emitOpError("result is still partial along ") << stringifySide(side);
  const Split split = source.split(side);
  const unsigned partial = source.partialAxes & axesOf(side);
  const bool whole = partial == axesOf(side, split);
  if (!whole && partial != axisBit(minorAxis(side)))
    return emitOpError("terms lie on a divided side, and neither on all of its axes nor on the minor one alone: their "
                       "PEs are no neighbors");
  if (!whole && getAlgorithm() == ReduceAlgorithm::Star)
    return emitOpError("star combines whole lines; groups of a divided side are combined by chain");
  if (failed(verifySplits(*this, {source, result})))
    return failure();
  return verifyClaim(*this, objectionTo(ReduceClaim{placed(getSource()), placed(getResult()), side}));
}

LogicalResult TermsOp::verify() {
  Layout source = layoutOf(getSource().getType()), result = layoutOf(getResult().getType());
  if (result.kind != PartialKind::Pick && result.kind != PartialKind::Add)
    return emitOpError("result must be terms of kind pick or add");
  if (failed(verifySplits(*this, {source, result})))
    return failure();
  std::optional<Place> place = placeOf(*this);
  return place ? verifyClaim(*this, objectionTo(TermsClaim{placed(getSource()), placed(getResult())}, *place))
               : success();
}

/// One tensor of an all-reduce.
static LogicalResult verifyCombined(AllReduceOp op, Layout source, const Layout &result) {
  Side side = op.getSide();
  if (!source.isPartialAlong(side))
    return op.emitOpError("source is not partial along ") << stringifySide(side);
  Layout combined = source;
  combined.partialAxes &= ~axesOf(side);
  if (!combined.partialAxes)
    combined.kind = PartialKind::None;
  if (!(result.simplified() == combined.simplified()))
    return op.emitOpError("result must have the source's layout, combined along ") << stringifySide(side);
  auto region = op->getParentOfType<RegionOp>();
  if (!region)
    return success();
  LineAttr line = op.getLine();
  int64_t pes = region.size().along(side), group = reducedGroup(source, side, region.size());
  if (group != (line.getGroup() ? line.getGroup() : pes))
    return op.emitOpError("combines ") << (line.getGroup()
                                               ? "groups of " + std::to_string(line.getGroup()) + " neighbors"
                                               : std::string("whole lines"))
                                       << ", and terms lie on "
                                       << (group ? "groups of " + std::to_string(group) : std::string("no neighbors"));
  int64_t last = line.getLeaders().empty() ? line.getRoot() : std::max(line.getRoot(), line.getLeaders().back());
  if (last >= pes)
    return op.emitOpError("has a line with a PE at ") << last << ", and lines have " << pes;
  return success();
}

LogicalResult AllReduceOp::verify() {
  if (getSources().empty() || getSources().size() != getSums().size())
    return emitOpError("needs a result for each tensor that it combines");
  if (llvm::SmallDenseSet<Value>(getSources().begin(), getSources().end()).size() != getSources().size())
    return emitOpError("combines a tensor twice, and its memory is written over");
  auto first = cast<RankedTensorType>(getSources().front().getType());
  for (auto [source, result] : llvm::zip_equal(getSources(), getSums())) {
    auto from = cast<RankedTensorType>(source.getType()), to = cast<RankedTensorType>(result.getType());
    if (from.getShape() != to.getShape() || from.getElementType() != to.getElementType())
      return emitOpError("result must have the source's shape and elements");
    if (from.getElementType() != first.getElementType() || layoutOf(from).kind != layoutOf(first).kind)
      return emitOpError("combines tensors of one element type and one kind");
    if (failed(verifyCombined(*this, layoutOf(from), layoutOf(to))))
      return failure();
  }
  return success();
}

/// PEs that share a loop have the same box, and form lines or groups of neighbors.
static LogicalResult verifyShared(KernelOp kernel, Layout iteration, Layout result, bool reduces) {
  alignSplits({&iteration, &result});
  const int64_t loop = *kernel.getShared();
  if (reduces || kernel.getInto() || loop < 0 || loop >= static_cast<int64_t>(iteration.dims.size()))
    return kernel.emitOpError("shares a loop of an elementwise kernel with a result of its own");
  if (result.kind != PartialKind::Pick || result.isPartialAlong(Side::X) == result.isPartialAlong(Side::Y))
    return kernel.emitOpError("shares a loop along the side on which its result is partial(pick)");
  for (Axis axis : kPlaceAxes)
    if (result.partialAxes & axisBit(axis))
      if (iteration.dependsOn(axis))
        return kernel.emitOpError("shares a loop among PEs that have different boxes");
  const Side side = result.isPartialAlong(Side::X) ? Side::X : Side::Y;
  std::optional<Place> place = placeOf(kernel);
  if (place && reducedGroup(result, side, place->region) == 0)
    return kernel.emitOpError("shares a loop among PEs that are no neighbors");
  return success();
}

LogicalResult KernelOp::verify() {
  size_t loops = getIterators().size();
  size_t operands = getInputs().size();
  if (getIndexingMaps().size() != operands + 1)
    return emitOpError("needs an indexing map per input and one for the result");
  if (getExtents().size() != loops || Layout::get(getIteration()).dims.size() != loops)
    return emitOpError("needs an extent and a layout dimension per iterator");
  for (auto [map, type] : llvm::zip(getIndexingMaps().getAsRange<AffineMapAttr>(), [&] {
         SmallVector<Type> types(getInputs().getTypes());
         types.push_back(getResult().getType());
         return types;
       }())) {
    if (map.getValue().getNumDims() != loops)
      return emitOpError("indexing map has ") << map.getValue().getNumDims() << " dimensions for " << loops << " loops";
    if (map.getValue().getNumResults() != cast<RankedTensorType>(type).getRank())
      return emitOpError("indexing map does not fit the tensor's rank");
  }
  bool reduces =
      llvm::any_of(getIterators().getAsValueRange<StringAttr>(), [](StringRef s) { return s == "reduction"; });
  if (reduces && !getIdentity())
    return emitOpError("a reduction needs its identity");
  if (getBody().front().getNumArguments() != operands + 1)
    return emitOpError("body takes one scalar per input and the accumulator");
  SmallVector<Layout, 2> layouts{Layout::get(getIteration()), layoutOf(getResult().getType())};
  if (getShared() && failed(verifyShared(*this, layouts[0], layouts[1], reduces)))
    return failure();
  for (Type type : getInputs().getTypes())
    layouts.push_back(layoutOf(type));
  if (failed(verifySplits(*this, layouts)))
    return failure();
  std::optional<Place> place = placeOf(*this);
  if (!place)
    return success();
  SmallVector<bool> reduction;
  for (StringRef iterator : getIterators().getAsValueRange<StringAttr>())
    reduction.push_back(iterator == "reduction");
  KernelClaim claim{getExtents(), reduction, layouts[0], {}, placed(getResult()), {}};
  claim.inputs = llvm::map_to_vector<3>(getInputs(), placed);
  claim.maps = llvm::to_vector(getIndexingMaps().getAsValueRange<AffineMapAttr>());
  claim.repeatable = llvm::is_contained({PartialKind::Min, PartialKind::Max, PartialKind::Pick}, layouts[1].kind);
  claim.replaces = bool(getInto());
  if (getShared()) { // who computes an element has what each of those who share would need for it
    claim.result.layout.partialAxes = 0;
    claim.result.layout.kind = PartialKind::None;
  }
  return verifyClaim(*this, objectionTo(claim, *place));
}

LogicalResult CheckedOp::verify() {
  CheckedKind kind = getKind();
  bool unary = kind == CheckedKind::NonNegative || kind == CheckedKind::FromFloat;
  if (static_cast<bool>(getB()) == unary)
    return emitOpError() << stringifyCheckedKind(kind) << " takes " << (unary ? "one operand" : "two operands");
  if (getA().getType().isF32() != (kind == CheckedKind::FromFloat))
    return emitOpError() << stringifyCheckedKind(kind) << " is not of " << getA().getType();
  return success();
}

LogicalResult GatherOp::verify() {
  auto table = cast<RankedTensorType>(getTable().getType()), indices = cast<RankedTensorType>(getIndices().getType()),
       result = cast<RankedTensorType>(getResult().getType());
  if (table.getRank() < 1 || result.getRank() != table.getRank() - 1 + indices.getRank())
    return emitOpError("result rank must be that of the indices plus the table's without its first dimension");
  Layout rows = layoutOf(table), iteration = layoutOf(result);
  if (failed(verifySplits(*this, {rows, layoutOf(indices), iteration})))
    return failure();
  std::optional<Place> place = placeOf(*this);
  if (!place)
    return success();
  // As a kernel: loops over the result, and over the rows that a PE has of the table; one of them is the one.
  alignSplits({&rows, &iteration});
  int64_t rank = result.getRank(), indexed = indices.getRank();
  iteration.partialAxes = iteration.atAxes = 0;
  iteration.dims.push_back(rows.dims.front());
  SmallVector<int64_t> extents(result.getShape());
  extents.push_back(table.getDimSize(0));
  SmallVector<bool> reduction(rank, false);
  reduction.push_back(true);
  SmallVector<AffineExpr> loops;
  for (int64_t d = 0; d <= rank; ++d)
    loops.push_back(getAffineDimExpr(d, getContext()));
  SmallVector<AffineExpr> read{loops.back()};
  read.append(loops.begin() + indexed, loops.end() - 1);
  auto map = [&](ArrayRef<AffineExpr> expressions) { return AffineMap::get(rank + 1, 0, expressions, getContext()); };
  KernelClaim claim{extents, reduction, iteration, {placed(getTable()), placed(getIndices())}, placed(getResult()), {}};
  claim.maps = {map(read), map(ArrayRef(loops).take_front(indexed)), map(ArrayRef(loops).drop_back())};
  claim.repeatable = true; // the bits of a row that two PEs have
  return verifyClaim(*this, objectionTo(claim, *place));
}

LogicalResult ChunksOp::verify() {
  if (getCount() < 1)
    return emitOpError("needs at least one chunk");
  if (getInits().getTypes() != getResults().getTypes())
    return emitOpError("carries tensors of unchanging types");
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield || yield.getOperandTypes() != getResults().getTypes())
    return emitOpError("body must yield the carried tensors");
  return success();
}

#define GET_OP_CLASSES
#include "wafer/Dialect/Wafer/WaferOps.cpp.inc"
