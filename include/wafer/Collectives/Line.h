// How the PEs of a line stand toward a root (#wafer.line), and what each of them therefore does in an all-reduce.
#ifndef WAFER_COLLECTIVES_LINE_H
#define WAFER_COLLECTIVES_LINE_H

#include "wafer/Dialect/Wafer/Layout.h"
#include "wafer/Route/ChannelColors.h"

namespace wafer::wfr {

/// The two parts of a line: PEs at larger coordinates than the root's, and those at smaller ones.
enum class Wing { Beyond, Before };
constexpr std::array kWings{Wing::Beyond, Wing::Before};

/// What a PE has to know of its place on a line.
struct LineRole {
  enum Kind { Root, Member, Leader } kind = Root;
  Wing wing = Wing::Beyond;
  unsigned parity = 0; // a member's: of its coordinate; a leader's: of its number, the nearest to the root being 1
  bool last = false;   // a member that begins a chain; the leader that is farthest from the root

  /// 0 for the root, from 1 on for others.
  int64_t number() const;
};

struct LineShape {
  int64_t pes, root = 0;
  llvm::SmallVector<int64_t> leaders{}; // by coordinate

  static LineShape of(LineAttr attr, int64_t pes);
  LineAttr attr(mlir::MLIRContext *context) const;
  bool operator==(const LineShape &) const = default;

  /// PEs of a wing.
  int64_t reach(Wing wing) const { return wing == Wing::Before ? root : pes - 1 - root; }
  /// How far the leaders of a wing are from the root, the nearest first.
  llvm::SmallVector<int64_t> distances(Wing wing) const;
  LineRole roleAt(int64_t coordinate) const;
  /// How soon a member must know its role, from 0 on: the wave of a wing begins at its end, and then the PE beside it
  /// must be ready; other groups have more time, and those within them the most.
  int urgency(int64_t coordinate) const;
  ChannelSet channels() const;
};

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_LINE_H
