// A core's memory, word by word, and what an access may not do: "Memory" and "Cores" of docs/machine.md.
#ifndef WAFER_LIB_REFERENCE_MEMORY_H
#define WAFER_LIB_REFERENCE_MEMORY_H

#include "wafer/Program/Verify.h"

#include <span>
#include <vector>

namespace wafer::reference {

class Memory {
public:
  /// `readOnly` is the region's code and constants; it and the region outlive the memory.
  Memory(const VerifiedRegion &region, std::span<const uint32_t> readOnly);

  /// A word of a weight.
  void load(int64_t word, uint32_t value) { data.at(word) = value, written[word] = true; }

  /// May an instruction read (write) all these words? From a check for writing on they count as written.
  Status checkRead(const std::vector<int64_t> &touched) const;
  Status checkWrite(const std::vector<int64_t> &touched);

  /// From now until release(), an instruction on this thread reads or writes these words.
  void hold(unsigned thread, bool write, const std::vector<int64_t> &touched);
  void release(unsigned thread);

  int64_t size() const { return int64_t(data.size()); }
  uint32_t read(int64_t word) const { return isReadOnly(word) ? readOnly[word] : data[word]; }
  void write(int64_t word, uint32_t value) { data[word] = value; }

private:
  bool isReadOnly(int64_t word) const { return word >= 0 && word < int64_t(readOnly.size()); }
  bool isData(int64_t word) const { return word >= region.dataBegin / 4 && word < region.dataEnd / 4; }
  Status checkHeld(int64_t word, bool write) const;

  const VerifiedRegion &region;
  std::span<const uint32_t> readOnly;
  std::vector<uint32_t> data;
  std::vector<bool> written;
  std::vector<uint8_t> readBy, writtenBy; // threads, as bits; empty while none holds anything
};

} // namespace wafer::reference

#endif // WAFER_LIB_REFERENCE_MEMORY_H
