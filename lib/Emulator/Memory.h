// The memory of a region's cores, and what an access may not do: leave its bounds, read what nothing wrote, write what
// is read-only, meet an asynchronous instruction.
#ifndef WAFER_LIB_EMULATOR_MEMORY_H
#define WAFER_LIB_EMULATOR_MEMORY_H

#include "Footprint.h"
#include "Mapping.h"

#include "wafer/Program/Verify.h"
#include "wafer/Support/Diagnostic.h"

#include <span>
#include <vector>

namespace wafer::emulator {

/// One lazily touched mapping holds the data of all cores, each as much as the image declares: a few words of a million
/// cores are a few pages. A program that writes elsewhere may; then each core gets all of its memory. Code and
/// constants exist once, write-protected. Words are 32 bits; addresses in footprints count words, others bytes.
class RegionMemory {
public:
  /// False if this host has no room. `readOnly` is code and constants; the region outlives the memory.
  bool open(const VerifiedRegion &region, uint32_t cores, std::span<const uint8_t> readOnly);

  /// Writes words of a weight, from a word address on.
  void load(uint32_t core, int64_t word, const uint32_t *from, int64_t count, int64_t stride);

  /// All but weights holds nothing again.
  void forget();

  // Errors say what is wrong with an access; the core and the node are the caller's to say.

  /// Data and the read-only part may be read; `readOnly` says which it is.
  Status checkRead(uint32_t core, const Footprint &words, bool &readOnly) const;
  Status checkWrite(const Footprint &words) const;
  /// From now on these words, for which there is room, may be read.
  void markWritten(uint32_t core, const Footprint &words);

  /// There is room for words that may be written.
  bool holds(const Footprint &words) const { return words.low >= first && words.high < first + dataWords; }
  /// Makes room for all that may be written; false if this host has none. What at() found moves: addressOf() knows it
  /// before.
  bool grow();
  uint32_t addressOf(uint32_t core, const uint32_t *data) const;

  /// Where a checked access finds an address. The address itself may be outside, if only its footprint is inside.
  uint32_t *at(uint32_t core, uint32_t byteAddress, bool readOnly) const;

private:
  /// Room for words [begin, end) of each core.
  bool openData(int64_t begin, int64_t end);
  uint32_t *dataOf(uint32_t core) const { return static_cast<uint32_t *>(data.get()) + uint64_t(core) * dataStride; }
  uint64_t *bitsOf(uint32_t core) const {
    return static_cast<uint64_t *>(initialised.get()) + uint64_t(core) * bitWords;
  }

  const VerifiedRegion *region = nullptr;
  uint32_t cores = 0;
  Mapping constants; // code, too
  Mapping data, initialised;
  int64_t first = 0;                                    // word that a core's data begins with
  uint32_t dataWords = 0, dataStride = 0, bitWords = 0; // of a core
};

/// What the asynchronous instructions of a core have in hand: each owns what it writes, and keeps others from writing
/// what it reads, until the core waits for its thread. Whether it still runs does not matter: that would depend on
/// time.
class AsyncAccesses {
public:
  void add(uint8_t thread, bool write, const Footprint &words) { accesses.push_back({thread, write, words}); }
  void add(const AsyncAccesses &more) { accesses.insert(accesses.end(), more.accesses.begin(), more.accesses.end()); }
  void release(uint8_t thread) {
    std::erase_if(accesses, [&](const Access &access) { return access.thread == thread; });
  }
  Status check(const Footprint &words, bool write) const;

private:
  struct Access {
    uint8_t thread;
    bool write;
    Footprint words;
  };
  std::vector<Access> accesses;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_MEMORY_H
