#include "wafer/Collectives/Line.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

int64_t LineRole::number() const {
  if (kind == Root)
    return parity ? kOddRoot : 0;
  return 1 + 8 * (kind == Leader) + 4 * (wing == Wing::Before) + 2 * parity + last;
}

LineShape LineShape::of(LineAttr attr, int64_t side) {
  bool grouped = attr.getGroup() != 0;
  return {grouped ? attr.getGroup() : side, attr.getRoot(), SmallVector<int64_t>(attr.getLeaders()), grouped};
}

LineAttr LineShape::attr(MLIRContext *context) const {
  return LineAttr::get(context, root, grouped ? pes : 0, leaders);
}

SmallVector<int64_t> LineShape::distances(Wing wing) const {
  SmallVector<int64_t> distances;
  for (int64_t leader : leaders)
    if ((leader < root) == (wing == Wing::Before))
      distances.push_back(std::abs(leader - root));
  llvm::sort(distances);
  return distances;
}

LineRole LineShape::roleAt(int64_t coordinate) const {
  const int64_t at = inGroup(coordinate), distance = std::abs(at - root);
  if (distance == 0)
    return {LineRole::Root, Wing::Beyond, static_cast<unsigned>((coordinate - at) % 2)};
  LineRole role{LineRole::Member, at < root ? Wing::Before : Wing::Beyond, static_cast<unsigned>(coordinate % 2)};
  SmallVector<int64_t> distances = this->distances(role.wing);
  auto leader = llvm::lower_bound(distances, distance);
  if (leader != distances.end() && *leader == distance) {
    role.kind = LineRole::Leader;
    role.parity = static_cast<unsigned>(leader - distances.begin() + 1) % 2;
    role.last = leader + 1 == distances.end();
  } else {
    // The last of the PEs that the next leader toward the root collects from.
    role.last = distance == (leader == distances.end() ? reach(role.wing) : *leader - 1);
  }
  return role;
}

int LineShape::urgency(int64_t coordinate) const {
  LineRole role = roleAt(coordinate);
  int64_t end = coordinate - inGroup(coordinate) + (role.wing == Wing::Before ? 0 : pes - 1);
  if (role.last)
    return end % 2 == coordinate % 2 ? 0 : 2;
  return end % 2 == coordinate % 2 ? 3 : 1;
}

ChannelSet LineShape::channels() const {
  ChannelSet channels = only(Channel::Toward) | only(grouped     ? Channel::GroupCast
                                                     : root == 0 ? Channel::Broadcast
                                                                 : Channel::Cast);
  if (root != 0)
    channels |= only(Channel::Away);
  if (!leaders.empty())
    channels |= only(Channel::Far);
  return channels;
}
