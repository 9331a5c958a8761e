// A node's weights lie in its region, every element on some PE at least. That takes a multiplication to find out, where
// a search would first plan all nodes before.
#include "WeightBound.h"

#include "State.h"

#include <set>

using namespace wafer;
using namespace wafer::wfr;

/// All elements of an operand are used where the node runs.
static bool readsWhole(const GraphNode &node, size_t operand) {
  if (!node.operands[operand].plain())
    return false;
  return node.kind == GraphNode::Kernel && node.maps[operand].isProjectedPermutation() &&
         node.operands[operand].shape.size() == node.maps[operand].getNumResults();
}

std::optional<PlanFailure> wafer::wfr::lackOfRoomForWeights(const PlanRequest &request) {
  const int64_t pes = request.region.width * request.region.height,
                budget = static_cast<int64_t>(request.fill * static_cast<double>(request.model.usableSramBytes()));
  auto bytesOf = [&](int64_t words, int64_t regions) {
    return kBaseCodeBytes + isa::kWordBytes * llvm::divideCeil(words, pes * regions);
  };
  std::set<int> resting;
  int64_t all = 0;
  for (auto [n, node] : llvm::enumerate(request.graph.nodes)) {
    int64_t here = 0;
    std::set<int> read;
    for (size_t i = 0; i != node.operands.size(); ++i) {
      if (!readsWhole(node, i))
        continue;
      const int number = node.operands[i].pieces[0].tensor;
      const GraphTensor &tensor = request.graph.tensors[number];
      if (tensor.kind != GraphTensor::Weight || !read.insert(number).second)
        continue;
      here += tensor.elements();
      if (resting.insert(number).second)
        all += tensor.elements();
    }
    const int64_t needed = std::max(bytesOf(here, 1), bytesOf(all, request.maxRegions));
    if (needed > budget)
      return PlanFailure{static_cast<int>(n), needed, budget};
  }
  return std::nullopt;
}
