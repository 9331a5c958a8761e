// Who of a line of PEs has what of a tensor.
#ifndef WAFER_DIALECT_WAFER_LINES_H
#define WAFER_DIALECT_WAFER_LINES_H

#include "wafer/Dialect/Wafer/Layout.h"

#include <optional>

namespace wafer::wfr {

/// Those of a line's PEs that hold, between them, what the line holds of a tensor, each element once: at major
/// coordinates 0 .. major - 1 and minor coordinates 0 .. minor - 1 of the line's side. A layout that needs three axes
/// of the side has no senders: what speaks along lines tells them apart by two (docs/rationale/wafer.md).
struct Senders {
  int64_t major, minor, split;
  /// One more than the last one's position.
  int64_t end() const { return (major - 1) * split + minor; }
};
Senders sendersOf(const Layout &layout, llvm::ArrayRef<int64_t> shape, Side side, RegionSize region);

/// How many neighbors along a line hold the terms of one sum: the whole line, or of a divided side the PEs of one major
/// coordinate. 0 if the terms lie otherwise.
int64_t reducedGroup(const Layout &layout, Side side, RegionSize region);

/// How many of a region's columns, and of its rows, hold any of the tensor, from the first on; 1 if all hold the same.
int64_t columnsInUse(const Layout &layout, llvm::ArrayRef<int64_t> shape, RegionSize region);
int64_t rowsInUse(const Layout &layout, llvm::ArrayRef<int64_t> shape, RegionSize region);

/// Words that the lane of a row carries when a tensor leaves this layout by rows: all columns', one after the other.
int64_t laneWords(const Layout &layout, llvm::ArrayRef<int64_t> shape, RegionSize region);

/// Columns dealt to lanes like cards: where all rows hold the same of a tensor, the lane of row r takes what columns r,
/// r + lanes, r + 2 lanes... hold. So every lane has something to carry from the first turns on.
struct Deal {
  int64_t lanes, rounds; // round k is columns k lanes .. (k + 1) lanes - 1
  int64_t columns;       // that hold any of the tensor, from the first on
  int64_t wholeRounds;   // in which every column holds as many words: those of the layout
  Layout layout;         // of the lanes: at x = k, y = r what column k lanes + r holds
};

/// By at most so many lanes; nothing if rows differ, or if columns between those in use hold nothing of their own.
std::optional<Deal> dealColumns(const Layout &layout, llvm::ArrayRef<int64_t> shape, RegionSize region,
                                int64_t mostLanes);

} // namespace wafer::wfr

#endif // WAFER_DIALECT_WAFER_LINES_H
