// What the PEs of a post compute: blocks of eight at once where they can, PE by PE where words come along rows. All of
// it may run on another thread than the engine's (DataJobs.h): what belongs to that one is read and not copied.
#include "../Window.h"
#include "ClassEngine.h"
#include "ClassShapes.h"
#include "LaneKernels.h"
#include "PerThread.h"

#include <algorithm>
#include <bit>

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::isa;
using Mode = VectorShape::Mode;

static bool isEmpty(const VectorShape &shape) {
  for (int d = 0; d != shape.rank; ++d)
    if (shape.extent[d] <= 0)
      return true;
  return false;
}

/// Elements [begin, begin + count) of a nest as nests of their own: all of it,
/// or rows of the innermost dimension. Calls f(shape, place of its first
/// element after `begin`) while it returns true.
template <typename F> static bool forParts(const VectorShape &shape, int64_t begin, int64_t count, F f) {
  int64_t n = 1;
  for (int d = 0; d != shape.rank; ++d)
    n *= shape.extent[d];
  if (begin == 0 && count == n)
    return f(shape, int64_t(0));
  const int last = shape.rank - 1;
  const int64_t inner = shape.extent[last];
  for (int64_t at = begin; at < begin + count;) {
    int64_t row = at / inner;
    const int64_t column = at % inner, length = std::min(inner - column, begin + count - at);
    int64_t position[4] = {};
    for (int d = last - 1; d >= 0; --d) {
      position[d] = row % shape.extent[d];
      row /= shape.extent[d];
    }
    position[last] = column;
    VectorShape part = shape;
    part.rank = 1;
    part.extent[0] = static_cast<int32_t>(length);
    for (int k = 0; k != 4; ++k) {
      if (shape.mode[k] != Mode::Fabric)
        for (int d = 0; d != shape.rank; ++d)
          part.at[k] += position[d] * shape.stride[k][d];
      part.stride[k][0] = shape.stride[k][last];
    }
    if (!f(part, at - begin))
      return false;
    at += length;
  }
  return true;
}

/// Calls f(begin, end) for ranges of `count` things, each with so many elements to compute, while it returns true: one
/// range, or several at once if there is enough to do and somebody to help.
template <typename F> static bool forRanges(Team &team, size_t count, int64_t elements, F f) {
  constexpr int64_t kLeast = 1 << 14; // of a part: some microseconds
  const uint64_t parts = !team.hasHelp() ? 1 : std::min<uint64_t>({count, count * elements / kLeast, Team::kMostParts});
  if (parts < 2)
    return f(size_t(0), count);
  std::atomic<bool> right{true};
  team.forParts(static_cast<unsigned>(parts), [&](unsigned part) {
    if (right.load(std::memory_order_relaxed) && !f(count * part / parts, count * (part + 1) / parts))
      right.store(false, std::memory_order_relaxed);
  });
  return right.load();
}

static int64_t elementsIn(const VectorShape &shape) {
  int64_t n = 1;
  for (int d = 0; d != shape.rank; ++d)
    n *= shape.extent[d];
  return n;
}

/// Runs a nest in blocks. `fabric(k, block's first column, row)` says where a
/// fabric operand's first word is; `fabricLanes` whether eight PEs have one
/// each there or all hear the same.
template <typename Fabric>
static bool runBlocks(Team &team, BlockMemory &memory, const Post &post, const VectorShape &shape,
                      const Indices &columns, const Indices &rows, uint8_t fabricLanes, Fabric fabric) {
  static const BlockRunner run = selectBlockRunner();
  BlockCall call;
  call.op = post.op;
  call.type = post.type;
  call.rank = shape.rank;
  call.iotaBase = static_cast<int32_t>(shape.at[1]);
  std::copy_n(shape.extent, 4, call.extent);
  uint32_t none[4][kLanes]; // registers' words are put together block by block
  uint32_t *data[4] = {};
  const uint16_t firstColumn = columns[0] / kLanes * kLanes;
  for (int k = 0; k != 4; ++k) {
    BlockOperand &operand = call.operand[k];
    std::copy_n(shape.stride[k], 4, operand.stride);
    switch (shape.mode[k]) {
    case Mode::None:
    case Mode::Iota:
      break;
    case Mode::Memory:
      data[k] = memory.at(firstColumn, rows[0], shape.at[k]);
      break;
    case Mode::ReadOnly:
      operand.lanes = 1;
      data[k] = memory.constant(shape.at[k]);
      break;
    case Mode::Register:
      operand.lanes = post.scalar[k].isUniform() ? 1 : kLanes;
      std::fill_n(operand.stride, 4, 0);
      data[k] = none[k];
      break;
    case Mode::Fabric:
      operand.lanes = k == 0 ? kLanes : fabricLanes;
      data[k] = fabric(k, firstColumn, rows[0]);
      break;
    }
    operand.data = data[k];
  }
  const BlockPlan plan = planBlock(call);
  std::vector<BlockLanes> blocks;
  forEachBlockOf({columns.begin(), columns.end()}, memory.width(), [&](const BlockLanes &of) { blocks.push_back(of); });
  const size_t across = blocks.size();
  return forRanges(team, rows.size() * across, elementsIn(shape) * kLanes, [&](size_t begin, size_t end) {
    uint32_t words[4][kLanes];
    uint32_t *at[4];
    for (int k = 0; k != 4; ++k) {
      at[k] = data[k];
      if (shape.mode[k] == Mode::Register) {
        at[k] = words[k];
        words[k][0] = post.scalar[k].isUniform() ? post.scalar[k].uniform() : 0;
      }
    }
    for (size_t i = begin; i != end; ++i) {
      const uint16_t y = rows[i / across];
      const BlockLanes &block = blocks[i % across];
      const uint16_t column = block.block * kLanes;
      for (int k = 0; k != 4; ++k) {
        if (shape.mode[k] == Mode::Memory) {
          at[k] = memory.block(block.block, y, shape.at[k]);
        } else if (shape.mode[k] == Mode::Fabric) {
          at[k] = fabric(k, column, y);
        } else if (shape.mode[k] == Mode::Register && !post.scalar[k].isUniform()) {
          for (int lane = 0; lane != kLanes; ++lane)
            words[k][lane] = block.lanes >> lane & 1 ? post.scalar[k].at(column + lane, y) : 0;
        }
      }
      if (run(plan, at, plan.traps ? block.lanes : block.stores) != KernelStatus::Done)
        return false;
    }
    return true;
  });
}

bool RegionRun::executeLocal(const Post &post, Team &team) {
  if (post.mode[0] == Mode::None)
    return true;
  return forShapes(post, post.set.columns, post.set.rows,
                   [&](const VectorShape &shape, const Indices &columns, const Indices &rows) {
                     return isEmpty(shape) || runBlocks(team, memory, post, shape, columns, rows, kLanes,
                                                        [](int, uint32_t, uint32_t) -> uint32_t * { return nullptr; });
                   });
}

/// Stores what falls into a window's box of wavelets [begin, begin + count) of its block; `from` says where the first
/// of them is, for a block's first column and a row.
template <typename From>
static void storeWindow(Team &team, BlockMemory &memory, const VectorShape &shape, int64_t begin, int64_t count,
                        const Indices &columns, const Indices &rows, int fabricLanes, From from) {
  static const BlockCopy copy = selectBlockCopy();
  const Window window(shape.rank, shape.extent, shape.block, shape.lower, shape.stride[0]);
  const int64_t elements = std::min<int64_t>(count, elementsIn(shape)) * columns.size();
  forRanges(team, rows.size(), elements, [&](size_t first, size_t last) {
    for (size_t i = first; i != last; ++i)
      forEachBlockOf({columns.begin(), columns.end()}, memory.width(), [&](const BlockLanes &of) {
        uint32_t *to = memory.block(of.block, rows[i], shape.at[0]);
        const uint32_t *words = from(of.block * kLanes, rows[i]);
        window.forEachRun(begin, count, [&](const WindowRun &run) {
          copy(to + run.offset * kLanes, run.stride * kLanes, words + run.from * fabricLanes, fabricLanes, fabricLanes,
               run.count, of.stores);
        });
      });
    return true;
  });
}

/// One PE's nest, with the scalar kernels: its words stand eight apart.
/// `fabric[k]`: the first word of an operand.
static bool runLane(BlockMemory &memory, KernelFunction kernels, const Post &post, const VectorShape &shape, uint32_t x,
                    uint32_t y, uint32_t *const *fabric) {
  KernelCall call;
  call.op = post.op;
  call.type = post.type;
  call.rank = shape.rank;
  call.iotaBase = static_cast<int32_t>(shape.at[1]);
  std::copy_n(shape.extent, 4, call.extent);
  uint32_t words[4];
  for (int k = 0; k != 4; ++k) {
    KernelOperand &operand = call.operand[k];
    std::copy_n(shape.stride[k], 4, operand.stride);
    switch (shape.mode[k]) {
    case Mode::None:
    case Mode::Iota:
      break;
    case Mode::Memory:
      if (!moveToLane(call, k, memory.at(x, y, shape.at[k])))
        return false;
      break;
    case Mode::ReadOnly:
      operand.data = memory.constant(shape.at[k]);
      break;
    case Mode::Register:
      words[k] = post.scalar[k].at(x, y);
      operand.data = &words[k];
      std::fill_n(operand.stride, 4, 0);
      break;
    case Mode::Fabric:
      operand.data = fabric[k];
      break;
    }
  }
  return kernels(call) == KernelStatus::Done;
}

bool RegionRun::executeSends(const Post &post, std::span<const Sent> all, Team &team) {
  for (const Sent &sent : all) {
    LaneWords &words = sent.train->words;
    const Indices here = Indices::of({uint16_t(sent.position)}, post.alongY ? height : width);
    const bool right =
        forShapes(post, post.alongY ? sent.lanes : here, post.alongY ? here : sent.lanes,
                  [&](const VectorShape &shape, const Indices &columns, const Indices &rows) {
                    if (isEmpty(shape))
                      return true;
                    if (post.alongY)
                      return runBlocks(team, memory, post, shape, columns, rows, kLanes,
                                       [&](int, uint32_t column, uint32_t) { return words.block(column); });
                    return forRanges(team, rows.size(), elementsIn(shape), [&](size_t begin, size_t end) {
                      for (size_t i = begin; i != end; ++i) {
                        uint32_t *fabric[4] = {words.lane(rows[i])};
                        if (!runLane(memory, engine.tables.kernels, post, shape, columns[0], rows[i], fabric))
                          return false;
                      }
                      return true;
                    });
                  });
    if (!right)
      return false;
  }
  return true;
}

/// Lanes that have the same of three numbers.
template <typename F>
static bool forSame(const Indices &lanes, const PerLane &a, const PerLane &b, const PerLane &c, F f) {
  if (a.isUniform() && b.isUniform() && c.isUniform())
    return f(lanes, a.uniform(), b.uniform(), c.uniform());
  std::vector<std::pair<std::array<int64_t, 3>, std::vector<uint16_t>>> groups;
  for (uint16_t lane : lanes) {
    const std::array<int64_t, 3> key{a[lane], b[lane], c[lane]};
    auto group = std::find_if(groups.rbegin(), groups.rend(), [&](auto &g) { return g.first == key; });
    if (group != groups.rend())
      group->second.push_back(lane);
    else
      groups.push_back({key, {lane}});
  }
  for (auto &[key, list] : groups)
    if (!f(Indices::of(std::move(list), lanes.extent()), key[0], key[1], key[2]))
      return false;
  return true;
}

namespace {
/// What a post has taken, by what it is of: positions that took the same piece of the same train, as all that hear a
/// cast do, are one group.
class TakenGroups {
public:
  void find(std::span<const Taken> all, bool alongY);
  size_t size() const { return first.size(); }
  /// The first of a group, and all of its positions.
  uint32_t firstOf(size_t group) const { return first[group]; }
  std::span<const uint16_t> positionsOf(size_t group) const {
    const uint32_t begin = group ? end[group - 1] : 0;
    return {positions.data() + begin, end[group] - begin};
  }

private:
  std::vector<uint32_t> first, end, groupOf, table; // groups by hash, those that others may be of
  std::vector<uint16_t> positions;                  // group after group
};
} // namespace

static bool mayBeShared(const Taken &taken) {
  return !taken.from && taken.offset.isUniform() && taken.begin.isUniform() && taken.count.isUniform();
}
static bool isSamePiece(const Taken &a, const Taken &b) {
  return a.train.get() == b.train.get() && a.offset.uniform() == b.offset.uniform() &&
         a.begin.uniform() == b.begin.uniform() && a.count.uniform() == b.count.uniform() && a.lanes == b.lanes;
}

void TakenGroups::find(std::span<const Taken> all, bool alongY) {
  first.clear();
  end.clear();
  groupOf.resize(all.size());
  table.assign(std::bit_ceil(2 * all.size() + 1), 0);
  for (uint32_t i = 0; i != all.size(); ++i) {
    const Taken &taken = all[i];
    uint32_t alone = 0, *group = &alone;
    if (!alongY && mayBeShared(taken)) {
      uint64_t hash = reinterpret_cast<uintptr_t>(taken.train.get());
      for (const PerLane *number : {&taken.offset, &taken.begin, &taken.count})
        hash = (std::rotl(hash, 29) ^ uint64_t(number->uniform())) * 0x9e3779b97f4a7c15u;
      size_t slot = hash >> 32;
      do
        group = &table[slot++ % table.size()];
      while (*group && !isSamePiece(all[first[*group - 1]], taken));
    }
    if (!*group) {
      first.push_back(i);
      end.push_back(0);
      *group = first.size();
    }
    groupOf[i] = *group - 1;
    ++end[groupOf[i]];
  }
  // Ends, then beginnings, then ends again as the groups fill.
  for (uint32_t begin = 0; uint32_t &size : end)
    begin += std::exchange(size, begin);
  positions.resize(all.size());
  for (uint32_t i = 0; i != all.size(); ++i)
    positions[end[groupOf[i]]++] = all[i].position;
  for (size_t group = 0, begin = 0; group != size(); begin = end[group++])
    std::sort(positions.begin() + begin, positions.begin() + end[group]);
}

/// Stores what the post has taken.
bool RegionRun::executeTaken(const Post &post, std::span<const Taken> all, Team &team) {
  TakenGroups local, *kept = perThread<TakenGroups>(), &groups = kept ? *kept : local;
  groups.find(all, post.alongY);
  bool right = true;
  for (size_t group = 0; right && group != groups.size(); ++group) {
    const Taken &taken = all[groups.firstOf(group)];
    const Indices here = Indices::of(groups.positionsOf(group), post.alongY ? height : width);
    LaneWords &words = taken.train->words;
    right =
        forSame(taken.lanes, taken.offset, taken.begin, taken.count,
                [&](const Indices &lanes, int64_t offset, int64_t begin, int64_t count) {
                  return forShapes(
                      post, post.alongY ? lanes : here, post.alongY ? here : lanes,
                      [&](const VectorShape &shape, const Indices &columns, const Indices &rows) {
                        auto wordsOf = [&](uint32_t column, uint32_t y, int64_t place) {
                          return post.alongY ? words.block(column) + (offset + place) * kLanes
                                             : words.lane(taken.from ? (*taken.from)[y] : y) + offset + place;
                        };
                        const int fabricLanes = post.alongY ? kLanes : 1;
                        if (post.window) {
                          storeWindow(team, memory, shape, begin, count, columns, rows, fabricLanes,
                                      [&](uint32_t column, uint32_t y) { return wordsOf(column, y, 0); });
                          return true;
                        }
                        return forParts(shape, begin, count, [&](const VectorShape &part, int64_t place) {
                          return runBlocks(team, memory, post, part, columns, rows, fabricLanes,
                                           [&](int, uint32_t column, uint32_t y) { return wordsOf(column, y, place); });
                        });
                      });
                });
  }
  return right;
}

bool RegionRun::executePassed(const Post &post, const Passed &passed, Team &team) {
  const auto &[position, lanes, begin, count, words] = passed;
  if (post.mode[0] == Mode::None)
    return true;
  const Indices here = Indices::of({uint16_t(position)}, post.alongY ? height : width);
  auto wordsOf = [&](int k, uint32_t lane) {
    const FabricWords &w = words[k];
    LaneWords &data = w.train->words;
    const uint32_t from = w.from ? (*w.from)[lane] : lane;
    return data.inBlocks() ? data.block(from) + w.offset[lane] * kLanes : data.lane(from) + w.offset[lane];
  };
  auto run = [&](const Indices &lanes, int64_t begin, int64_t count) {
    return forShapes(post, post.alongY ? lanes : here, post.alongY ? here : lanes,
                     [&](const VectorShape &shape, const Indices &columns, const Indices &rows) {
                       return forParts(shape, begin, count, [&](const VectorShape &part, int64_t place) {
                         if (post.alongY)
                           return runBlocks(
                               team, memory, post, part, columns, rows, kLanes, [&](int k, uint32_t column, uint32_t) {
                                 return wordsOf(k, std::max<uint32_t>(column, columns[0])) + place * kLanes;
                               });
                         return forRanges(team, rows.size(), elementsIn(part), [&](size_t first, size_t last) {
                           for (size_t i = first; i != last; ++i) {
                             uint32_t *fabric[4] = {};
                             for (int k = 0; k != 4; ++k)
                               if (post.mode[k] == Mode::Fabric)
                                 fabric[k] = wordsOf(k, rows[i]) + place;
                             if (!runLane(memory, engine.tables.kernels, post, part, columns[0], rows[i], fabric))
                               return false;
                           }
                           return true;
                         });
                       });
                     });
  };
  bool together = begin.isUniform() && count.isUniform();
  for (int k = 0; k != 4 && post.alongY; ++k)
    together &= post.mode[k] != Mode::Fabric || words[k].offset.isUniform();
  if (together)
    return run(lanes, begin.uniform(), count.uniform());
  if (!post.alongY)
    return forSame(lanes, begin, count, 0,
                   [&](const Indices &some, int64_t begin, int64_t count, int64_t) { return run(some, begin, count); });
  for (uint16_t lane : lanes) // blocks whose columns are at different places
    if (!run(Indices::of({lane}, lanes.extent()), begin[lane], count[lane]))
      return false;
  return true;
}
