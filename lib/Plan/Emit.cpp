// From a plan to IR.
//
// What crosses between regions, or between a region and the host, is written in one global order, that of the nodes: an
// input comes before the node that is the first to read it, a result after the node that made it. A region takes
// everything that comes before the node that it is about to run, be it for itself or to pass it on (Nets.cpp says who
// passes on what). Transfers in one global order cannot wait for one another in a circle, whatever the buffering. The
// pass wafer-verify-order proves it afterwards.
#include "Plan.h"
#include "Reshape.h"
#include "Transfers.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"

#include <map>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

class Emitter {
public:
  Emitter(const Graph &graph, const Plan &plan, OpBuilder &builder, Location loc, int64_t meshWidth, int64_t meshHeight,
          const NetBounds &bounds)
      : graph(graph), plan(plan), hostLanes(bounds.hostLanes), loc(loc), context(builder.getContext()) {
    program = ProgramOp::create(builder, loc, "main", meshWidth, meshHeight);
    streamBuilder = OpBuilder::atBlockEnd(&program.getBody().emplaceBlock());
    regions.resize(plan.regions);
    for (int r = 0; r != plan.regions; ++r) {
      regions[r].op = RegionOp::create(streamBuilder, loc, ("r" + Twine(r)).str(), plan.region.width,
                                       plan.region.height, RectAttr(), DenseI64ArrayAttr());
      regions[r].op->setAttr("estimated_bytes", streamBuilder.getI64IntegerAttr(plan.bytes[r]));
      regions[r].builder = OpBuilder::atBlockEnd(&regions[r].op.getBody().emplaceBlock());
    }
    transfers = findTransfers(graph, plan, bounds);
    for (auto [number, transfer] : llvm::enumerate(transfers)) {
      if (transfer.kind != Transfer::Input)
        leaving[transfer.node].push_back(number);
      if (transfer.kind == Transfer::Output)
        outputs.try_emplace(transfer.node, outputs.size());
      for (const Hop &hop : transfer.way)
        for (int region : hop.net.to)
          if (region != kHost && (regions[region].expected.empty() || regions[region].expected.back() != number))
            regions[region].expected.push_back(number);
    }
  }

  ProgramOp run() {
    for (const GraphTensor &tensor : graph.tensors)
      if (tensor.kind == GraphTensor::Input && tensor.users.empty())
        UnreadOp::create(streamBuilder, tensor.loc, tensor.hostName,
                         RankedTensorType::get(tensor.hostShape, tensor.declared));
    for (size_t n = 0; n != graph.nodes.size(); ++n)
      emitNode(n);
    for (int r = 0; r != plan.regions; ++r)
      takeUntil(r, static_cast<int>(graph.nodes.size()));
    return program;
  }

private:
  struct RegionState {
    RegionOp op;
    OpBuilder builder{static_cast<MLIRContext *>(nullptr)};
    llvm::DenseMap<int, Value> values; // by tensor
    std::vector<size_t> expected;      // transfers that lead to it, or through it, in the global order
    size_t taken = 0;
    SmallVector<const EarlyInput *> early; // that have come in, but not been moved
  };

  llvm::DenseMap<size_t, SmallVector<std::pair<size_t, Value>>> waiting; // by node: earlier ones, and their terms
  std::map<std::pair<size_t, size_t>, Value> together; // by node and operand: what came with another sum

  RankedTensorType typeOf(int tensor, const Layout &layout) {
    return typeOf(graph.tensors[tensor].shape, graph.tensors[tensor].element, layout);
  }
  RankedTensorType typeOf(ArrayRef<int64_t> shape, Type element, const Layout &layout) {
    return RankedTensorType::get(shape, element, layout.simplified().attr(context));
  }

  //===- Transfers --------------------------------------------------------===//

  /// Takes, and passes on, everything that comes before node n.
  void takeUntil(int region, int n) {
    RegionState &state = regions[region];
    for (; state.taken != state.expected.size(); ++state.taken) {
      size_t number = state.expected[state.taken];
      const Transfer &transfer = transfers[number];
      if (transfer.node > n || (transfer.node == n && transfer.kind != Transfer::Input))
        break;
      if (!transfer.early)
        moveEarly(region);
      for (auto [hop, step] : llvm::enumerate(transfer.way))
        if (llvm::is_contained(step.net.to, region))
          take(region, number, hop);
      if (transfer.early && region == plan.nodes[transfer.node].region)
        state.early.push_back(transfer.early);
    }
    moveEarly(region);
  }

  /// What came early goes to where its reader needs it.
  void moveEarly(int region) {
    RegionState &state = regions[region];
    for (const EarlyInput *input : state.early) {
      if (input->operand < 0)
        continue;
      const GraphTensor &tensor = graph.tensors[input->tensor];
      state.values[input->tensor] =
          move(plan.nodes[input->node].operands[input->operand].pieces.front(), state.values[input->tensor],
               tensor.shape, tensor.element, Value(), tensor.shape, {}, state.builder, graph.nodes[input->node].loc);
    }
    state.early.clear();
  }

  void take(int region, size_t number, size_t hop) {
    RegionState &state = regions[region];
    const Transfer &transfer = transfers[number];
    Location where = graph.tensors[transfer.tensor].loc;
    std::string stream = streamOf(number, hop);
    if (transfer.relayedAfter(hop)) {
      RelayOp::create(state.builder, where, stream, streamOf(number, hop + 1));
      return;
    }
    bool firstRows = plan.region.height > (transfer.fromHost(hop) ? hostLanes : 1);
    Layout arrived = firstRows ? inFirstRows(transfer.layout) : transfer.layout;
    Value value = ReceiveOp::create(state.builder, where, typeOf(transfer.tensor, arrived), stream);
    value = spread(transfer.tensor, value, arrived, transfer.layout, state.builder);
    state.values[transfer.tensor] = value;
    send(region, number, value);
  }

  /// Sends a tensor down all the nets that its way takes from the region.
  void send(int region, size_t number, Value value) {
    for (auto [hop, step] : llvm::enumerate(transfers[number].way))
      if (step.net.from == region && !step.relayed) {
        std::string stream = streamOf(number, hop);
        SendOp::create(regions[region].builder, locOf(transfers[number]), value, stream, transfers[number].dealt);
      }
  }

  Location locOf(const Transfer &transfer) const {
    return transfer.kind == Transfer::Output ? graph.nodes[transfer.node].loc : graph.tensors[transfer.tensor].loc;
  }

  /// The stream of a hop: written when the first of its ends is, so that those with the host stand in the order in
  /// which regions use them.
  std::string streamOf(size_t number, size_t hop) {
    std::string &name = streams[{number, hop}];
    if (!name.empty())
      return name;
    const Transfer &transfer = transfers[number];
    const GraphTensor &tensor = graph.tensors[transfer.tensor];
    const Net &net = transfer.way[hop].net;
    StringAttr hostName;
    FlatSymbolRefAttr from;
    SmallVector<Attribute> to;
    name = transfer.kind == Transfer::Output ? "out" : transfer.kind == Transfer::Input ? "in" : "t";
    name += std::to_string(transfer.kind == Transfer::Output ? outputs.lookup(transfer.node) : transfer.tensor);
    const bool toHost = net.to.front() == kHost;
    if (toHost)
      hostName = streamBuilder.getStringAttr(graph.nodes[transfer.node].hostName);
    for (int region : net.to) {
      if (toHost)
        break;
      to.push_back(FlatSymbolRefAttr::get(regions[region].op.getSymNameAttr()));
      name += "_r" + std::to_string(region);
    }
    // What is passed on twice by one region comes to it by two streams.
    if (int again = names[name]++)
      name += "_" + std::to_string(again);
    if (net.from == kHost)
      hostName = streamBuilder.getStringAttr(tensor.hostName);
    else
      from = FlatSymbolRefAttr::get(regions[net.from].op.getSymNameAttr());
    Lanes lanes = lanesOf(transfer, hop, tensor.shape, plan.region, hostLanes);
    ArrayRef<int64_t> inside = tensor.shape, outside = toHost ? graph.nodes[transfer.node].hostShape : tensor.hostShape;
    Type element = toHost ? graph.nodes[transfer.node].declared : hostName ? tensor.declared : tensor.element;
    StreamOp::create(streamBuilder, locOf(transfer), name, from, streamBuilder.getArrayAttr(to),
                     RankedTensorType::get(tensor.shape, element, lanes.layout.simplified().attr(context)),
                     lanes.senders, lanes.count, hostName,
                     hostName && outside != inside ? streamBuilder.getDenseI64ArrayAttr(outside) : DenseI64ArrayAttr());
    return name;
  }

  /// Passes on what arrived in the first rows only.
  Value spread(int tensor, Value value, const Layout &arrived, const Layout &layout, OpBuilder &builder) {
    if (arrived == layout)
      return value;
    return RedistributeOp::create(builder, graph.tensors[tensor].loc, typeOf(tensor, layout), value, Value(), Side::Y,
                                  ArrayRef<int64_t>());
  }

  //===- Nodes ------------------------------------------------------------===//

  Value resident(int tensor, const Layout &layout, OpBuilder &builder) {
    const GraphTensor &source = graph.tensors[tensor];
    if (source.kind == GraphTensor::Weight)
      return WeightOp::create(builder, source.loc, typeOf(tensor, layout), source.weight);
    if (source.kind == GraphTensor::Fill)
      return FillOp::create(builder, source.loc, typeOf(tensor, layout), cast<TypedAttr>(source.value));
    return ConstantOp::create(builder, source.loc, typeOf(tensor, layout), cast<ElementsAttr>(source.value));
  }

  Value move(const Movement &movement, Value value, ArrayRef<int64_t> shape, Type element, Value into,
             ArrayRef<int64_t> toShape, ArrayRef<int64_t> shift, OpBuilder &builder, Location where,
             OpBuilder *outside = nullptr) {
    for (auto [i, step] : llvm::enumerate(movement.steps)) {
      bool last = i + 1 == movement.steps.size();
      bool shifted = last && llvm::any_of(shift, [](int64_t s) { return s != 0; });
      // What is the same for every chunk moves before the loop.
      bool once = outside && !(last && into) && !step.result.dependsOn(T);
      if (!once)
        outside = nullptr;
      if (step.line) {
        value = gathered(step, value, last ? toShape : shape, element, once ? *outside : builder, where);
        continue;
      }
      value = RedistributeOp::create(once ? *outside : builder, where,
                                     typeOf(last ? toShape : shape, element, step.result), value, last ? into : Value(),
                                     step.along, shifted ? shift : ArrayRef<int64_t>(), step.algorithm, step.regroup);
    }
    return value;
  }

  /// Parts as terms of a sum that picks them.
  Value parts(const MoveStep &step, Value value, ArrayRef<int64_t> shape, Type element, OpBuilder &builder,
              Location where, PartialKind kind = PartialKind::Pick) {
    Layout terms = step.result;
    terms.kind = kind;
    terms.partialAxes = step.line->grouped ? axisBit(minorAxis(*step.along))
                                           : axesOf(*step.along) &
                                                 (terms.split(*step.along) > 1 ? ~0u : axisBit(majorAxis(*step.along)));
    return TermsOp::create(builder, where, typeOf(shape, element, terms), value);
  }

  const MoveStep &gatherOf(size_t n) const { return plan.nodes[n].operands.front().pieces.front().steps.back(); }

  /// Of an operand that is gathered by a sum.
  Value termsOf(size_t n, size_t operand = 0) {
    const int tensor = graph.nodes[n].operands[operand].pieces[0].tensor;
    ArrayRef<int64_t> shape = graph.tensors[tensor].shape;
    Type element = graph.tensors[tensor].element;
    RegionState &state = regions[plan.nodes[n].region];
    Movement before = plan.nodes[n].operands[operand].pieces.front();
    const MoveStep gather = before.steps.pop_back_val();
    Value value =
        move(before, state.values[tensor], shape, element, Value(), shape, {}, state.builder, graph.nodes[n].loc);
    return parts(gather, value, shape, element, state.builder, graph.nodes[n].loc,
                 plan.nodes[n].operands[operand].ridesWith >= 0 ? PartialKind::Add : PartialKind::Pick);
  }

  /// With outputs that wait for this one, which leave first.
  Value gatheredTogether(size_t n) {
    RegionState &state = regions[plan.nodes[n].region];
    SmallVector<std::pair<size_t, Value>> all = waiting.lookup(n);
    all.push_back({n, termsOf(n)});
    SmallVector<Value> terms;
    SmallVector<Type> types;
    for (auto [node, term] : all) {
      const GraphTensor &tensor = graph.tensors[graph.nodes[node].operands[0].pieces[0].tensor];
      terms.push_back(term);
      types.push_back(typeOf(tensor.shape, tensor.element, gatherOf(node).result));
    }
    auto op = AllReduceOp::create(state.builder, graph.nodes[n].loc, types, terms, *gatherOf(n).along,
                                  gatherOf(n).line->attr(context));
    for (auto [gathered, sum] : llvm::zip(ArrayRef(all).drop_back(), op.getSums())) {
      noteEstimate(op, plan.nodes[gathered.first]);
      sendAfter(static_cast<int>(gathered.first), plan.nodes[n].region, sum);
    }
    return op.getSums().back();
  }

  /// By a sum that picks.
  Value gathered(const MoveStep &step, Value value, ArrayRef<int64_t> shape, Type element, OpBuilder &builder,
                 Location where) {
    value = parts(step, value, shape, element, builder, where);
    return AllReduceOp::create(builder, where, TypeRange{typeOf(shape, element, step.result)}, value, *step.along,
                               step.line->attr(context))
        .getResult(0);
  }

  /// A plain one with `place`: a copy there.
  Value operandValue(size_t n, size_t i, OpBuilder &builder, Value place = {}) {
    const GraphNode &node = graph.nodes[n];
    const GraphOperand &operand = node.operands[i];
    const NodePlan &nodePlan = plan.nodes[n];
    const OperandPlan &operandPlan = nodePlan.operands[i];
    RegionState &state = regions[nodePlan.region];
    if (auto found = together.find({n, i}); found != together.end())
      return found->second;
    int first = operand.pieces.empty() ? -1 : operand.pieces[0].tensor;
    if (operandPlan.direct) {
      if (!graph.tensors[first].resident())
        return state.values[first];
      return resident(first, wholeOfChunks(operandPlan.needed, nodePlan.candidate.steps), state.builder);
    }
    Type element = graph.tensors[first].element;
    Value into = place;
    if (!operand.plain()) {
      Type type = typeOf(operand.shape, element, operandPlan.needed);
      into = operand.fill ? Value(FillOp::create(builder, node.loc, type, cast<TypedAttr>(operand.fill)))
                          : Value(EmptyOp::create(builder, node.loc, type));
    }
    for (auto [piece, movement] : llvm::zip(operand.pieces, operandPlan.pieces)) {
      const GraphTensor &tensor = graph.tensors[piece.tensor];
      Value from;
      if (tensor.resident()) {
        Layout layout = operandPlan.needed;
        for (auto [dim, shift] : llvm::zip(layout.dims, piece.shift))
          dim.start = dim.start - Affine(shift);
        from = resident(piece.tensor, wholeOfChunks(layout, nodePlan.candidate.steps), state.builder);
      } else {
        from = state.values[piece.tensor];
      }
      into = move(movement, from, tensor.shape, element, into, operand.shape, piece.shift, builder, node.loc,
                  nodePlan.candidate.chunks > 1 || (node.repeated() && tensor.loop != node.loop) ? &state.builder
                                                                                                 : nullptr);
    }
    return into;
  }

  /// Those that are gathered by one sum.
  void gatherOperands(size_t n, RegionState &state) {
    const GraphNode &node = graph.nodes[n];
    std::map<size_t, SmallVector<size_t>> groups; // by the last of them
    for (auto [i, operand] : llvm::enumerate(plan.nodes[n].operands))
      if (operand.gatheredWith >= 0)
        groups[operand.gatheredWith].push_back(i);
    for (auto &[last, all] : groups) {
      all.push_back(last);
      SmallVector<Value> terms;
      SmallVector<Type> types;
      for (size_t i : all) {
        const MoveStep &gather = plan.nodes[n].operands[i].pieces.front().steps.back();
        terms.push_back(termsOf(n, i));
        types.push_back(typeOf(node.operands[i].pieces[0].tensor, gather.result));
      }
      const MoveStep &gather = plan.nodes[n].operands[last].pieces.front().steps.back();
      auto op = AllReduceOp::create(state.builder, node.loc, types, terms, *gather.along, gather.line->attr(context));
      for (auto [i, sum] : llvm::zip(all, op.getSums()))
        together[{n, i}] = sum;
    }
  }

  /// Of a node that is not repeated. An input that it moves rests where it needs it from then on; its own operands all
  /// begin where the input came in.
  SmallVector<Value> operandValues(size_t n, RegionState &state) {
    const GraphNode &node = graph.nodes[n];
    const NodePlan &nodePlan = plan.nodes[n];
    SmallVector<Value> operands;
    std::map<int, Value> moved;
    gatherOperands(n, state);
    for (auto [i, operandPlan] : llvm::enumerate(nodePlan.operands)) {
      const int first = node.operands[i].pieces.empty() ? -1 : node.operands[i].pieces[0].tensor;
      const auto rests = nodePlan.moved.find(first);
      if (rests == nodePlan.moved.end() || operandPlan.direct || !(rests->second == operandPlan.needed)) {
        operands.push_back(operandValue(n, i, state.builder));
        continue;
      }
      Value &value = moved[first];
      operands.push_back(value ? value : value = operandValue(n, i, state.builder));
    }
    for (auto [tensor, value] : moved)
      state.values[tensor] = value;
    return operands;
  }

  Value finish(size_t n, Value value, Value into, OpBuilder &builder) {
    const GraphNode &node = graph.nodes[n];
    const NodePlan &nodePlan = plan.nodes[n];
    for (const ReduceStep &step : nodePlan.reduces) {
      Type type = typeOf(node.result, step.result);
      if (step.line)
        value = combined(n, value, type, step, builder);
      else
        value = ReduceOp::create(builder, node.loc, type, value, step.side, step.algorithm);
    }
    return move(nodePlan.toResult, value, graph.tensors[node.result].shape, graph.tensors[node.result].element, into,
                graph.tensors[node.result].shape, {}, builder, node.loc);
  }

  /// For all, with terms of earlier nodes that wait for this one, and parts of later operands that ride with it.
  Value combined(size_t n, Value value, Type type, const ReduceStep &step, OpBuilder &builder) {
    SmallVector<Value> terms;
    SmallVector<Type> types;
    for (auto [earlier, term] : waiting[n]) {
      terms.push_back(term);
      types.push_back(typeOf(graph.nodes[earlier].result, plan.nodes[earlier].reduces.front().result));
    }
    SmallVector<std::pair<size_t, size_t>> riders;
    for (size_t rider = n + 1; rider != plan.nodes.size(); ++rider)
      for (auto [i, operand] : llvm::enumerate(plan.nodes[rider].operands))
        if (operand.ridesWith == static_cast<int>(n)) {
          riders.push_back({rider, i});
          terms.push_back(termsOf(rider, i));
          const GraphTensor &tensor = graph.tensors[graph.nodes[rider].operands[i].pieces[0].tensor];
          types.push_back(typeOf(tensor.shape, tensor.element, operand.pieces.front().steps.back().result));
        }
    terms.push_back(value);
    types.push_back(type);
    auto op = AllReduceOp::create(builder, graph.nodes[n].loc, types, terms, step.side, step.line->attr(context));
    for (auto [waited, sum] : llvm::zip(waiting[n], op.getSums()))
      regions[plan.nodes[n].region].values[graph.nodes[waited.first].result] = sum;
    for (auto [rider, sum] : llvm::zip(riders, op.getSums().drop_front(waiting[n].size())))
      together[rider] = sum;
    return op.getSums().back();
  }

  Value emitKernel(size_t n, ValueRange operands, OpBuilder &builder, Value into = {}) {
    const GraphNode &node = graph.nodes[n];
    const NodePlan &nodePlan = plan.nodes[n];
    SmallVector<Attribute> iterators;
    for (bool reduction : node.reduction)
      iterators.push_back(builder.getStringAttr(reduction ? "reduction" : "parallel"));
    auto identity = cast_or_null<TypedAttr>(node.identity);
    Type type = into ? into.getType() : typeOf(node.result, nodePlan.candidate.local);
    auto kernel = KernelOp::create(
        builder, node.loc, type, operands, into, builder.getAffineMapArrayAttr(node.maps),
        builder.getArrayAttr(iterators), builder.getDenseI64ArrayAttr(node.extents),
        nodePlan.candidate.iteration.simplified().attr(context), identity,
        nodePlan.candidate.shared < 0 ? IntegerAttr() : builder.getI64IntegerAttr(nodePlan.candidate.shared));
    noteEstimate(kernel, nodePlan);
    Block &body = kernel.getBody().emplaceBlock();
    if (node.copies) {
      Type element = graph.tensors[node.result].element;
      body.addArguments({element, element}, {node.loc, node.loc});
      OpBuilder inner = OpBuilder::atBlockEnd(&body);
      YieldOp::create(inner, node.loc, ValueRange{body.getArgument(0)});
      return kernel.getResult();
    }
    // The body, less the arguments that nobody reads.
    auto generic = cast<linalg::GenericOp>(node.op);
    Block &source = generic.getRegion().front();
    IRMapping mapping;
    for (BlockArgument argument : source.getArguments()) {
      bool accumulator = argument.getArgNumber() + 1 == source.getNumArguments();
      bool dropped = argument.use_empty();
      if (accumulator || !dropped)
        mapping.map(argument, body.addArgument(argument.getType(), argument.getLoc()));
    }
    OpBuilder inner = OpBuilder::atBlockEnd(&body);
    // Constants of the function that the body reads come along.
    generic.getRegion().walk([&](Operation *op) {
      for (Value operand : op->getOperands())
        if (Operation *def = operand.getDefiningOp();
            def && !generic.getRegion().isAncestor(def->getParentRegion()) && !mapping.contains(operand))
          mapping.map(operand, inner.clone(*def)->getResult(0));
    });
    for (Operation &op : source.without_terminator()) {
      if (auto index = dyn_cast<linalg::IndexOp>(op))
        mapping.map(index.getResult(),
                    IndexOp::create(inner, op.getLoc(), inner.getIndexType(), index.getDim()).getResult());
      else
        inner.clone(op, mapping);
    }
    YieldOp::create(inner, node.loc, ValueRange{mapping.lookupOrDefault(source.getTerminator()->getOperand(0))});
    return kernel.getResult();
  }

  void emitNode(size_t n) {
    const GraphNode &node = graph.nodes[n];
    const NodePlan &nodePlan = plan.nodes[n];
    RegionState &state = regions[nodePlan.region];
    takeUntil(nodePlan.region, static_cast<int>(n));
    if (node.kind == GraphNode::Output) {
      if (nodePlan.gathersLater()) {
        waiting[nodePlan.combinedWith].push_back({n, termsOf(n)});
        return;
      }
      Value value = waiting.contains(n) ? gatheredTogether(n) : operandValue(n, 0, state.builder);
      noteEstimate(value.getDefiningOp(), nodePlan);
      sendAfter(static_cast<int>(n), nodePlan.region, value);
      return;
    }
    if (node.loop >= 0)
      return emitLoopNode(n);
    Value value;
    if (nodePlan.candidate.chunks > 1) {
      value = emitChunks(n);
    } else {
      value = compute(n, operandValues(n, state), state.builder);
      if (nodePlan.combinedWith >= 0) {
        waiting[nodePlan.combinedWith].push_back({n, value});
        return;
      }
      value = finish(n, value, Value(), state.builder);
    }
    if (node.kind != GraphNode::Kernel)
      noteEstimate(value.getDefiningOp(), nodePlan);
    state.values[node.result] = value;
    sendAfter(static_cast<int>(n), nodePlan.region);
  }

  /// Sends what leaves the region after node n.
  void sendAfter(int n, int region, Value output = {}) {
    for (size_t number : leaving.lookup(n))
      send(region, number, output ? output : regions[region].values.lookup(transfers[number].tensor));
  }

  /// What the plan thought that a node takes, with the movements of its operands and of its result. An op of several
  /// nodes (a reshape that moves nothing is no op of its own) has their sum.
  void noteEstimate(Operation *op, const NodePlan &plan) {
    auto before = op->getAttrOfType<DictionaryAttr>("estimated_cycles");
    SmallVector<NamedAttribute> cycles;
    for (auto [what, spent] : {std::pair{"compute", plan.cycles.compute},
                               {"host", plan.cycles.host},
                               {"moves", plan.cycles.moves},
                               {"reductions", plan.cycles.reductions}}) {
      auto known = before ? before.getAs<IntegerAttr>(what) : IntegerAttr();
      if (int64_t sum = std::llround(spent) + (known ? known.getInt() : 0))
        cycles.push_back(streamBuilder.getNamedAttr(what, streamBuilder.getI64IntegerAttr(sum)));
    }
    if (!cycles.empty())
      op->setAttr("estimated_cycles", streamBuilder.getDictionaryAttr(cycles));
  }

  Value compute(size_t n, ValueRange operands, OpBuilder &builder) {
    const GraphNode &node = graph.nodes[n];
    const Candidate &candidate = plan.nodes[n].candidate;
    switch (node.kind) {
    case GraphNode::Kernel:
      return emitKernel(n, operands, builder);
    case GraphNode::Gather:
      return GatherOp::create(builder, node.loc, typeOf(node.result, candidate.local), operands[0], operands[1]);
    case GraphNode::Reshape:
      if (candidate.regroupAlong)
        break; // the way to the result is the reshape
      return ReshapeOp::create(
          builder, node.loc,
          typeOf(node.result, *reshapeLayout(layoutOf(operands[0].getType()), node.operands[0].shape,
                                             graph.tensors[node.result].shape, node.groups, node.expand)),
          operands[0]);
    case GraphNode::Move:
    case GraphNode::Carry:
    case GraphNode::Next:
    case GraphNode::Output:
      break;
    }
    return operands[0];
  }

  Value emitChunks(size_t n) {
    const GraphNode &node = graph.nodes[n];
    const NodePlan &nodePlan = plan.nodes[n];
    RegionState &state = regions[nodePlan.region];
    Type type = typeOf(node.result, nodePlan.candidate.result);
    Value init = EmptyOp::create(state.builder, node.loc, type);
    auto loop = ChunksOp::create(state.builder, node.loc, TypeRange{type}, ValueRange{init}, nodePlan.candidate.chunks);
    Block &body = loop.getBody().emplaceBlock();
    Value carried = body.addArgument(type, node.loc);
    OpBuilder inner = OpBuilder::atBlockEnd(&body);
    // Weights and what rests stay outside: state.builder stands before the loop.
    state.builder.setInsertionPoint(loop);
    SmallVector<Value> operands;
    for (size_t i = 0; i != node.operands.size(); ++i)
      operands.push_back(operandValue(n, i, inner));
    state.builder.setInsertionPointToEnd(&state.op.getBody().front());
    Value value = finish(n, compute(n, operands, inner), carried, inner);
    YieldOp::create(inner, node.loc, ValueRange{value});
    return loop.getResult(0);
  }

  //===- Loops ------------------------------------------------------------===//

  /// The loop that is being written. Its region's builder stands before it meanwhile: what no step changes is there.
  struct OpenLoop {
    ChunksOp op;
    OpBuilder inner{static_cast<MLIRContext *>(nullptr)};
    SmallVector<int> tensors;                        // results of its Carry nodes and of the nodes that gather outputs
    llvm::DenseMap<int, Value> now;                  // these tensors, in the body
    llvm::DenseMap<int, std::pair<int, Value>> next; // what a step makes of them, and as which tensor of outside
  };

  void emitLoopNode(size_t n) {
    const GraphNode &node = graph.nodes[n];
    const NodePlan &nodePlan = plan.nodes[n];
    RegionState &state = regions[nodePlan.region];
    if (node.kind == GraphNode::Carry) {
      Value place = EmptyOp::create(state.builder, node.loc, typeOf(node.result, nodePlan.candidate.result));
      state.values[node.result] = operandValue(n, 0, state.builder, place);
      noteEstimate(state.values[node.result].getDefiningOp(), nodePlan);
      return;
    }
    if (!open)
      openLoop(node.loop, state);
    OpBuilder &inner = open->inner;
    if (node.kind == GraphNode::Next) {
      int carried = node.operands[1].pieces[0].tensor;
      Value value = operandValue(n, 0, inner, open->now[carried]);
      noteEstimate(value.getDefiningOp(), nodePlan);
      open->next[carried] = {node.result, value};
    } else {
      SmallVector<Value> operands;
      for (size_t i = 0; i != node.operands.size(); ++i)
        operands.push_back(operandValue(n, i, inner));
      Value value;
      if (node.gathers) {
        value = emitKernel(n, operands, inner, open->now[node.result]);
        open->next[node.result] = {node.result, value};
      } else {
        value = finish(n, compute(n, operands, inner), Value(), inner);
        state.values[node.result] = value;
      }
      if (node.kind != GraphNode::Kernel)
        noteEstimate(value.getDefiningOp(), nodePlan);
    }
    if (static_cast<int>(n) + 1 == graph.loops[node.loop].endNode)
      closeLoop(node.loop, nodePlan.region);
  }

  void openLoop(int number, RegionState &state) {
    const GraphLoop &loop = graph.loops[number];
    open.emplace();
    SmallVector<Value> inits;
    Location where = graph.nodes[loop.firstNode].loc;
    for (int n = loop.firstNode; n != loop.endNode; ++n) {
      const GraphNode &node = graph.nodes[n];
      if (node.kind != GraphNode::Carry && !node.gathers)
        continue;
      open->tensors.push_back(node.result);
      inits.push_back(
          node.gathers ? EmptyOp::create(state.builder, node.loc, typeOf(node.result, plan.nodes[n].candidate.result))
                       : state.values[node.result]);
    }
    open->op = ChunksOp::create(state.builder, where, ValueRange(inits).getTypes(), inits, loop.trips);
    Block &body = open->op.getBody().emplaceBlock();
    for (auto [tensor, init] : llvm::zip(open->tensors, inits))
      state.values[tensor] = open->now[tensor] = body.addArgument(init.getType(), where);
    open->inner = OpBuilder::atBlockEnd(&body);
    state.builder.setInsertionPoint(open->op);
  }

  void closeLoop(int number, int region) {
    RegionState &state = regions[region];
    SmallVector<Value> yielded;
    for (int tensor : open->tensors)
      yielded.push_back(open->next[tensor].second);
    YieldOp::create(open->inner, open->op.getLoc(), yielded);
    state.builder.setInsertionPointToEnd(&state.op.getBody().front());
    for (auto [tensor, value] : llvm::zip(open->tensors, open->op.getResults()))
      state.values[open->next[tensor].first] = value;
    int last = graph.loops[number].endNode - 1;
    open.reset();
    sendAfter(last, region);
  }

  const Graph &graph;
  const Plan &plan;
  int64_t hostLanes;
  Location loc;
  MLIRContext *context;
  ProgramOp program;
  OpBuilder streamBuilder{static_cast<MLIRContext *>(nullptr)};
  std::vector<RegionState> regions;
  std::vector<Transfer> transfers;
  llvm::DenseMap<int, SmallVector<size_t, 1>> leaving;      // by node: transfers that come after it
  llvm::DenseMap<int, int> outputs;                         // by node: its number among the outputs
  std::map<std::pair<size_t, size_t>, std::string> streams; // by transfer and hop
  llvm::StringMap<int> names;                               // of streams
  std::optional<OpenLoop> open;
};

} // namespace

ProgramOp wafer::wfr::emitPlan(const Graph &graph, const Plan &plan, OpBuilder &builder, Location loc,
                               int64_t meshWidth, int64_t meshHeight, const NetBounds &bounds) {
  return Emitter(graph, plan, builder, loc, meshWidth, meshHeight, bounds).run();
}
