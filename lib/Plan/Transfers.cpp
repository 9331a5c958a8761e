#include "Transfers.h"

using namespace mlir;
using namespace wafer::wfr;

bool Transfer::fromHost(size_t hop) const {
  while (way[hop].relayed)
    --hop;
  return way[hop].net.from == kHost;
}

/// What the host sends down the lane of each row: all that the row's PEs want; if that has gaps, PE by PE.
static Lanes rowsOf(const Layout &layout, ArrayRef<int64_t> shape, RegionShape region) {
  Lanes rows{layout, 1, 0};
  AxisSizes sizes = region.axes();
  for (auto [dim, extent] : llvm::zip(rows.layout.dims, shape)) {
    for (Axis axis : {X1, XM, X0}) {
      int64_t step = dim.start.step[axis];
      dim.start.step[axis] = 0;
      if (std::abs(step) > dim.length && sizes.size[axis] > 1)
        return {layout, columnsInUse(layout, shape, region), 0};
      if (step < 0)
        dim.start.constant += step * (sizes.size[axis] - 1);
      dim.length += std::abs(step) * (sizes.size[axis] - 1);
    }
    if (dim.start.isConstant() && (dim.start.constant < 0 || dim.length > extent))
      dim = LayoutDim{extent, Affine(0)};
  }
  return rows;
}

/// With more rows than lanes what many rows want enters at the first ones; else at each.
static int64_t hostLanesOf(const Layout &layout, ArrayRef<int64_t> shape, RegionShape region, int64_t hostLanes) {
  if (layout.dependsOn(Y0) || region.height > hostLanes)
    return rowsInUse(layout, shape, region);
  return region.height;
}

Lanes wafer::wfr::lanesOf(const Transfer &transfer, size_t hop, ArrayRef<int64_t> shape, RegionShape region,
                          int64_t hostLanes) {
  if (transfer.dealt) {
    std::optional<Deal> deal = dealColumns(transfer.layout, shape, region, hostLanes);
    return {deal->layout, deal->rounds, deal->lanes};
  }
  if (!transfer.fromHost(hop))
    return {transfer.layout, columnsInUse(transfer.layout, shape, region), rowsInUse(transfer.layout, shape, region)};
  Lanes rows = rowsOf(transfer.layout, shape, region);
  rows.count = hostLanesOf(rows.layout, shape, region, hostLanes);
  return rows;
}

Layout wafer::wfr::inFirstRows(const Layout &layout) {
  Layout arrived = layout;
  if (!layout.dependsOn(Y0))
    for (Axis axis : sideAxes(Side::Y))
      if ((axesOf(Side::Y, layout.splitY) & axisBit(axis)) && !layout.dependsOn(axis))
        arrived.atAxes |= axisBit(axis);
  return arrived;
}

/// The regions that read a tensor, ascending.
static SmallVector<int, 2> readersOf(const GraphTensor &tensor, const Plan &plan) {
  SmallVector<int, 2> readers;
  for (int user : tensor.users)
    readers.push_back(plan.nodes[user].region);
  llvm::sort(readers);
  readers.erase(llvm::unique(readers), readers.end());
  return readers;
}

std::vector<Transfer> wafer::wfr::findTransfers(const Graph &graph, const Plan &plan, const NetBounds &bounds) {
  std::vector<std::pair<Transfer, Crossing>> found;
  auto add = [&](Transfer::Kind kind, int node, int tensor, Net ends, const Layout &layout) {
    ArrayRef<int64_t> shape = graph.tensors[tensor].shape;
    int64_t lanes = ends.from == kHost ? hostLanesOf(layout, shape, plan.region, bounds.hostLanes)
                                       : rowsInUse(layout, shape, plan.region);
    double words = static_cast<double>(laneWords(layout, shape, plan.region));
    found.push_back({{kind, node, tensor, layout, {}}, {std::move(ends), lanes, words}});
  };
  for (int n = 0; n != static_cast<int>(graph.nodes.size()); ++n) {
    const GraphNode &node = graph.nodes[n];
    const NodePlan &nodePlan = plan.nodes[n];
    for (const auto &[tensor, layout] : nodePlan.entries) {
      SmallVector<int, 2> readers = readersOf(graph.tensors[tensor], plan);
      auto moved = nodePlan.moved.find(tensor);
      const bool rests = moved == nodePlan.moved.end();
      add(Transfer::Input, n, tensor, {kHost, rests ? readers : SmallVector<int, 2>{nodePlan.region}}, layout);
      auto early = llvm::find_if(nodePlan.early, [&](const EarlyInput &input) { return input.tensor == tensor; });
      if (early != nodePlan.early.end())
        found.back().first.early = &*early;
      // What has been moved since goes on to other regions from there.
      llvm::erase(readers, nodePlan.region);
      if (!rests && !readers.empty())
        add(Transfer::Result, n, tensor, {nodePlan.region, std::move(readers)}, moved->second);
    }
    if (node.kind == GraphNode::Output) {
      add(Transfer::Output, n, node.operands[0].pieces[0].tensor, {nodePlan.region, {kHost}},
          nodePlan.candidate.result);
      if (nodePlan.candidate.dealt) {
        auto &[transfer, crossing] = found.back();
        ArrayRef<int64_t> shape = node.operands[0].shape;
        std::optional<Deal> deal = dealColumns(transfer.layout, shape, plan.region, bounds.hostLanes);
        transfer.dealt = true;
        if (nodePlan.leavesAfter >= 0)
          transfer.place = nodePlan.leavesAfter;
        crossing.lanes = deal->lanes;
        crossing.words = static_cast<double>(deal->rounds * transfer.layout.words());
      }
    } else if (node.result >= 0) {
      Net ends{nodePlan.region, readersOf(graph.tensors[node.result], plan)};
      llvm::erase(ends.to, ends.from);
      // What a loop makes is there when it ends.
      int last = node.repeated() ? graph.loops[node.loop].endNode - 1 : n;
      if (!ends.to.empty())
        add(Transfer::Result, last, node.result, std::move(ends), nodePlan.candidate.result);
    }
  }
  auto place = [](const Transfer &transfer) {
    return std::tuple(transfer.place, transfer.kind != Transfer::Input, !transfer.early);
  };
  llvm::stable_sort(found, [&](const auto &a, const auto &b) { return place(a.first) < place(b.first); });
  std::vector<Transfer> transfers;
  std::vector<Crossing> crossings;
  for (auto &[transfer, crossing] : found) {
    transfers.push_back(std::move(transfer));
    crossings.push_back(std::move(crossing));
  }
  for (auto [transfer, way] : llvm::zip(transfers, chooseNets(crossings, {plan.regions, bounds.perRow}, bounds.colors)))
    transfer.way = way;
  return transfers;
}
