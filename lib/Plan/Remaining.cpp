#include "Remaining.h"

using namespace wafer::wfr;

/// Sums that are made in another order may differ by their rounding.
constexpr double kRounding = 1e-12;

Remaining::Remaining(const Graph &graph, llvm::ArrayRef<double> least, int maxRegions)
    : graph(graph), maxRegions(maxRegions), path(least), following(least.size()), longest(least.size() + 1),
      work(least.size() + 1) {
  for (size_t n = path.size(); n-- != 0;) {
    if (int result = graph.nodes[n].result; result >= 0)
      path[n] += following[n] = through(graph.tensors[result], n + 1) * (1 - kRounding * least.size());
    longest[n] = std::max(longest[n + 1], path[n]);
    work[n] = work[n + 1] + least[n];
  }
}

/// From when the tensor is there, by way of its readers from node n on.
double Remaining::through(const GraphTensor &tensor, size_t n) const {
  double cycles = 0;
  for (int user : tensor.users)
    if (user >= static_cast<int>(n))
      cycles = std::max(cycles, path[user]);
  return cycles;
}

double Remaining::leastEnd(const State &state, size_t n) const {
  // Regions share the work at best.
  double end = std::max({state.timeline.end(), longest[n], (state.timeline.work() + work[n]) / maxRegions});
  for (const auto &[tensor, resting] : state.live)
    if (std::optional<Timeline::Produced> made = state.timeline.produced(tensor))
      end = std::max(end, made->ready + through(graph.tensors[tensor], n));
  return end * (1 - kRounding * static_cast<double>(path.size()));
}
