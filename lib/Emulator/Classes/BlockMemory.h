// The data memory of a region's PEs, in blocks of eight PEs along x: word after word, the eight PEs' side by side. A
// vector instruction is then SIMD over PEs, whatever its strides are. The checks are those of RegionMemory, for many
// PEs at once.
//
//   block (x / 8, y):   word 0 of PE x .. x + 7 | word 1 of PE x .. x + 7 | ...
//
// Which words hold something is known twice. Most words are written by all PEs of a region together: a bit for each
// word says that every PE has it. What only some have is in a byte for each block and word, a bit for each PE; it is
// looked at only where the first says no.
#ifndef WAFER_LIB_EMULATOR_CLASSES_BLOCKMEMORY_H
#define WAFER_LIB_EMULATOR_CLASSES_BLOCKMEMORY_H

#include "../Footprint.h"
#include "../Mapping.h"
#include "BlockKernels.h"

#include "wafer/Program/Verify.h"

#include <span>
#include <vector>

namespace wafer::emulator {

/// Each of some columns of a region in each of some rows; both ascend.
struct PeSpans {
  std::span<const uint16_t> columns, rows;
};

/// Columns that share a block.
struct BlockLanes {
  uint16_t block;
  uint8_t lanes;  // those that take part
  uint8_t stores; // with lanes past the region's edge: what an operation that cannot fail may write
};

/// Calls visit(BlockLanes) for the blocks of ascending columns of a region `width` PEs wide.
template <typename Visit> inline void forEachBlockOf(std::span<const uint16_t> columns, int width, Visit visit) {
  for (size_t i = 0; i != columns.size();) {
    BlockLanes of{uint16_t(columns[i] / kLanes), 0, 0};
    for (; i != columns.size() && columns[i] / kLanes == of.block; ++i)
      of.lanes |= 1u << columns[i] % kLanes;
    const int inside = width - of.block * kLanes;
    const bool full = inside >= kLanes ? of.lanes == kAllLanes : of.lanes == (1u << inside) - 1;
    of.stores = full ? kAllLanes : of.lanes;
    visit(of);
  }
}

/// The last check of one operand of an instruction. An equal one need not be made again: what a PE has it keeps until
/// the run ends.
struct AccessCache {
  uint64_t run = 0; // 0: empty
  Footprint words;
  bool readOnly = false;
  bool everyPe = false; // whichever PEs ask; else these
  std::vector<uint16_t> columns, rows;
};

class BlockMemory {
public:
  /// False if this host has no room. `readOnly` is code and constants; the region outlives the memory.
  bool open(const VerifiedRegion &region, int width, int height, std::span<const uint8_t> readOnly);

  /// Writes words of a PE's weight, from a word address on. Before the first run.
  void load(int x, int y, int64_t word, const uint32_t *from, int64_t count, int64_t stride);

  /// Begins a run: all but weights holds nothing.
  void forget();

  // Checks. Words are addressed as footprints count them. An access goes wholly to data or wholly to code and
  // constants.

  /// Within bounds, and every PE has every word; `readOnly` says which memory it is.
  bool readable(const PeSpans &pes, const Footprint &words, bool &readOnly, AccessCache *cache = nullptr);
  /// Within data, and no weight. From now on every PE has every word.
  bool writable(const PeSpans &pes, const Footprint &words, AccessCache *cache = nullptr);

  /// One PE's word, for a scalar instruction: null if it may not be read, or not be written.
  const uint32_t *wordToRead(int x, int y, int64_t word) const;
  uint32_t *wordToWrite(int x, int y, int64_t word);

  // Where words are. The word may lie outside, if only what is accessed from there is inside.

  /// A word of eight PEs; the next word is kLanes further on.
  uint32_t *block(int blockX, int y, int64_t word) const {
    return offset(data.get(), (int64_t(y) * blocksAcross + blockX) * blockWords + (word - dataBegin) * kLanes);
  }
  uint32_t *at(int x, int y, int64_t word) const { return block(x / kLanes, y, word) + x % kLanes; }
  /// A word of code or constants, the same for all PEs.
  uint32_t *constant(int64_t word) const { return offset(constants.get(), word); }

  int width() const { return columnCount; }
  int height() const { return rowCount; }
  int blocks() const { return blocksAcross; } // in a row

private:
  static uint32_t *offset(void *base, int64_t words) {
    return reinterpret_cast<uint32_t *>(reinterpret_cast<uintptr_t>(base) + words * 4);
  }
  size_t blockIndex(int blockX, int y) const { return size_t(y) * blocksAcross + blockX; }
  /// The lanes that have each word.
  uint8_t *lanesOf(size_t index) const { return static_cast<uint8_t *>(lanes.get()) + index * dataWords; }
  uint8_t lanesInside(int blockX) const { return (1u << std::min(kLanes, columnCount - blockX * kLanes)) - 1; }
  bool isWhole(const PeSpans &pes) const {
    return pes.columns.size() == size_t(columnCount) && pes.rows.size() == size_t(rowCount);
  }
  bool isInData(const Footprint &words) const { return words.low >= dataBegin && words.high < dataBegin + dataWords; }
  bool everyPeHas(const Footprint &words) const;
  bool haveAll(size_t block, uint8_t who, const Footprint &words) const;
  bool meetsWeights(const Footprint &words) const;
  void giveEveryPe(const Footprint &words);
  void give(size_t block, uint8_t who, const Footprint &words);
  void keepWeights();

  const VerifiedRegion *region = nullptr;
  int columnCount = 0, rowCount = 0, blocksAcross = 0;
  int64_t dataBegin = 0, dataWords = 0, readOnlyWords = 0;
  int64_t blockWords = 0; // from block to block
  Mapping constants, data, lanes;
  std::vector<uint64_t> everyPe;         // words that all PEs have
  std::vector<uint64_t> everyPesWeights; // those at the start of a run
  struct Range {
    int64_t low = INT64_MAX, high = -1;
  };
  std::vector<Range> given; // words of a block that lanes have been given in this run
  uint64_t run = 0;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_BLOCKMEMORY_H
