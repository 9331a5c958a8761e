// Free rectangles. Counts in rectangles come from sums over everything to the north-west.
//
// What is in the way of a rectangle is looked up in bits of its rows, 32 columns at a time: those of any band of rows
// are the "or" of two bands of a power of two rows, which are made once. All places of a size on 750 x 994 PEs are
// found in a fraction of a millisecond so; halving counts to find the blocked column took a third of a small model's
// compile time.
//
// The widest rectangle of every height comes from one walk over the rows, with the classic stack of rising columns: a
// column's height is the number of live rows that end here, and between two columns stands an entry for their boundary,
// whose height is the number of rows since the last dead link across it. So all maximal free rectangles of 750 x 994
// PEs are seen in some 1.5 million steps, whatever is dead.
#include "wafer/Place/FreeSpace.h"

#include <algorithm>
#include <bit>

using namespace wafer;

PointCounts::PointCounts(int width, int height, const std::vector<std::array<int, 2>> &points) : width(width) {
  if (points.empty())
    return;
  sums.assign(static_cast<size_t>(width + 1) * (height + 1), 0);
  for (const auto &[x, y] : points)
    ++sums[static_cast<size_t>(y + 1) * (width + 1) + x + 1];
  for (int y = 1; y <= height; ++y)
    for (int x = 1, row = 0; x <= width; ++x) {
      int &sum = sums[static_cast<size_t>(y) * (width + 1) + x];
      row += sum;
      sum = row + sums[static_cast<size_t>(y - 1) * (width + 1) + x];
    }
}

int PointCounts::in(const Rect &rect) const {
  if (sums.empty() || rect.w <= 0 || rect.h <= 0)
    return 0;
  auto upTo = [&](int x, int y) { return sums[static_cast<size_t>(y) * (width + 1) + x]; };
  return upTo(rect.x + rect.w, rect.y + rect.h) - upTo(rect.x, rect.y + rect.h) - upTo(rect.x + rect.w, rect.y) +
         upTo(rect.x, rect.y);
}

BlockedBands::BlockedBands(int width, int height, const std::vector<std::array<int, 2>> &pes,
                           const std::vector<std::array<int, 2>> &linksEast,
                           const std::vector<std::array<int, 2>> &linksSouth)
    : rows(height), words((2 * width + 63) / 64) {
  if (pes.empty() && linksEast.empty() && linksSouth.empty())
    return;
  bands.resize(static_cast<size_t>(std::bit_width(static_cast<unsigned>(height))) * rows * words);
  auto set = [&](int level, int y, int place) { bands[bandAt(level, y) + place / 64] |= uint64_t{1} << place % 64; };
  for (const auto &[x, y] : pes)
    set(0, y, 2 * x);
  for (const auto &[x, y] : linksEast)
    set(0, y, 2 * x + 1);
  for (int level = 1; 1 << level <= height; ++level) {
    const int half = 1 << (level - 1);
    for (int y = 0; y + 2 * half <= height; ++y) {
      const size_t whole = bandAt(level, y), upper = bandAt(level - 1, y), lower = bandAt(level - 1, y + half);
      for (int word = 0; word != words; ++word)
        bands[whole + word] = bands[upper + word] | bands[lower + word];
    }
    // Links between the halves. Those within them are there already.
    for (const auto &[x, y] : linksSouth)
      if (y + 1 >= half && y + 1 + half <= height)
        set(level, y + 1 - half, 2 * x);
  }
}

int BlockedBands::lastSet(int y, int h, int first, int last) const {
  if (bands.empty() || h < 1 || last < first)
    return -1;
  const int level = std::bit_width(static_cast<unsigned>(h)) - 1;
  // The two overlap, or are the same: a link between rows is within one of them.
  const uint64_t *upper = &bands[bandAt(level, y)], *lower = &bands[bandAt(level, y + h - (1 << level))];
  for (int word = last / 64; word >= first / 64; --word) {
    uint64_t bits = upper[word] | lower[word];
    if (word == last / 64)
      bits &= ~uint64_t{0} >> (63 - last % 64);
    if (word == first / 64)
      bits &= ~uint64_t{0} << first % 64;
    if (bits)
      return 64 * word + 63 - std::countl_zero(bits);
  }
  return -1;
}

static std::vector<std::array<int, 2>> deadPesOf(const Profile &profile, int width, int height) {
  std::vector<std::array<int, 2>> points;
  for (const auto &[x, y] : profile.deadPes)
    if (x < width && y < height)
      points.push_back({x, y});
  return points;
}

/// Dead links of one axis, in either direction, by the PE at their western or northern end.
static std::vector<std::array<int, 2>> deadLinksOf(const Profile &profile, int width, int height, bool east) {
  std::vector<std::array<int, 2>> points;
  for (const DeadLink &link : profile.deadLinks) {
    if (east != (link.side == PortEast || link.side == PortWest))
      continue;
    int x = link.x - (link.side == PortWest), y = link.y - (link.side == PortNorth);
    if (x >= 0 && y >= 0 && x + (east ? 1 : 0) < width && y + (east ? 0 : 1) < height)
      points.push_back({x, y});
  }
  return points;
}

/// Dead links from the mesh over its west edge.
static std::vector<std::array<int, 2>> deadOutputsOf(const Profile &profile, int height) {
  std::vector<std::array<int, 2>> points;
  for (const DeadLink &link : profile.deadLinks)
    if (link.x == 0 && link.side == PortWest && link.y < height)
      points.push_back({0, link.y});
  return points;
}

static std::vector<std::array<int, 2>> byRow(std::vector<std::array<int, 2>> points) {
  std::sort(points.begin(), points.end(),
            [](const auto &a, const auto &b) { return a[1] != b[1] ? a[1] < b[1] : a[0] < b[0]; });
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

FreeSpace::FreeSpace(const Profile &profile, int width, int height)
    : width(width), height(height), deadPoints(byRow(deadPesOf(profile, width, height))),
      eastPoints(byRow(deadLinksOf(profile, width, height, true))),
      southPoints(byRow(deadLinksOf(profile, width, height, false))),
      blocked(width, height, deadPoints, eastPoints, southPoints), pes(width, height, deadPoints),
      linksEast(width, height, eastPoints), outputs(1, height, deadOutputsOf(profile, height)) {
  auto outputPoints = deadOutputsOf(profile, height);
  dead = !deadPoints.empty() || !eastPoints.empty() || !southPoints.empty() || !outputPoints.empty();
  if (!dead)
    return;
  straight.assign(height, width - 1);
  for (const auto &points : {deadPoints, eastPoints})
    for (const auto &[x, y] : points)
      straight[y] = std::min(straight[y], x);
  for (const auto &[x, y] : outputPoints)
    straight[y] = -1;
}

std::optional<int> FreeSpace::besideClearRows(int y, int w, int h, int lanes) const {
  int last = width - w;
  for (int row = y; row != y + lanes; ++row)
    last = std::min(last, straightFromEdge(row));
  return firstFree(y, w, h, last);
}

std::optional<int> FreeSpace::firstFree(int y, int w, int h, int last, int from) const {
  for (int x = from; x <= last;) {
    std::optional<int> next = blockedUntil({x, y, w, h});
    if (!next)
      return x;
    x = std::max(x + 1, *next);
  }
  return std::nullopt;
}

std::array<int, 2> FreeSpace::straightLanes(int w, int h, int most) const {
  most = std::min(most, h);
  struct Level {
    int lanes;   // `most`, half as many...
    int places;  // so far
    int nextRow; // at which one more may begin
  };
  std::vector<Level> levels;
  for (int lanes = most; lanes > 0; lanes /= 2)
    levels.push_back({lanes, 0, 0});
  for (int y = 0; y + h <= height && !levels.empty() && levels.front().places < 2; ++y) {
    std::optional<int> x = firstFree(y, w, h, std::min(width - w, straightFromEdge(y)));
    int lanes = 0;
    while (x && lanes < most && straightFromEdge(y + lanes) >= *x)
      ++lanes;
    for (Level &level : levels)
      if (lanes >= level.lanes && y >= level.nextRow) {
        ++level.places;
        level.nextRow = y + h;
      }
  }
  auto lanesOf = [&](int places) {
    auto found = std::find_if(levels.begin(), levels.end(), [&](const Level &level) { return level.places >= places; });
    return found == levels.end() ? 0 : found->lanes;
  };
  return {lanesOf(1), lanesOf(2)};
}

int FreeSpace::lanesBeside(int w, int h) const {
  if (!dead)
    return 2 * w <= width ? h : 0;
  int best = 0;
  for (int y = 0; y + h <= height && best < h; ++y)
    for (std::optional<int> x = firstFree(y, w, h, width - 2 * w), next; x; x = next) {
      next = firstFree(y, w, h, width - w, *x + w);
      // Between two rectangles a dead part ends the rows that lanes cross.
      int lanes = 0;
      while (next && lanes < h && deadPes({*x, y + lanes, *next - *x, 1}) == 0 &&
             deadToEast({*x, y + lanes, *next - *x + 1, 1}) == 0)
        ++lanes;
      best = std::max(best, lanes);
    }
  return best;
}

int FreeSpace::openLanes(int most) const {
  int best = 0;
  for (int y = 0, open = 0; y != height && best < most; ++y) {
    open = straightFromEdge(y) >= 0 && deadPes({0, y, 1, 1}) == 0 ? open + 1 : 0;
    best = std::max(best, open);
  }
  return best;
}

std::optional<int> FreeSpace::blockedUntil(const Rect &rect) const {
  const int last = blocked.lastSet(rect.y, rect.h, 2 * rect.x, 2 * (rect.x + rect.w - 1));
  return last < 0 ? std::nullopt : std::optional(last / 2 + 1);
}

std::vector<Rect> FreeSpace::widest() const {
  std::vector<Rect> best(height);
  for (int h = 1; h <= height; ++h)
    best[h - 1] = {0, 0, dead ? 0 : width, h};
  if (!dead)
    return best;
  // Columns at even places, the boundaries between them at odd ones.
  std::vector<int> heights(2 * width - 1, 0);
  std::vector<std::pair<int, int>> rising; // place from which on everything is at least so high, height
  auto pe = deadPoints.begin(), east = eastPoints.begin(), south = southPoints.begin();
  for (int y = 0; y != height; ++y) {
    for (int &h : heights)
      ++h;
    for (; south != southPoints.end() && (*south)[1] < y; ++south)
      heights[2 * (*south)[0]] = 1;
    for (; pe != deadPoints.end() && (*pe)[1] == y; ++pe)
      heights[2 * (*pe)[0]] = 0;
    for (; east != eastPoints.end() && (*east)[1] == y; ++east)
      heights[2 * (*east)[0] + 1] = 0;
    rising.clear();
    for (int at = 0; at <= 2 * width - 1; ++at) {
      int now = at == 2 * width - 1 ? -1 : heights[at], from = at;
      while (!rising.empty() && rising.back().second >= now) {
        from = rising.back().first;
        int h = rising.back().second, first = (from + 1) / 2, last = (at - 1) / 2;
        if (h > 0 && last - first + 1 > best[h - 1].w)
          best[h - 1] = {first, y - h + 1, last - first + 1, h};
        rising.pop_back();
      }
      rising.push_back({from, now});
    }
  }
  // What is free for more rows is free for fewer.
  for (int h = height - 1; h >= 1; --h)
    if (best[h].w > best[h - 1].w)
      best[h - 1] = {best[h].x, best[h].y, best[h].w, h};
  return best;
}

Rect FreeSpace::largest() const {
  Rect best{0, 0, 0, 0};
  for (const Rect &rect : widest())
    if (rect.area() > best.area())
      best = rect;
  return best;
}

std::string FreeSpace::describeLargest() const {
  Rect rect = largest();
  return std::to_string(rect.w) + " x " + std::to_string(rect.h) + " PEs at (" + std::to_string(rect.x) + ", " +
         std::to_string(rect.y) + ")";
}
