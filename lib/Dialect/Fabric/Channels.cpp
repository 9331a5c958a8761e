// Lines of one PE need no channel; the first and the last PE of a line differ from those between.
#include "wafer/Dialect/Fabric/Channels.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::fabric;

namespace {

constexpr unsigned bits(std::initializer_list<Port> ports) {
  unsigned mask = 0;
  for (Port port : ports)
    mask |= static_cast<unsigned>(port);
  return mask;
}

/// The sides of a line's PEs.
struct Ends {
  Port toHead, toTail;
  explicit Ends(bool y) : toHead(y ? Port::North : Port::West), toTail(y ? Port::South : Port::East) {}
};

SmallVector<LineRoute> gather(const Ends &ends, int64_t pes) {
  return {
      {0, 1, 1, {{Port::Ramp, bits({Port::Ramp})}, {ends.toTail, bits({Port::Ramp})}}},
      {1, pes - 1, 1, {{Port::Ramp, bits({ends.toHead})}, {ends.toTail, bits({ends.toHead})}}},
      {pes - 1, pes, 1, {{Port::Ramp, bits({ends.toHead})}}},
  };
}

SmallVector<LineRoute> broadcast(const Ends &ends, int64_t pes) {
  return {
      {0, 1, 1, {{Port::Ramp, bits({ends.toTail, Port::Ramp})}}},
      {1, pes - 1, 1, {{ends.toHead, bits({ends.toTail, Port::Ramp})}}},
      {pes - 1, pes, 1, {{ends.toHead, bits({Port::Ramp})}}},
  };
}

/// Links between neighbors, into those of one parity.
SmallVector<LineRoute> toward(const Ends &ends, int64_t pes, unsigned parity) {
  return {{parity, pes - 1, 2, {{ends.toTail, bits({Port::Ramp})}}},
          {parity + 1, pes, 2, {{Port::Ramp, bits({ends.toHead})}}}};
}

SmallVector<LineRoute> away(const Ends &ends, int64_t pes, unsigned parity) {
  int64_t taker = parity ? 1 : 2;
  return {{taker, pes, 2, {{ends.toHead, bits({Port::Ramp})}}},
          {taker - 1, pes - 1, 2, {{Port::Ramp, bits({ends.toTail})}}}};
}

/// From the root both ways, and into its own core.
SmallVector<LineRoute> cast(const Ends &ends, int64_t pes, int64_t root) {
  unsigned out = bits({Port::Ramp});
  SmallVector<LineRoute> routes;
  if (root > 0) {
    out |= bits({ends.toHead});
    routes.push_back({0, 1, 1, {{ends.toTail, bits({Port::Ramp})}}});
    routes.push_back({1, root, 1, {{ends.toTail, bits({ends.toHead, Port::Ramp})}}});
  }
  if (root + 1 < pes) {
    out |= bits({ends.toTail});
    routes.push_back({root + 1, pes - 1, 1, {{ends.toHead, bits({ends.toTail, Port::Ramp})}}});
    routes.push_back({pes - 1, pes, 1, {{ends.toHead, bits({Port::Ramp})}}});
  }
  routes.push_back({root, root + 1, 1, {{Port::Ramp, out}}});
  return routes;
}

/// The same in each group of neighbors, which are whole groups.
SmallVector<LineRoute> groupCast(const Ends &ends, int64_t pes, int64_t root, int64_t group) {
  SmallVector<LineRoute> routes;
  for (int64_t at = 0; at != group; ++at) {
    unsigned out = bits({Port::Ramp});
    if (at <= root && at > 0)
      out |= bits({ends.toHead});
    if (at >= root && at + 1 < group)
      out |= bits({ends.toTail});
    routes.push_back({at, pes, group, {{at == root ? Port::Ramp : at < root ? ends.toTail : ends.toHead, out}}});
  }
  return routes;
}

/// A leader and the next one toward the root, which may be the root.
struct Link {
  int64_t from, to;
};

/// Every second link between leaders. The two into the root have different colors.
SmallVector<Link> farLinks(const ChannelForm &form) {
  SmallVector<Link> links;
  auto add = [&](int64_t from, int64_t to, int64_t number) {
    if (number % 2 == form.parity)
      links.push_back({from, to});
  };
  auto beyond = llvm::upper_bound(form.leaders, form.root);
  int64_t to = form.root, number = 0;
  for (auto leader = beyond; leader != form.leaders.end(); to = *leader++)
    add(*leader, to, number++);
  to = form.root, number = 1;
  for (auto leader = beyond; leader != form.leaders.begin(); to = *leader)
    add(*--leader, to, number++);
  return links;
}

SmallVector<LineRoute> far(const Ends &ends, const ChannelForm &form) {
  SmallVector<LineRoute> routes;
  for (auto [from, to] : farLinks(form)) {
    Port out = from > to ? ends.toHead : ends.toTail, in = from > to ? ends.toTail : ends.toHead;
    routes.push_back({from, from + 1, 1, {{Port::Ramp, bits({out})}}});
    routes.push_back({std::min(from, to) + 1, std::max(from, to), 1, {{in, bits({out})}}});
    routes.push_back({to, to + 1, 1, {{in, bits({Port::Ramp})}}});
  }
  return routes;
}

} // namespace

ChannelForm wafer::fabric::formOf(ChannelOp channel) {
  ChannelForm form = formOf(channel.getKind());
  form.root = static_cast<int64_t>(channel.getRoot().value_or(0));
  form.group = static_cast<int64_t>(channel.getGroup().value_or(0));
  if (std::optional<ArrayRef<int64_t>> leaders = channel.getLeaders())
    form.leaders.assign(leaders->begin(), leaders->end());
  return form;
}

ChannelForm wafer::fabric::formOf(ChannelKind kind) {
  for (Channel channel : kChannels)
    for (bool y : {false, true})
      for (unsigned parity : {0u, 1u})
        if (kindOf(channel, y, parity) == kind)
          return {channel, y, parity};
  llvm_unreachable("every kind is one of a channel");
}

ChannelKind wafer::fabric::kindOf(Channel channel, bool y, unsigned parity) {
  switch (channel) {
  case Channel::Gather:
    return y ? ChannelKind::GatherY : ChannelKind::GatherX;
  case Channel::Broadcast:
    return y ? ChannelKind::BroadcastY : ChannelKind::BroadcastX;
  case Channel::Toward:
    if (parity)
      return y ? ChannelKind::ChainYOdd : ChannelKind::ChainXOdd;
    return y ? ChannelKind::ChainYEven : ChannelKind::ChainXEven;
  case Channel::Away:
    if (parity)
      return y ? ChannelKind::AwayYOdd : ChannelKind::AwayXOdd;
    return y ? ChannelKind::AwayYEven : ChannelKind::AwayXEven;
  case Channel::Far:
    if (parity)
      return y ? ChannelKind::FarYOdd : ChannelKind::FarXOdd;
    return y ? ChannelKind::FarYEven : ChannelKind::FarXEven;
  case Channel::Cast:
    return y ? ChannelKind::CastY : ChannelKind::CastX;
  case Channel::GroupCast:
    return y ? ChannelKind::GroupCastY : ChannelKind::GroupCastX;
  }
  llvm_unreachable("every channel has its kinds");
}

SmallVector<LineRoute> wafer::fabric::routesOf(const ChannelForm &form, int64_t pes) {
  if (pes < 2)
    return {};
  const Ends ends(form.y);
  switch (form.channel) {
  case Channel::Gather:
    return gather(ends, pes);
  case Channel::Broadcast:
    return broadcast(ends, pes);
  case Channel::Toward:
    return toward(ends, pes, form.parity);
  case Channel::Away:
    return away(ends, pes, form.parity);
  case Channel::Far:
    return far(ends, form);
  case Channel::Cast:
    return cast(ends, pes, form.root);
  case Channel::GroupCast:
    return groupCast(ends, pes, form.root, form.group);
  }
  llvm_unreachable("every channel has its routes");
}

SmallVector<LineRoute> wafer::fabric::routesOf(ChannelOp channel) {
  const ChannelForm form = formOf(channel);
  SmallVector<LineRoute> routes = routesOf(form, form.y ? channel.getArea().getH() : channel.getArea().getW());
  llvm::erase_if(routes, [](const LineRoute &route) { return route.first >= route.end; });
  return routes;
}

AreaAttr wafer::fabric::areaOf(ChannelOp channel, const LineRoute &route) {
  MLIRContext *context = channel.getContext();
  AreaAttr area = channel.getArea();
  const int64_t length = route.end - route.first;
  return formOf(channel).y
             ? AreaAttr::get(context, area.getX(), area.getY() + route.first, area.getW(), length, 1, route.step)
             : AreaAttr::get(context, area.getX() + route.first, area.getY(), length, area.getH(), route.step, 1);
}

SmallVector<LineIntent> wafer::fabric::intentsOf(const ChannelForm &form, int64_t pes) {
  if (pes < 2)
    return {};
  auto every = [&](int64_t first, int64_t end) { return end > first ? (end - first + 1) / 2 : 0; };
  switch (form.channel) {
  case Channel::Gather:
    return {{0, 1, pes, false, 0, 0}};
  case Channel::Broadcast:
    return {{0, 1, 1, false, 0, pes - 1}};
  case Channel::Toward: { // the giver's parity is the other one; the head gives to nobody
    int64_t first = form.parity ? 2 : 1;
    return {{first, 2, every(first, pes), true, -1, -1}};
  }
  case Channel::Away: { // the last gives to nobody
    int64_t first = form.parity ? 0 : 1;
    return {{first, 2, every(first, pes - 1), true, 1, 1}};
  }
  case Channel::Far: {
    SmallVector<LineIntent> intents;
    for (auto [from, to] : farLinks(form))
      intents.push_back({from, 1, 1, false, to, to});
    return intents;
  }
  case Channel::Cast:
    return {{form.root, 1, 1, false, 0, pes - 1}};
  case Channel::GroupCast:
    return {{form.root, form.group, pes / form.group, true, -form.root, form.group - 1 - form.root}};
  }
  llvm_unreachable("every channel has its intent");
}
