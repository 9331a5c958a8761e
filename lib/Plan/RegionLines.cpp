#include "RegionLines.h"

#include "LinePlanner.h"
#include "Nets.h"

#include "wafer/Collectives/Channels.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// One all-reduce of a plan.
struct User {
  std::optional<LineShape> *line;
  int64_t words;
  double times;
  double *spent; // of its node's cycles those that it is part of
  double cyclesOn(const LineShape &line, const ResourceModel &model) const {
    return allReduceCycles(line, words, model);
  }
};

/// One line for all users along a side of a region; the line to the head, which needs no channels of its own, for those
/// of whole lines that are faster on it. Returns what it takes more than before.
double settle(ArrayRef<User> users, const ResourceModel &model, LinePlanner &planner, ChannelSet allowed) {
  const LineShape &first = **users.front().line, head{first.pes, 0, {}, first.grouped};
  SmallVector<LineShape> lines{head};
  for (const User &user : users) {
    const int64_t side = first.grouped ? 2 * first.pes : first.pes;
    const LineShape &line = planner.fastest({Side::X, side, first.pes, user.words}, allowed).first;
    if (!llvm::is_contained(lines, line))
      lines.push_back(line);
  }
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
    double before = user.cyclesOn(**user.line, model), after = user.cyclesOn(*best, model);
    *user.line = cycles <= after ? head : *best;
    double change = user.times * (std::min(cycles, after) - before);
    *user.spent += change;
    more += change;
  }
  return more;
}

/// The plan on lines that use these channels only.
Plan settled(Plan plan, const ResourceModel &model, LinePlanner &planner, ChannelSet onX, ChannelSet onY) {
  std::map<std::tuple<int, Side, bool>, SmallVector<User>> users; // by region, side, and whether in groups
  for (NodePlan &node : plan.nodes) {
    auto use = [&](std::optional<LineShape> &line, Side side, int64_t words, double &spent) {
      if (line)
        users[{node.region, side, line->grouped}].push_back(
            {&line, words, static_cast<double>(node.candidate.steps), &spent});
    };
    auto useAll = [&](Movement &movement) {
      for (MoveStep &step : movement.steps)
        if (step.along)
          use(step.line, *step.along, step.words, node.cycles.moves);
    };
    if (!node.gathersLater())
      for (OperandPlan &operand : node.operands)
        if (!operand.gathersElsewhere())
          llvm::for_each(operand.pieces, useAll);
    if (node.combinedWith < 0)
      for (ReduceStep &step : node.reduces)
        use(step.line, step.side, step.words, node.cycles.reductions);
    useAll(node.toResult);
  }
  for (auto &[where, those] : users)
    plan.cycles += settle(those, model, planner, std::get<Side>(where) == Side::X ? onX : onY);
  return plan;
}

} // namespace

void wafer::wfr::settleLines(Plan &plan, const ResourceModel &model) {
  constexpr ChannelSet none = 0, all = ~none, cast = only(Channel::Cast), far = only(Channel::Far);
  constexpr ChannelSet choices[] = {all, all & ~far, all & ~cast, all & ~(far | cast), none};
  const int needed = plan.regions > 1 ? kLeastNetColors : kHostColors;
  LinePlanner planner(model);
  std::optional<Plan> best;
  int colors = 0; // that the best leaves, as far as they are needed
  for (ChannelSet onX : choices)
    for (ChannelSet onY : choices) {
      Plan other = settled(plan, model, planner, onX, onY);
      int left = std::min(needed, netColors(other, model.figures()));
      if (best && std::make_pair(-left, other.cycles) >= std::make_pair(-colors, best->cycles))
        continue;
      best = std::move(other);
      colors = left;
      if (onX == all && onY == all && colors == needed) { // none is cheaper
        plan = std::move(*best);
        return;
      }
    }
  plan = std::move(*best);
}

int wafer::wfr::netColors(const Plan &plan, const Profile &profile) {
  std::map<Side, ChannelSet> channels{{Side::X, kChannelsOfAll}, {Side::Y, kChannelsOfAll}};
  auto note = [&](const Movement &movement) {
    for (const MoveStep &step : movement.steps)
      if (step.along)
        channels[*step.along] |= step.line ? step.line->channels() : collectiveOf(step.algorithm).channels();
  };
  for (const NodePlan &node : plan.nodes) {
    note(node.toResult);
    if (!node.gathersLater())
      for (const OperandPlan &operand : node.operands)
        if (!operand.gathersElsewhere())
          llvm::for_each(operand.pieces, note);
    if (node.combinedWith >= 0)
      continue;
    for (const ReduceStep &step : node.reduces)
      channels[step.side] |= step.line ? step.line->channels() : collectiveOf(step.algorithm).channels();
  }
  return netColors(profile, channels[Side::X], channels[Side::Y], plan.regions);
}
