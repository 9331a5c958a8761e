// What is dead of a machine, by place.
#ifndef WAFER_TARGET_DEADPARTS_H
#define WAFER_TARGET_DEADPARTS_H

#include "wafer/Target/Profile.h"

#include <unordered_map>

namespace wafer {

/// A profile lists its dead parts; this answers in constant time whether one is among them.
class DeadParts {
public:
  explicit DeadParts(const Profile &profile) {
    for (const auto &[x, y] : profile.deadPes)
      parts[key(x, y)] |= kPe;
    for (const DeadLink &link : profile.deadLinks)
      parts[key(link.x, link.y)] |= link.side;
  }

  bool pe(int x, int y) const { return has(x, y, kPe); }
  /// The link that leaves (x, y) through `side`.
  bool link(int x, int y, PortBits side) const { return has(x, y, side); }

private:
  static constexpr unsigned kPe = 1u << 8;
  static uint64_t key(int x, int y) {
    return static_cast<uint64_t>(static_cast<uint32_t>(y)) << 32 | static_cast<uint32_t>(x);
  }
  bool has(int x, int y, unsigned what) const {
    if (parts.empty())
      return false;
    auto it = parts.find(key(x, y));
    return it != parts.end() && (it->second & what);
  }

  std::unordered_map<uint64_t, unsigned> parts; // bits of PortBits, and kPe
};

} // namespace wafer

#endif // WAFER_TARGET_DEADPARTS_H
