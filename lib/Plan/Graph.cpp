// From tensor-level ops to the planner's graph.
#include "Reshape.h"

#include "wafer/Dialect/Onnx/OnnxDialect.h"
#include "wafer/Program/Box.h"
#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Tensor/LoopForm.h"
#include "wafer/Tensor/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

class GraphBuilder {
public:
  explicit GraphBuilder(func::FuncOp function) : function(function) {}

  FailureOr<Graph> build() {
    if (failed(checkTypes()))
      return failure();
    for (BlockArgument argument : function.getArguments()) {
      GraphTensor tensor = describe(argument, GraphTensor::Input);
      auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "onnx.name");
      tensor.hostName = name ? name.str() : ("arg" + Twine(argument.getArgNumber())).str();
      tensor.hostShape = tensor.shape;
      if (auto shape = function.getArgAttrOfType<DenseI64ArrayAttr>(argument.getArgNumber(), kHostShape))
        tensor.hostShape = SmallVector<int64_t>(shape.asArrayRef());
      if (failed(checkRank(argument.getLoc(), "input '" + tensor.hostName + "'", tensor.hostShape)))
        return failure();
      auto declared = function.getArgAttrOfType<TypeAttr>(argument.getArgNumber(), "onnx.type");
      tensor.declared = declared ? declared.getValue() : tensor.element;
      define(argument, tensor);
      if (argument.hasOneUse())
        soleViews.insert(argument);
    }
    for (Operation &op : function.getBody().front())
      if (failed(visit(&op)))
        return failure();
    for (auto [n, node] : llvm::enumerate(graph.nodes))
      for (const GraphOperand &operand : node.operands)
        for (const Piece &piece : operand.pieces) {
          ++graph.tensors[piece.tensor].reads;
          auto &users = graph.tensors[piece.tensor].users;
          if (users.empty() || users.back() != static_cast<int>(n))
            users.push_back(n);
        }
    return std::move(graph);
  }

private:
  /// legalize-element-types comes before.
  LogicalResult checkTypes() {
    auto carried = [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      Type element = tensor ? tensor.getElementType() : Type();
      return !element || element.isF32() || element.isInteger(32) || element.isInteger(1) || element.isIndex();
    };
    WalkResult result = function.walk([&](Operation *op) {
      if (op != function &&
          !(llvm::all_of(op->getOperandTypes(), carried) && llvm::all_of(op->getResultTypes(), carried)))
        return WalkResult(
            (wafer::emitUnsupported(op, "is not in types that the machine carries (pass legalize-element-types)")));
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  /// A program names the host's tensors with all their dimensions.
  static LogicalResult checkRank(Location loc, const Twine &what, ArrayRef<int64_t> shape) {
    if (shape.size() <= kMaxBoxRank)
      return success();
    return wafer::emitError(loc, ErrorCode::KernelUnsupported,
                            what + " has " + Twine(shape.size()) +
                                " dimensions, and a program's tensors have at most " + Twine(kMaxBoxRank),
                            "give it fewer dimensions, and reshape it in the model");
  }

  GraphTensor describe(Value value, GraphTensor::Kind kind) {
    auto type = cast<RankedTensorType>(value.getType());
    GraphTensor tensor(value.getLoc());
    tensor.kind = kind;
    tensor.shape = SmallVector<int64_t>(type.getShape());
    tensor.element = type.getElementType();
    return tensor;
  }

  int define(Value value, GraphTensor tensor) {
    int number = graph.tensors.size();
    GraphOperand operand;
    operand.shape = tensor.shape;
    operand.pieces.push_back({number, SmallVector<int64_t>(tensor.shape.size(), 0)});
    operands[value] = operand;
    graph.tensors.push_back(std::move(tensor));
    return number;
  }

  GraphNode &newNode(GraphNode::Kind kind, Operation *op) {
    graph.nodes.emplace_back(kind, op);
    graph.nodes.back().loop = loop;
    return graph.nodes.back();
  }

  /// A node's result that no value of the IR stands for; the operand that it is to others.
  GraphOperand derived(GraphNode &node, GraphTensor tensor) {
    tensor.producer = graph.nodes.size() - 1;
    tensor.loop = node.loop;
    node.result = graph.tensors.size();
    GraphOperand operand;
    operand.shape = tensor.shape;
    operand.pieces.push_back({node.result, SmallVector<int64_t>(tensor.shape.size(), 0)});
    graph.tensors.push_back(std::move(tensor));
    return operand;
  }

  void setResult(GraphNode &node, Value value) {
    GraphTensor tensor = describe(value, GraphTensor::Computed);
    tensor.producer = graph.nodes.size() - 1;
    tensor.loop = node.loop;
    node.result = graph.tensors.size();
    define(value, tensor);
  }

  /// An operand that is one whole tensor; a composed one is moved into a tensor of its own first, a step's slice
  /// copied.
  GraphOperand whole(Value value) {
    if (auto slice = slices.find(value); slice != slices.end() && slice->second.stepped()) {
      copySlice(slice->second, value);
      slices.erase(value);
      return operands.lookup(value);
    }
    GraphOperand operand = operands.lookup(value);
    if (operand.plain())
      return operand;
    GraphNode &node = newNode(GraphNode::Move, value.getDefiningOp());
    node.operands.push_back(operand);
    setResult(node, value);
    return operands.lookup(value);
  }

  LogicalResult visit(Operation *op) {
    return TypeSwitch<Operation *, LogicalResult>(op)
        .Case<tensor::EmptyOp>([&](tensor::EmptyOp op) {
          contentless.insert(op.getResult());
          return success();
        })
        .Case<arith::ConstantOp>([&](arith::ConstantOp op) {
          if (!llvm::isa<RankedTensorType>(op.getType()))
            return success();
          GraphTensor tensor = describe(op, GraphTensor::Constant);
          tensor.value = op.getValue();
          if (auto dense = dyn_cast<DenseElementsAttr>(op.getValue()); dense && dense.isSplat()) {
            tensor.kind = GraphTensor::Fill;
            tensor.value = dense.getSplatValue<Attribute>();
          }
          define(op, tensor);
          return success();
        })
        .Case<onnx::WeightRefOp>([&](onnx::WeightRefOp op) {
          GraphTensor tensor = describe(op.getResult(), GraphTensor::Weight);
          tensor.weight = op.getWeightAttr();
          define(op.getResult(), tensor);
          return success();
        })
        .Case<linalg::FillOp>([&](linalg::FillOp op) -> LogicalResult {
          Attribute value;
          if (!matchPattern(op.getInputs()[0], m_Constant(&value)))
            return wafer::emitUnsupported(op, "fills with a value that is not a constant");
          GraphTensor tensor = describe(op.getResult(0), GraphTensor::Fill);
          tensor.value = value;
          define(op.getResult(0), tensor);
          return success();
        })
        .Case<linalg::GenericOp>([&](linalg::GenericOp op) { return visitGeneric(op); })
        .Case<tensor::CollapseShapeOp>([&](tensor::CollapseShapeOp op) {
          return visitReshape(op, op.getSrc(), op.getResult(), op.getReassociationIndices(), false);
        })
        .Case<tensor::ExpandShapeOp>([&](tensor::ExpandShapeOp op) -> LogicalResult {
          if (llvm::all_of(op->getUsers(), [&](Operation *user) {
                auto gather = dyn_cast<tensor::GatherOp>(user);
                return gather && gather.getIndices() == op.getResult() && addsCoordinate(op);
              }))
            return success(); // gatherIndices looks through it
          return visitReshape(op, op.getSrc(), op.getResult(), op.getReassociationIndices(), true);
        })
        .Case<tensor::PadOp>([&](tensor::PadOp op) -> LogicalResult {
          Value padding = op.getConstantPaddingValue();
          Attribute value;
          if (!padding || !matchPattern(padding, m_Constant(&value)))
            return wafer::emitUnsupported(op, "pads with a value that is not a constant");
          GraphOperand operand = whole(op.getSource());
          operand.shape = SmallVector<int64_t>(cast<RankedTensorType>(op.getType()).getShape());
          operand.pieces[0].shift = SmallVector<int64_t>(op.getStaticLow());
          operand.fill = value;
          operands[op.getResult()] = operand;
          return success();
        })
        .Case<tensor::ExtractSliceOp>([&](tensor::ExtractSliceOp op) -> LogicalResult {
          if (op->getParentOfType<scf::ForOp>() && !op.getOffsets().empty())
            return visitStepSlice(op);
          noteWeightSlice(op);
          if (!op.hasUnitStride() || op.getType().getRank() != op.getSourceType().getRank() ||
              !op.getOffsets().empty() || !op.getSizes().empty())
            return wafer::emitUnsupported(
                op, "slices with strides, run-time offsets or fewer dimensions are not supported here");
          GraphOperand operand = whole(op.getSource());
          operand.shape = SmallVector<int64_t>(op.getType().getShape());
          operand.resized = op.getType().getShape() != op.getSourceType().getShape();
          for (auto [shift, offset] : llvm::zip(operand.pieces[0].shift, op.getStaticOffsets()))
            shift = -offset;
          operands[op.getResult()] = operand;
          return success();
        })
        .Case<tensor::ConcatOp>([&](tensor::ConcatOp op) {
          GraphOperand operand;
          operand.shape = SmallVector<int64_t>(op.getResultType().getShape());
          int64_t offset = 0;
          for (Value input : op.getInputs()) {
            GraphOperand part = whole(input);
            part.pieces[0].shift[op.getDim()] = offset;
            operand.pieces.push_back(part.pieces[0]);
            offset += part.shape[op.getDim()];
          }
          operands[op.getResult()] = operand;
          // A part of a larger one is made where it stands.
          if (llvm::all_of(op->getUsers(), [](Operation *user) { return llvm::isa<tensor::ConcatOp>(user); }))
            whole(op.getResult());
          return success();
        })
        .Case<tensor::InsertSliceOp>([&](tensor::InsertSliceOp op) -> LogicalResult {
          if (writes.contains(op))
            return visitWrite(op);
          if (!op.hasUnitStride() || op.getType().getRank() != op.getSourceType().getRank() ||
              !op.getOffsets().empty() || !op.getSizes().empty())
            return wafer::emitUnsupported(
                op, "insertions with strides, run-time offsets or fewer dimensions are not supported here");
          // Later pieces are written over earlier ones.
          GraphOperand source = whole(op.getSource()), operand;
          source.pieces[0].shift = SmallVector<int64_t>(op.getStaticOffsets());
          operand.shape = SmallVector<int64_t>(op.getType().getShape());
          operand.resized = op.getType().getShape() != op.getSourceType().getShape();
          if (!contentless.contains(op.getDest()))
            operand.pieces.push_back(whole(op.getDest()).pieces[0]);
          operand.pieces.push_back(source.pieces[0]);
          operands[op.getResult()] = operand;
          return success();
        })
        .Case<tensor::GatherOp>([&](tensor::GatherOp op) -> LogicalResult {
          FailureOr<GraphOperand> indices = gatherIndices(op);
          if (failed(indices))
            return failure();
          GraphOperand table = whole(op.getSource());
          GraphNode &node = newNode(GraphNode::Gather, op);
          node.operands = {table, *indices};
          setResult(node, op.getResult());
          return success();
        })
        .Case<scf::ForOp>([&](scf::ForOp op) { return visitLoop(op); })
        .Case<arith::SubIOp>([&](arith::SubIOp op) -> LogicalResult {
          if (op.getType().isIndex())
            return success(); // where a step's slice lies
          return wafer::emitUnsupported(op,
                                        "has no place in a kernel: the tensor level is linalg.generic and tensor ops");
        })
        .Case<func::ReturnOp>([&](func::ReturnOp op) {
          for (auto [i, value] : llvm::enumerate(op.getOperands())) {
            Value resting = value;
            while (Value viewed = outputViews.lookup(resting))
              resting = viewed;
            GraphOperand operand = whole(resting);
            GraphNode &node = newNode(GraphNode::Output, op);
            node.operands = {operand};
            node.loc = value.getLoc();
            node.hostShape = SmallVector<int64_t>(cast<RankedTensorType>(value.getType()).getShape());
            auto name = function.getResultAttrOfType<StringAttr>(i, "onnx.name");
            node.hostName = name ? name.str() : ("result" + Twine(i)).str();
            if (failed(checkRank(node.loc, "output '" + node.hostName + "'", node.hostShape)))
              return failure();
            auto declared = function.getResultAttrOfType<TypeAttr>(i, "onnx.type");
            node.declared = declared ? declared.getValue() : graph.tensors[operand.pieces[0].tensor].element;
          }
          return success();
        })
        .Default([](Operation *op) -> LogicalResult {
          if (op->hasTrait<OpTrait::ConstantLike>())
            return success();
          return wafer::emitUnsupported(op,
                                        "has no place in a kernel: the tensor level is linalg.generic and tensor ops");
        });
  }

  /// Indices of gathers end in a dimension of their coordinates, here always one: expand_shape adds it.
  static bool addsCoordinate(tensor::ExpandShapeOp op) {
    ArrayRef<int64_t> shape = op.getResultType().getShape();
    return !shape.empty() && shape.back() == 1 && op.getSrcType().getShape() == shape.drop_back();
  }

  /// The indices without that dimension.
  FailureOr<GraphOperand> gatherIndices(tensor::GatherOp op) {
    RankedTensorType type = op.getIndicesType();
    ArrayRef<int64_t> shape = type.getShape();
    if (op.getGatherDims() != ArrayRef<int64_t>{0} || shape.back() != 1 ||
        op.getResultType().getRank() != type.getRank() - 1 + op.getSourceType().getRank() - 1)
      return wafer::emitUnsupported(op, "gathers along another dimension than the first, which is not supported here");
    if (auto expand = op.getIndices().getDefiningOp<tensor::ExpandShapeOp>(); expand && addsCoordinate(expand))
      return whole(expand.getSrc());
    GraphOperand source = whole(op.getIndices());
    GraphTensor tensor = graph.tensors[source.pieces[0].tensor];
    tensor.shape.pop_back();
    tensor.users.clear();
    tensor.loop = loop;
    if (auto dense = dyn_cast_or_null<DenseElementsAttr>(tensor.value)) {
      tensor.value = dense.reshape(type.clone(tensor.shape));
    } else if (!tensor.resident()) {
      if (tensor.shape.empty())
        return wafer::emitUnsupported(op,
                                      "gathers by a computed index without dimensions, which is not supported here");
      GraphNode &node = newNode(GraphNode::Reshape, op);
      node.operands = {source};
      for (int64_t d = 0; d != static_cast<int64_t>(tensor.shape.size()); ++d)
        node.groups.push_back({d});
      node.groups.back().push_back(tensor.shape.size());
      node.result = graph.tensors.size();
      tensor.kind = GraphTensor::Computed;
      tensor.producer = graph.nodes.size() - 1;
    }
    GraphOperand operand;
    operand.shape = tensor.shape;
    operand.pieces.push_back({static_cast<int>(graph.tensors.size()), SmallVector<int64_t>(tensor.shape.size(), 0)});
    graph.tensors.push_back(std::move(tensor));
    return operand;
  }

  LogicalResult visitReshape(Operation *op, Value source, Value result, ArrayRef<ReassociationIndices> groups,
                             bool expand) {
    if (contentless.contains(source)) {
      contentless.insert(result);
      return success();
    }
    // The host's tensors are row-major, like weights: another shape is another way to cut the same bytes.
    if (llvm::all_of(result.getUsers(), [](Operation *user) { return llvm::isa<func::ReturnOp>(user); })) {
      outputViews[result] = source;
      return success();
    }
    if (soleViews.contains(source)) {
      GraphOperand &view = operands[result] = operands.lookup(source);
      view.shape = SmallVector<int64_t>(cast<RankedTensorType>(result.getType()).getShape());
      view.pieces[0].shift.assign(view.shape.size(), 0);
      graph.tensors[view.pieces[0].tensor].shape = view.shape;
      if (result.hasOneUse())
        soleViews.insert(result);
      return success();
    }
    GraphOperand operand = operands.lookup(source);
    if (operand.plain() && graph.tensors[operand.pieces[0].tensor].resident() &&
        graph.tensors[operand.pieces[0].tensor].kind != GraphTensor::Constant) {
      GraphTensor tensor = graph.tensors[operand.pieces[0].tensor];
      tensor.shape = SmallVector<int64_t>(cast<RankedTensorType>(result.getType()).getShape());
      define(result, tensor);
      return success();
    }
    operand = whole(source);
    if (auto dense = dyn_cast_or_null<DenseElementsAttr>(graph.tensors[operand.pieces[0].tensor].value)) {
      GraphTensor tensor = graph.tensors[operand.pieces[0].tensor];
      auto type = cast<RankedTensorType>(result.getType());
      tensor.shape = SmallVector<int64_t>(type.getShape());
      tensor.value = dense.reshape(type);
      define(result, tensor);
      return success();
    }
    ArrayRef<int64_t> from = cast<RankedTensorType>(source.getType()).getShape(),
                      to = cast<RankedTensorType>(result.getType()).getShape();
    SmallVector<ReshapeStep> steps = expand ? reshapeSteps(to, from, groups) : reshapeSteps(from, to, groups);
    if (expand)
      std::reverse(steps.begin(), steps.end());
    for (const ReshapeStep &step : steps) {
      GraphNode &node = newNode(GraphNode::Reshape, op);
      node.operands = {operand};
      node.groups = step.groups;
      node.expand = expand;
      if (step.merged)
        node.regroup = {expand ? Regroup::Split : Regroup::Merge, *step.merged};
      GraphTensor tensor = describe(result, GraphTensor::Computed);
      tensor.shape = expand ? step.fine : step.coarse;
      operand = derived(node, std::move(tensor));
    }
    operands[result] = operand;
    return success();
  }

  LogicalResult visitGeneric(linalg::GenericOp op) {
    if (op.getNumDpsInits() != 1)
      return wafer::emitUnsupported(op, "must have one result here");
    for (AffineMap map : op.getIndexingMapsArray())
      for (AffineExpr expression : map.getResults())
        if (!linearForm(expression, map.getNumDims()))
          return wafer::emitUnsupported(op, "has an index expression that is not linear");
    unsigned loops = op.getNumLoops();
    SmallVector<GraphOperand, 2> inputs;
    SmallVector<AffineMap> maps;
    bool stepped = false;
    Block &body = op.getRegion().front();
    for (OpOperand *input : op.getDpsInputOperands()) {
      // A window's shape operand is read by nobody: it has no elements worth moving, but its map sizes the loops.
      if (body.getArgument(input->getOperandNumber()).use_empty())
        continue;
      AffineMap map = op.getMatchingIndexingMap(input);
      if (auto slice = slices.find(input->get()); slice != slices.end()) {
        inputs.push_back(slice->second.source);
        maps.push_back(slice->second.readBy(map));
        stepped |= slice->second.stepped();
        continue;
      }
      if (!operands.count(input->get()))
        return wafer::emitUnsupported(op, "reads a tensor without content");
      inputs.push_back(operands.lookup(input->get()));
      maps.push_back(map);
    }
    maps.push_back(op.getMatchingIndexingMap(op.getDpsInitOperand(0)));
    GraphNode &node = newNode(GraphNode::Kernel, op);
    node.operands = inputs;
    node.extents = op.getStaticLoopRanges();
    for (utils::IteratorType kind : op.getIteratorTypesArray())
      node.reduction.push_back(kind == utils::IteratorType::reduction);
    setMaps(node, loops, maps, stepped);
    node.body = instructionsOf(body);
    if (op.getNumReductionLoops() != 0 && failed(describeReduction(op, node)))
      return failure();
    setResult(graph.nodes.back(), op.getResult(0));
    return success();
  }

  //===- Slices and loops -------------------------------------------------===//

  /// Part of a tensor that kernels read where it lies, by their maps: a step's slice, or a slice of a weight.
  struct Slice {
    GraphOperand source;
    AffineMap map; // the source's indices, from the slice's and the step (symbol 0)

    bool stepped() const { return map.isFunctionOfSymbol(0); }
    /// The map into the source of who reads the slice by `reader`; the step stays a symbol.
    AffineMap readBy(AffineMap reader) const {
      AffineMap loops = AffineMap::get(reader.getNumDims(), 1, reader.getResults(), reader.getContext());
      SmallVector<AffineExpr> exprs;
      for (AffineExpr expr : map.getResults())
        exprs.push_back(expr.replaceDims(loops.getResults()));
      return AffineMap::get(reader.getNumDims(), 1, exprs, reader.getContext());
    }
  };

  /// The maps of a node's operands and result, the step (if they read it) a loop behind the others.
  void setMaps(GraphNode &node, unsigned loops, ArrayRef<AffineMap> maps, bool stepped) {
    MLIRContext *context = function.getContext();
    if (stepped) {
      node.stepLoop = static_cast<int>(loops);
      node.extents.push_back(graph.loops[loop].trips);
      node.reduction.push_back(false);
    }
    AffineExpr step = getAffineDimExpr(loops, context);
    for (AffineMap map : maps) {
      SmallVector<AffineExpr> exprs;
      for (AffineExpr expr : map.getResults())
        exprs.push_back(expr.replaceSymbols({step}));
      node.maps.push_back(AffineMap::get(node.extents.size(), 0, exprs, context));
    }
  }

  /// A kernel that copies `source`, read by `from`, to `value`, whose elements it writes by `to`.
  GraphNode &newCopy(GraphOperand source, ArrayRef<int64_t> extents, AffineMap from, AffineMap to, Operation *op) {
    GraphNode &node = newNode(GraphNode::Kernel, op);
    node.operands = {source};
    node.extents = SmallVector<int64_t>(extents);
    node.reduction.assign(extents.size(), false);
    setMaps(node, extents.size(), {from, to}, from.isFunctionOfSymbol(0) || to.isFunctionOfSymbol(0));
    node.body = {isa::VectorOp::Mov};
    node.copies = true;
    return node;
  }

  AffineMap identityMap(int64_t rank) { return AffineMap::getMultiDimIdentityMap(rank, function.getContext()); }

  void copySlice(const Slice &slice, Value value) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
    Slice copied = slice; // `slices` may move it
    setResult(newCopy(copied.source, shape, copied.map, identityMap(shape.size()), value.getDefiningOp()), value);
  }

  LogicalResult visitStepSlice(tensor::ExtractSliceOp op) {
    std::optional<AffineMap> map = sliceMapOf(op);
    if (!map)
      return refuse(op, "a slice of another kind than that of one step");
    GraphOperand source = whole(op.getSource());
    slices[op.getResult()] = {source, *map};
    return success();
  }

  /// Kernels read slices of weights where they lie.
  void noteWeightSlice(tensor::ExtractSliceOp op) {
    GraphOperand source = operands.lookup(op.getSource());
    if (!source.plain() || graph.tensors[source.pieces[0].tensor].kind != GraphTensor::Weight)
      return;
    if (std::optional<AffineMap> map = sliceMapOf(op))
      slices[op.getResult()] = {source, *map};
  }

  LogicalResult visitLoop(scf::ForOp op) {
    std::string why;
    std::optional<LoopForm> form = loopFormOf(op, why);
    if (!form)
      return refuse(op, "a loop that " + why);
    // What is composed of several tensors is moved together once, before the loop.
    op.getBody()->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (op.isDefinedOutsideOfLoop(operand) && operands.count(operand) &&
            !(slices.count(operand) && llvm::isa<linalg::GenericOp>(inner)))
          (void)whole(operand);
    });
    SmallVector<GraphOperand> inits;
    for (auto [init, write] : llvm::zip(op.getInitArgs(), form->writes)) {
      if (!write && !operands.count(init))
        return refuse(op, "a loop that carries a tensor without content");
      inits.push_back(write ? GraphOperand() : whole(init));
    }
    loop = static_cast<int>(graph.loops.size());
    graph.loops.push_back({form->trips, static_cast<int>(graph.nodes.size())});
    for (auto [argument, init, write] : llvm::zip(op.getRegionIterArgs(), inits, form->writes)) {
      if (write) {
        writes.insert(write);
        continue;
      }
      GraphNode &node = newNode(GraphNode::Carry, op);
      node.operands = {init};
      setResult(node, argument);
    }
    for (Operation &inner : op.getBody()->without_terminator())
      if (failed(visit(&inner)))
        return failure();
    SmallVector<GraphOperand> next;
    for (auto [yielded, write] : llvm::zip(op.getYieldedValues(), form->writes))
      next.push_back(write ? GraphOperand() : ownBuffer(yielded, op));
    for (auto [argument, value, result, write] :
         llvm::zip(op.getRegionIterArgs(), next, op.getResults(), form->writes)) {
      if (write) {
        operands[result] = operands.lookup(write.getResult());
        continue;
      }
      GraphOperand carried = operands.lookup(argument);
      GraphNode &node = newNode(GraphNode::Next, op);
      node.operands = {value, carried};
      setResult(node, result);
    }
    graph.loops[loop].endNode = static_cast<int>(graph.nodes.size());
    loop = -1;
    return success();
  }

  /// What a step hands on, in memory that is neither a carried tensor's nor one of outside: those are overwritten, or
  /// may not be.
  GraphOperand ownBuffer(Value value, scf::ForOp loopOp) {
    GraphOperand operand = whole(value);
    int tensor = operand.pieces[0].tensor;
    while (graph.tensors[tensor].producer >= 0 &&
           graph.nodes[graph.tensors[tensor].producer].kind == GraphNode::Reshape)
      tensor = graph.nodes[graph.tensors[tensor].producer].operands[0].pieces[0].tensor;
    const GraphTensor &root = graph.tensors[tensor];
    if (root.loop == loop && root.producer >= 0 && graph.nodes[root.producer].kind != GraphNode::Carry)
      return operand;
    AffineMap identity = identityMap(operand.shape.size());
    GraphNode &node = newCopy(operand, operand.shape, identity, identity, loopOp);
    GraphTensor copy = describe(value, GraphTensor::Computed);
    copy.producer = graph.nodes.size() - 1;
    copy.loop = loop;
    node.result = graph.tensors.size();
    operand.pieces[0].tensor = node.result;
    graph.tensors.push_back(std::move(copy));
    return operand;
  }

  /// The step's slice of an output.
  LogicalResult visitWrite(tensor::InsertSliceOp op) {
    std::optional<AffineMap> map = sliceMapOf(op);
    GraphOperand source = whole(op.getSource());
    GraphNode &node = newCopy(source, source.shape, identityMap(source.shape.size()), *map, op);
    node.gathers = true;
    setResult(node, op.getResult());
    return success();
  }

  LogicalResult refuse(Operation *op, const std::string &what) {
    return wafer::emitError(op->getLoc(), ErrorCode::KernelUnsupported, what + " has no lowering to kernels");
  }

  /// The combiner and its identity. The initial value must be that identity (prepare-kernels sees to it).
  LogicalResult describeReduction(linalg::GenericOp op, GraphNode &node) {
    Block &body = op.getRegion().front();
    Value accumulator = body.getArguments().back();
    Operation *last = body.getTerminator()->getOperand(0).getDefiningOp();
    if (!last || !llvm::is_contained(last->getOperands(), accumulator))
      return wafer::emitUnsupported(op, "must yield its accumulator combined with something");
    node.combiner =
        TypeSwitch<Operation *, PartialKind>(last)
            .Case<arith::AddFOp, arith::AddIOp>([](auto) { return PartialKind::Add; })
            .Case<arith::MulFOp, arith::MulIOp>([](auto) { return PartialKind::Mul; })
            .Case<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp>([](auto) { return PartialKind::Max; })
            .Case<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp>([](auto) { return PartialKind::Min; })
            // Of bits, which are words of 0 and 1, the largest and the smallest.
            .Case<arith::OrIOp, arith::AndIOp>([](Operation *op) {
              if (!op->getResult(0).getType().isInteger(1))
                return PartialKind::None;
              return llvm::isa<arith::OrIOp>(op) ? PartialKind::Max : PartialKind::Min;
            })
            .Case<CheckedOp>([](CheckedOp op) {
              return op.getKind() == CheckedKind::Add   ? PartialKind::AddChecked
                     : op.getKind() == CheckedKind::Mul ? PartialKind::MulChecked
                                                        : PartialKind::None;
            })
            .Default([](Operation *) { return PartialKind::None; });
    if (node.combiner == PartialKind::None)
      return wafer::emitUnsupported(op, "combines with '")
             << last->getName().getStringRef() << "', which is not supported";
    auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
    if (!fill || !matchPattern(fill.getInputs()[0], m_Constant(&node.identity)))
      return wafer::emitUnsupported(op, "must start from a filled tensor");
    return success();
  }

  func::FuncOp function;
  Graph graph;
  llvm::DenseMap<Value, GraphOperand> operands;
  llvm::DenseMap<Value, Slice> slices;
  llvm::DenseSet<Operation *> writes; // of outputs of loops
  int loop = -1;                      // being visited
  llvm::DenseSet<Value> contentless;  // shapes without values: tensor.empty and reshapes of it
  llvm::DenseSet<Value> soleViews; // inputs, or reshapes of them, that are read once: the host may know another shape
  llvm::DenseMap<Value, Value> outputViews; // reshapes that only outputs read: what they are reshapes of
};

} // namespace

FailureOr<Graph> wafer::wfr::buildGraph(func::FuncOp function) { return GraphBuilder(function).build(); }
