// Where a mesh is free of dead parts, and how large the free rectangles are.
#ifndef WAFER_PLACE_FREESPACE_H
#define WAFER_PLACE_FREESPACE_H

#include "wafer/Target/Profile.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wafer {

struct Rect {
  int x, y, w, h;
  bool operator==(const Rect &) const = default;
  bool overlaps(const Rect &o) const { return x < o.x + o.w && o.x < x + w && y < o.y + o.h && o.y < y + h; }
  int64_t area() const { return static_cast<int64_t>(w) * h; }
};

/// Counts points of a grid in rectangles, each in constant time.
class PointCounts {
public:
  /// Takes no memory for a grid without points.
  PointCounts(int width, int height, const std::vector<std::array<int, 2>> &points);
  int in(const Rect &rect) const;

private:
  int width;
  std::vector<int> sums; // of everything to the north-west
};

/// What is dead in bands of rows: a bit for every column, at even places, and one for every boundary between two
/// columns. The two bands of a power of two rows that cover any other band are at hand.
class BlockedBands {
public:
  /// Takes no memory if nothing is dead. Links by the PE at their western or northern end.
  BlockedBands(int width, int height, const std::vector<std::array<int, 2>> &pes,
               const std::vector<std::array<int, 2>> &linksEast, const std::vector<std::array<int, 2>> &linksSouth);
  /// The easternmost place from `first` to `last` that is set in any of h rows from y on, or -1.
  int lastSet(int y, int h, int first, int last) const;

private:
  size_t bandAt(int level, int y) const { return (static_cast<size_t>(level) * rows + y) * words; }

  int rows, words;
  std::vector<uint64_t> bands; // by the power of two, first row, word
};

/// The dead PEs and links of a mesh in the north-west corner of a profile's. A dead link is in a rectangle's way if
/// both of its ends lie inside.
class FreeSpace {
public:
  FreeSpace(const Profile &profile, int width, int height);

  bool hasDeadParts() const { return dead; }
  bool isFree(const Rect &rect) const { return !blockedUntil(rect); }
  /// The first x beyond the dead parts in the rectangle, or nothing if there are none: no rectangle of this size and
  /// row that begins before it is free.
  std::optional<int> blockedUntil(const Rect &rect) const;
  /// Dead PEs and links for each PE of the mesh.
  double density() const {
    return static_cast<double>(deadPoints.size() + eastPoints.size() + southPoints.size()) / width / height;
  }
  int deadPes(const Rect &rect) const { return pes.in(rect); }
  /// Links over which nothing goes from or to the east within the rectangle.
  int deadToEast(const Rect &rect) const { return linksEast.in({rect.x, rect.y, rect.w - 1, rect.h}); }

  /// Dead links over which nothing leaves the mesh at its west edge, in `h` rows from y on.
  int deadOutputs(int y, int h) const { return outputs.in({0, y, 1, h}); }

  /// The easternmost x of row y that a lane from the west edge, or to it, reaches straight; -1: none.
  int straightFromEdge(int y) const { return straight.empty() ? width - 1 : straight[y]; }
  /// The westernmost free place of a w x h rectangle in row y from `from` to `last`.
  std::optional<int> firstFree(int y, int w, int h, int last, int from = 0) const;
  /// The westernmost free place in row y of a w x h rectangle whose first `lanes` rows lanes reach straight from the
  /// edge.
  std::optional<int> besideClearRows(int y, int w, int h, int lanes) const;
  /// How many lanes, `most` or what halving it gives, reach the first rows of some free w x h rectangle straight from
  /// the edge, and how many those of each of two in rows of their own.
  std::array<int, 2> straightLanes(int w, int h, int most) const;

  /// How many lanes go straight from the first rows of some free w x h rectangle to those of the next one in its rows.
  int lanesBeside(int w, int h) const;
  /// The most lanes in rows beside one another that the west edge lets in and out; at most `most`.
  int openLanes(int most) const;

  /// Of every height from 1 to the mesh's, one of the widest free rectangles (of width 0 if no PE is alive).
  std::vector<Rect> widest() const;
  /// The free rectangle with the most PEs.
  Rect largest() const;
  /// "13 x 26 PEs at (20, 4)".
  std::string describeLargest() const;

private:
  int width, height;
  bool dead;
  std::vector<int> straight;                                           // by row; empty: all the way
  std::vector<std::array<int, 2>> deadPoints, eastPoints, southPoints; // sorted by row
  BlockedBands blocked;
  PointCounts pes, linksEast, outputs;
};

} // namespace wafer

#endif // WAFER_PLACE_FREESPACE_H
