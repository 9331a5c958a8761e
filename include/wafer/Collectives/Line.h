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
  unsigned parity = 0; // a member's: of its coordinate; a leader's: of its number, the nearest to the root being 1;
                       // of a root in groups of an odd size: of the coordinate where its group begins
  bool last = false;   // a member that begins a chain; the leader that is farthest from the root

  /// 0 for the root, from 1 on for others, from kOddRoot on for roots of groups that begin at odd coordinates where
  /// others begin at even ones (parity 1).
  int64_t number() const;
  static constexpr int64_t kOddRoot = 17;
};

struct LineShape {
  int64_t pes, root = 0;
  llvm::SmallVector<int64_t> leaders{}; // by coordinate
  bool grouped = false;                 // a line of the region is many of these, one after the other

  /// `side`: PEs of a line of the region.
  static LineShape of(LineAttr attr, int64_t side);
  LineAttr attr(mlir::MLIRContext *context) const;
  bool operator==(const LineShape &) const = default;

  /// PEs of a wing.
  int64_t reach(Wing wing) const { return wing == Wing::Before ? root : pes - 1 - root; }
  /// How far the leaders of a wing are from the root, the nearest first.
  llvm::SmallVector<int64_t> distances(Wing wing) const;
  LineRole roleAt(int64_t coordinate) const;
  /// After so many coordinates roles are the same again.
  int64_t period() const { return grouped && pes % 2 ? 2 * pes : pes; }
  /// How soon a member must know its role, from 0 on: the wave of a wing begins at its end, and then the PE beside it
  /// must be ready; other groups have more time, and those within them the most.
  int urgency(int64_t coordinate) const;
  ChannelSet channels() const;

private:
  int64_t inGroup(int64_t coordinate) const { return grouped ? coordinate % pes : coordinate; }
};

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_LINE_H
