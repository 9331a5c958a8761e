#include "RegionLines.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

const std::pair<LineShape, double> &LinePlanner::fastest(const ReduceTask &task) {
  const std::tuple key{task.group, task.words, task.whole() ? LineExtent::Whole : LineExtent::Group};
  auto known = this->known.find(key);
  if (known != this->known.end())
    return known->second;
  if (!channels) {
    Result<ChannelColors> colors = ChannelColors::assign(model.figures());
    channels = colors ? colors->available() : kChannelsNeeded;
  }
  auto line = fastestLine(task.group, task.words, *channels, model, std::get<LineExtent>(key));
  return this->known.insert({key, line}).first->second;
}

namespace {

/// One all-reduce of a plan.
struct User {
  NodePlan *node;
  ReduceStep *step;
  double times;
  double cyclesOn(const LineShape &line, const ResourceModel &model) const {
    return allReduceCycles(line, step->words, model);
  }
};

/// Returns what it takes more than with the best line for each.
double settle(ArrayRef<User> users, const ResourceModel &model, bool mayCast) {
  const LineShape &first = *users.front().step->line, head{first.pes, 0, {}, first.grouped};
  SmallVector<LineShape> lines{head};
  for (const User &user : users)
    if (mayCast && !llvm::is_contained(lines, *user.step->line))
      lines.push_back(*user.step->line);
  // Groups have one cast, from their heads or elsewhere; whole lines have the head's broadcast in any case.
  SmallVector<double> onHead;
  for (const User &user : users)
    onHead.push_back(head.grouped ? INFINITY : user.cyclesOn(head, model));
  const LineShape *best = nullptr;
  double least = INFINITY;
  for (const LineShape &line : lines) {
    double total = 0;
    for (auto [user, cycles] : llvm::zip(users, onHead))
      total += user.times * std::min(cycles, user.cyclesOn(line, model));
    if (total < least) {
      least = total;
      best = &line;
    }
  }
  double more = 0;
  for (auto [user, cycles] : llvm::zip(users, onHead)) {
    double before = user.cyclesOn(*user.step->line, model), after = user.cyclesOn(*best, model);
    user.step->line = cycles <= after ? head : *best;
    double change = user.times * (std::min(cycles, after) - before);
    user.node->cycles.reductions += change;
    more += change;
  }
  return more;
}

} // namespace

void wafer::wfr::settleLines(Plan &plan, const ResourceModel &model, bool mayCast) {
  std::map<std::tuple<int, Side, bool>, SmallVector<User>> users; // by region, side, and whether in groups
  for (NodePlan &node : plan.nodes)
    for (ReduceStep &step : node.reduces)
      if (step.line)
        users[{node.region, step.side, step.line->grouped}].push_back(
            {&node, &step, static_cast<double>(node.candidate.steps)});
  for (auto &[where, those] : users)
    plan.cycles += settle(those, model, mayCast);
}
