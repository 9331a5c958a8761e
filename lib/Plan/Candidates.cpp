// Candidates: which loops of a kernel go to which side of the region.
//
// The rule is that of GSPMD and Shardy on the iteration space: each side of the region (and time, in chunks) goes to at
// most one loop; operands and result follow from the indexing maps. Both sides may go to the same loop. A reduction
// loop on a side leaves the result partial there.
#include "Reshape.h"
#include "SideChoices.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Terms of a sum can be combined where they lie: on whole sides, or on groups of neighbors.
bool combinable(const Layout &layout, RegionShape region) {
  return llvm::all_of(
      kSides, [&](Side side) { return !layout.isPartialAlong(side) || reducedGroup(layout, side, region) != 0; });
}

class KernelCandidates {
public:
  KernelCandidates(const Graph &graph, const GraphNode &node, ArrayRef<const Layout *> current,
                   const CandidateContext &context, std::deque<Candidate> &made)
      : graph(graph), node(node), current(current), context(context), made(made) {}

  /// Every way to give loops to the region's sides.
  std::vector<ShardedKernel> shard() {
    SmallVector<std::pair<SideDims, SideDims>> choices;
    auto choose = [&](SideDims x, SideDims y) {
      if (!wasteful(x, y) && !llvm::is_contained(choices, std::make_pair(x, y)))
        choices.push_back({x, y});
    };
    for (const SideDims &x : sideChoices(node, Side::X, context.region))
      for (const SideDims &y : sideChoices(node, Side::Y, context.region, x))
        choose(x, y);
    for (const SideDims &y : sideChoices(node, Side::Y, context.region))
      for (const SideDims &x : sideChoices(node, Side::X, context.region, y))
        choose(x, y);
    std::vector<ShardedKernel> kernels;
    for (auto [x, y] : choices)
      if (std::optional<ShardedKernel> kernel = sharded(shardLayout(node.extents, x, y, context.region)))
        kernels.push_back(std::move(*kernel));
    return kernels;
  }

  SmallVector<const Candidate *> run(ArrayRef<ShardedKernel> kernels) {
    for (const ShardedKernel &kernel : kernels)
      add(kernel);
    for (size_t i = 0; i != node.operands.size(); ++i)
      if (current[i] && node.operands[i].plain())
        inherit(node.maps[i], *current[i]);
    return std::move(candidates);
  }

private:
  /// A loop that is smaller than one side gains nothing from the other.
  bool wasteful(SideDims x, SideDims y) const {
    for (int d = 0; d != static_cast<int>(node.extents.size()); ++d)
      if (x.has(d) && y.has(d) && node.extents[d] <= std::max(context.region.width, context.region.height))
        return true;
    return false;
  }

  /// Loops laid out as an operand rests: nothing of it moves.
  void inherit(AffineMap map, const Layout &layout) {
    if (!map.isProjectedPermutation() || layout.atAxes || layout.partialAxes)
      return;
    Layout iteration = replicatedOn(node.extents, context.region);
    for (auto [k, expression] : llvm::enumerate(map.getResults())) {
      unsigned d = cast<AffineDimExpr>(expression).getPosition();
      iteration.dims[d] = layout.dims[k];
      if (layout.dims[k].start.isConstant() && layout.dims[k].start.constant != 0)
        return;
      // Windows overlap: computing on them would compute twice, and reductions would count twice.
      for (Axis axis : kPlaceAxes)
        if (layout.dims[k].start.step[axis] != 0 && layout.dims[k].start.step[axis] < layout.dims[k].length)
          return;
      if (layout.dims[k].start.constant != 0)
        return;
    }
    addIteration(iteration);
    if (worthSpreading(iteration))
      for (Side side : kSides)
        spread(iteration, side);
  }

  /// A function of every element takes long enough that PEs which hold the same may each take a part.
  bool worthSpreading(const Layout &iteration) const {
    constexpr double kCycles = 500;
    if (llvm::is_contained(node.reduction, true))
      return false;
    Candidate candidate;
    candidate.iteration = iteration;
    candidate.steps = graph.tripsOf(node);
    return computeCycles(node, candidate, context.model) > kCycles;
  }

  /// The PEs of a side that hold the same share the longest loop that they can: all of them, or groups of neighbors. If
  /// its parts are equal, each may keep its own; in any case all may come together again.
  void spread(const Layout &iteration, Side side) {
    AxisSizes sizes = context.region.axes();
    const Split split = context.region.split(side);
    Axis major = majorAxis(side), middle = middleAxis(side), minor = minorAxis(side);
    for (bool whole : {true, false}) {
      const int64_t parts = whole ? context.region.along(side) : sizes.size[minor];
      if ((whole ? iteration.dependsOn(side) : iteration.dependsOn(minor)) || parts == 1)
        continue;
      std::optional<size_t> longest, equal;
      for (auto [d, dim] : llvm::enumerate(iteration.dims)) {
        if (static_cast<int>(d) == node.stepLoop)
          continue;
        if (!longest || dim.length > iteration.dims[*longest].length)
          longest = d;
        if (dim.length % parts == 0 && (!equal || dim.length > iteration.dims[*equal].length))
          equal = d;
      }
      if (equal) {
        Layout own = iteration;
        LayoutDim &dim = own.dims[*equal];
        dim.length /= parts;
        dim.start.step[minor] = sizes.size[minor] > 1 ? dim.length : 0;
        if (whole) {
          dim.start.step[middle] = split.middle > 1 ? dim.length * split.minor : 0;
          dim.start.step[major] = dim.length * split.inner();
        }
        addIteration(own);
      }
      if (longest && !node.repeated())
        share(iteration, *longest, parts, whole ? axesOf(side, split) : axisBit(minor));
    }
  }

  void share(const Layout &iteration, size_t loop, int64_t sharers, unsigned axes) {
    Candidate &candidate = made.emplace_back(make(iteration, 1));
    candidate.shared = static_cast<int>(loop);
    candidate.sharers = sharers;
    candidate.ragged = std::max<int64_t>(candidate.ragged, 1);
    candidate.local.partialAxes = axes;
    candidate.local.kind = PartialKind::Pick;
    if (combinable(candidate.local, context.region))
      candidates.push_back(&candidate);
  }

  /// Words of what a candidate takes beside what is at rest, as far as `inPlace` does not say that an operand is.
  int64_t temporaries(const Candidate &candidate, llvm::function_ref<bool(size_t)> inPlace) const {
    int64_t words = candidate.local.words();
    for (size_t i = 0; i != candidate.operands.size(); ++i) {
      const GraphOperand &operand = node.operands[i];
      bool resident = operand.plain() && graph.tensors[operand.pieces[0].tensor].resident();
      if (!resident && !inPlace(i))
        words += candidate.operands[i].words();
    }
    return words;
  }
  int64_t temporaries(const Candidate &candidate) const {
    return temporaries(candidate, [&](size_t i) {
      return node.operands[i].plain() && current[i] &&
             holds(*current[i], candidate.operands[i], node.operands[i].shape, context.region, candidate.steps);
    });
  }

  const Candidate &make(const Layout &iteration, int64_t chunks) const {
    Candidate &candidate = made.emplace_back();
    candidate.iteration = iteration;
    candidate.chunks = chunks;
    candidate.steps = chunks * graph.tripsOf(node);
    const AxisSizes sizes = context.region.axes(candidate.steps);
    for (auto [extent, dim] : llvm::zip_equal(node.extents, iteration.dims))
      candidate.ragged += maxOf(dim.start, sizes) + dim.length > extent;
    for (size_t i = 0; i != node.operands.size(); ++i)
      candidate.operands.push_back(operandLayout(node.maps[i], iteration));
    candidate.local = operandLayout(node.maps.back(), iteration);
    candidate.local.partialAxes = partialAxesOf(node.reduction, iteration);
    if (candidate.local.partialAxes)
      candidate.local.kind = node.combiner;
    candidate.result = node.gathers ? wholeOfChunks(candidate.local, candidate.steps) : candidate.local;
    return candidate;
  }

  void addIteration(const Layout &iteration) {
    if (std::optional<ShardedKernel> kernel = sharded(iteration))
      add(*kernel);
  }

  /// Nothing if its terms cannot be combined.
  std::optional<ShardedKernel> sharded(Layout iteration) {
    if (node.stepLoop >= 0) {
      LayoutDim &step = iteration.dims[node.stepLoop];
      step = LayoutDim{1, Affine(0)};
      step.start.step[T] = 1;
    }
    const Candidate &whole = make(iteration, 1);
    if (!combinable(whole.local, context.region))
      return std::nullopt;
    ShardedKernel kernel{&whole, temporaries(whole, [](size_t) { return false; }), {}};
    addResults(whole, kernel.resting);
    return kernel;
  }

  void add(const ShardedKernel &kernel) {
    // Chunks count by t, as the loop around does.
    if (!node.repeated() && kernel.mostWords > context.chunkWords && temporaries(*kernel.whole) > context.chunkWords)
      cut(kernel.whole->iteration);
    llvm::append_range(candidates, kernel.resting); // if memory allows after all
  }

  /// Too much at once: cuts a parallel loop in time.
  void cut(const Layout &iteration) {
    for (size_t d = 0; d != node.extents.size(); ++d) {
      int64_t length = iteration.dims[d].length;
      if (node.reduction[d] || length < 2)
        continue;
      for (int64_t chunks = 2; chunks <= length; chunks *= 2) {
        Layout cut = iteration;
        int64_t piece = llvm::divideCeil(length, chunks);
        cut.dims[d].length = piece;
        cut.dims[d].start.step[T] = piece;
        // A chunk of a sharded loop must not run into the next PE's block.
        if (piece * chunks != length && !iteration.dims[d].start.isConstant())
          continue;
        const Candidate &candidate = make(cut, llvm::divideCeil(length, piece));
        if (temporaries(candidate) <= context.chunkWords) {
          addResults(candidate, candidates);
          break;
        }
      }
    }
  }

  /// Where the result may rest.
  void addResults(const Candidate &base, SmallVectorImpl<const Candidate *> &candidates) {
    ArrayRef<int64_t> shape = graph.tensors[node.result].shape;
    bool chunked = base.chunks > 1;
    if (!base.local.partialAxes && !chunked) {
      candidates.push_back(&base);
      return;
    }
    // Sides that are free: those of the reduction, and those that shard nothing of the result.
    auto dimOn = [&](Axis axis) {
      for (size_t d = 0; d != shape.size(); ++d)
        if (base.local.dims[d].start.step[axis] != 0)
          return static_cast<int>(d);
      return kNoDim;
    };
    auto sideOf = [&](Side side) {
      const Split split = context.region.split(side);
      const int major = dimOn(majorAxis(side));
      const int minor = split.minor > 1 ? dimOn(minorAxis(side)) : major;
      return split.middle > 1 ? SideDims(major, dimOn(middleAxis(side)), minor) : SideDims(major, minor);
    };
    SideDims dx = sideOf(Side::X), dy = sideOf(Side::Y);
    auto largestFree = [&](SideDims taken) {
      int best = kNoDim;
      for (int d = 0; d != static_cast<int>(shape.size()); ++d)
        if (!taken.has(d) && shape[d] > 1 && (best == kNoDim || shape[d] > shape[best]))
          best = d;
      return best;
    };
    SmallVector<std::pair<SideDims, SideDims>> choices;
    auto choose = [&](SideDims x, SideDims y) {
      if (context.region.width == 1)
        x = SideDims();
      if (context.region.height == 1)
        y = SideDims();
      if (!llvm::is_contained(choices, std::make_pair(x, y)))
        choices.push_back({x, y});
    };
    choose(dx, dy);
    if (dx.free()) {
      choose(largestFree(dy), dy);
      choose(std::max({dx.major, dx.middle, dx.minor}), dy);
    }
    if (dy.free()) {
      choose(dx, largestFree(dx));
      choose(dx, std::max({dy.major, dy.middle, dy.minor}));
    }
    if (dx == SideDims() && dy == SideDims()) {
      int first = largestFree(SideDims());
      choose(largestFree(first), first);
      choose(first, largestFree(first));
      choose(first, first);
    }
    for (auto [x, y] : choices) {
      Candidate &candidate = made.emplace_back(base);
      candidate.result = shardLayout(shape, x, y, context.region);
      candidates.push_back(&candidate);
    }
  }

  const Graph &graph;
  const GraphNode &node;
  ArrayRef<const Layout *> current;
  const CandidateContext &context;
  std::deque<Candidate> &made;
  SmallVector<const Candidate *> candidates;
};

/// The layout of a part or a whole in which most of it lies where it rests as a piece: a dimension that is cut or made
/// longer must be on no axis.
std::optional<Layout> asOperandRests(const Graph &graph, const GraphNode &node, const Layout *resting) {
  if (!resting || resting->partialAxes || resting->atAxes || resting->dependsOn(T))
    return std::nullopt;
  const GraphOperand &operand = node.operands[0];
  Layout layout = *resting;
  for (auto [dim, extent, had] :
       llvm::zip_equal(layout.dims, operand.shape, graph.tensors[operand.pieces[0].tensor].shape))
    if (extent != had) {
      if (dim.start != Affine(0) || dim.length != had)
        return std::nullopt;
      dim.length = extent;
    }
  return layout;
}

} // namespace

SmallVector<const Candidate *> NodeCandidates::from(ArrayRef<const Layout *> current) {
  if (node.kind == GraphNode::Kernel) {
    KernelCandidates kernels(graph, node, current, context, made);
    if (!sharded)
      sharded = kernels.shard();
    return kernels.run(*sharded);
  }
  const size_t before = made.size();
  makeOthers(current);
  SmallVector<const Candidate *> candidates;
  for (const Candidate &candidate : llvm::drop_begin(made, before))
    candidates.push_back(&candidate);
  return candidates;
}

/// Of nodes that are no kernels.
void NodeCandidates::makeOthers(ArrayRef<const Layout *> current) {
  switch (node.kind) {
  case GraphNode::Kernel:
    return;
  case GraphNode::Reshape:
    llvm::move(reshapeCandidates(graph, node, current[0], context.region), std::back_inserter(made));
    return;
  case GraphNode::Move:
  case GraphNode::Carry: {
    std::vector<Layout> layouts = plainLayouts(graph.tensors[node.result].shape, context.region);
    if (std::optional<Layout> same = asOperandRests(graph, node, current[0]);
        same && !llvm::is_contained(layouts, *same))
      layouts.push_back(*same);
    for (const Layout &layout : layouts) {
      Candidate candidate;
      candidate.operands.push_back(layout);
      candidate.local = candidate.result = layout;
      candidate.steps = graph.tripsOf(node);
      made.push_back(std::move(candidate));
    }
    return;
  }
  case GraphNode::Next: {
    // Back to where the carried tensor rests.
    Candidate candidate;
    candidate.operands = {*current[1], *current[1]};
    candidate.local = candidate.result = *current[1];
    candidate.steps = graph.tripsOf(node);
    made.push_back(std::move(candidate));
    return;
  }
  case GraphNode::Gather: {
    // Loops: those of the indices, those of a row, then the rows of the table.
    ArrayRef<int64_t> table = node.operands[0].shape, indices = node.operands[1].shape;
    SmallVector<int64_t> loops(indices);
    loops.append(table.begin() + 1, table.end());
    loops.push_back(table[0]);
    for (const Layout &iteration : plainLayouts(loops, context.region)) {
      Candidate candidate;
      Layout rows = replicatedOn({}, context.region), index = rows, result = rows;
      rows.dims.push_back(iteration.dims.back());
      for (size_t k = 1; k != table.size(); ++k)
        rows.dims.push_back(iteration.dims[indices.size() + k - 1]);
      index.dims.assign(iteration.dims.begin(), iteration.dims.begin() + indices.size());
      result.dims.assign(iteration.dims.begin(), iteration.dims.end() - 1);
      for (Axis axis : kPlaceAxes)
        if (iteration.dims.back().start.step[axis] != 0) {
          result.partialAxes |= axisBit(axis);
          result.kind = PartialKind::Pick;
        }
      candidate.operands = {rows, index};
      candidate.local = result;
      candidate.result = result;
      candidate.result.partialAxes = 0;
      candidate.result.kind = PartialKind::None;
      candidate.steps = graph.tripsOf(node);
      made.push_back(std::move(candidate));
    }
    return;
  }
  case GraphNode::Output: {
    ArrayRef<int64_t> shape = node.operands[0].shape;
    // A dimension over both sides may go on in rows beyond those with lanes.
    auto add = [&](const Layout &layout) {
      if (const Layout said = layout.simplified(); said.splitX.middle > 1 || said.splitY.middle > 1)
        return; // lanes tell columns and rows apart by two axes
      if (rowsInUse(layout, shape, context.region) > context.hostLanes)
        return;
      Candidate candidate;
      candidate.operands.push_back(layout);
      candidate.local = candidate.result = layout;
      made.push_back(candidate);
      if (dealColumns(layout, shape, context.region, context.hostLanes)) {
        candidate.dealt = true;
        made.push_back(std::move(candidate));
      }
    };
    if (current[0] && node.operands[0].plain() && !current[0]->partialAxes)
      add(*current[0]);
    // Spread over more rows it leaves by more lanes.
    for (const Layout &layout : plainLayouts(shape, context.region, std::min(context.hostLanes, context.region.height)))
      add(layout);
    return;
  }
  }
}

// Of a kernel: words that an instruction of a longer body works on (WaferToPe's scratch is 256, and loops are seldom
// cut right there), and what the scalar code around takes: addresses, and the loop around runs after the first. A call
// is not counted: where memory is left, kernels are part of main (pe-unshare-functions). Where it is full, which only
// the finished program shows, estimates are too low by a call each.
constexpr int64_t kScratchWords = 256;
constexpr double kWordsPerRun = 192;
constexpr ScalarCount kOfKernel{.scalars = 6}, kOfRun{.scalars = 4, .branches = 1};

/// What a loop's extent takes where it follows from the PE's coordinates.
constexpr ScalarCount kOfRaggedLoop{.scalars = 8};

/// Of a sum of many terms (WaferToPe's LongSum): clearing lanes and adding them up, for each result or for as many as
/// have lanes at a time.
static double lanesCycles(const GraphNode &node, const Candidate &candidate, double work, const ResourceModel &model) {
  if (node.combiner != PartialKind::Add || node.body.empty() || node.body.back() != isa::VectorOp::Add ||
      !llvm::isa_and_nonnull<FloatAttr>(node.identity))
    return 0;
  int64_t terms = 1, most = 1;
  for (auto [dim, reduced] : llvm::zip(candidate.iteration.dims, node.reduction))
    (reduced ? terms *= dim.length : most = std::max(most, dim.length));
  int64_t lanes = lanesOfSum(terms);
  if (lanes == 0)
    return 0;
  double results = work / static_cast<double>(terms), together = 1;
  if (node.body.size() > 1)
    lanes = kScratchWords;
  else
    together = static_cast<double>(std::clamp<int64_t>(kScratchWords / lanes, 1, most));
  return results / together * (3 + llvm::Log2_64(lanes)) * model.vectorCycles(isa::VectorOp::Add, 0) +
         results * model.vectorCycles(isa::VectorOp::Add, 2 * lanes);
}

/// Of so many steps that each do `work` iterations in so many runs of instructions, and something `beside`.
static double kernelCycles(const GraphNode &node, double steps, double work, double runs, double beside,
                           const ResourceModel &model) {
  auto perElement = [&](isa::VectorOp op) {
    constexpr int64_t many = 1 << 20;
    return (model.vectorCycles(op, many) - model.vectorCycles(op, 0)) / many;
  };
  double cycles = beside;
  for (isa::VectorOp op : node.body)
    cycles += runs * model.vectorCycles(op, 0) + work * perElement(op);
  return steps * (cycles + model.scalarCycles(kOfKernel) + (runs - 1) * model.scalarCycles(kOfRun));
}

double wafer::wfr::computeCycles(const GraphNode &node, const Candidate &candidate, const ResourceModel &model) {
  SmallVector<int64_t> lengths;
  for (auto [d, dim] : llvm::enumerate(candidate.iteration.dims)) {
    const bool isShared = candidate.shared == static_cast<int>(d);
    const int64_t length = isShared ? llvm::divideCeil(dim.length, candidate.sharers) : dim.length;
    if (length > 1)
      lengths.push_back(length);
  }
  double work = 1;
  for (int64_t length : lengths)
    work *= static_cast<double>(length);
  // One instruction runs over a nest of four loops, the others are outside; several work on what fits their scratch.
  double runs = 1;
  if (node.body.size() == 1) {
    llvm::sort(lengths, std::greater<int64_t>());
    for (size_t i = isa::kMaxRank; i < lengths.size(); ++i)
      runs *= static_cast<double>(lengths[i]);
  } else {
    runs = std::max(1.0, work / kWordsPerRun);
  }
  double beside = lanesCycles(node, candidate, work, model);
  if (node.identity) // sums and the like begin with it
    beside += model.vectorCycles(isa::VectorOp::Mov, candidate.local.words());
  beside += model.scalarCycles(kOfRaggedLoop) * static_cast<double>(candidate.ragged);
  if (candidate.shared >= 0)
    beside += model.vectorCycles(isa::VectorOp::Mov, candidate.local.words());
  return kernelCycles(node, static_cast<double>(candidate.steps), work, runs, beside, model);
}

/// The least that is left of a loop nest's work on one PE, 1 of 1 at worst, whatever loops the axes go to. An axis goes
/// to one loop at most.
static double leastShareOfWork(const GraphNode &node, RegionShape region) {
  SmallVector<int64_t, 6> axes; // that have several PEs
  for (const AxisSizes sizes = region.axes(); Axis axis : kPlaceAxes)
    if (sizes.size[axis] > 1)
      axes.push_back(sizes.size[axis]);
  const unsigned sets = 1u << axes.size();
  std::array<double, 1 << kPlaceAxes.size()> least, share; // by the axes that the loops so far may have
  least.fill(1);
  for (auto [d, extent] : llvm::enumerate(node.extents)) {
    if (extent <= 1 || static_cast<int>(d) == node.stepLoop)
      continue;
    for (unsigned set = 0; set != sets; ++set) {
      int64_t pes = 1;
      for (unsigned axis = 0; axis != axes.size(); ++axis)
        pes *= set >> axis & 1 ? axes[axis] : 1;
      share[set] = static_cast<double>(llvm::divideCeil(extent, pes)) / static_cast<double>(extent);
    }
    for (unsigned set = sets; set-- != 0;) // of fewer axes what was before is asked for
      for (unsigned own = set; own != 0; own = (own - 1) & set)
        least[set] = std::min(least[set], least[set & ~own] * share[own]);
  }
  return least[sets - 1];
}

double wafer::wfr::leastComputeCycles(const Graph &graph, const GraphNode &node, RegionShape region,
                                      const ResourceModel &model) {
  double work = leastShareOfWork(node, region);
  for (auto [d, extent] : llvm::enumerate(node.extents))
    if (static_cast<int>(d) != node.stepLoop)
      work *= static_cast<double>(extent);
  return kernelCycles(node, static_cast<double>(graph.tripsOf(node)), work,
                      node.body.size() == 1 ? 1.0 : std::max(1.0, work / kWordsPerRun), 0, model);
}
