#include "Memory.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::reference;

static std::string byteOf(int64_t word) { return "byte " + std::to_string(4 * word); }

Memory::Memory(const VerifiedRegion &region, std::span<const uint32_t> readOnly)
    : region(region), readOnly(readOnly), data(region.dataEnd / 4), written(region.dataEnd / 4) {}

Status Memory::checkHeld(int64_t word, bool write) const {
  if (!readBy.empty() && (writtenBy[word] || (write && readBy[word])))
    return Diagnostic{ErrorCode::ProgramRace,
                      std::string(write ? "writes " : "reads ") + byteOf(word) + ", which a thread uses",
                      "wait for the thread first"};
  return Status::ok();
}

Status Memory::checkRead(const std::vector<int64_t> &touched) const {
  if (std::ranges::all_of(touched, [&](int64_t word) { return isReadOnly(word); }))
    return Status::ok();
  for (int64_t word : touched)
    if (!isData(word))
      return Diagnostic{ErrorCode::ProgramBounds, "reads " + byteOf(word), ""};
  for (int64_t word : touched)
    if (!written[word])
      return Diagnostic{ErrorCode::ProgramUninitialised, "reads " + byteOf(word) + ", which nothing wrote", ""};
  for (int64_t word : touched)
    if (Status status = checkHeld(word, false); !status)
      return status;
  return Status::ok();
}

Status Memory::checkWrite(const std::vector<int64_t> &touched) {
  const int64_t lowest = *std::ranges::min_element(touched);
  for (int64_t word : touched)
    if (!isData(word))
      return Diagnostic{isReadOnly(lowest) ? ErrorCode::ProgramReadOnly : ErrorCode::ProgramBounds,
                        "writes " + byteOf(word), ""};
  for (int64_t word : touched)
    for (const std::array<uint32_t, 2> &range : region.weightRanges)
      if (4 * word >= range[0] && 4 * word < range[1])
        return Diagnostic{ErrorCode::ProgramReadOnly, "writes the weight at " + byteOf(word), ""};
  for (int64_t word : touched)
    if (Status status = checkHeld(word, true); !status)
      return status;
  for (int64_t word : touched)
    written[word] = true;
  return Status::ok();
}

void Memory::hold(unsigned thread, bool write, const std::vector<int64_t> &touched) {
  readBy.resize(data.size());
  writtenBy.resize(data.size());
  for (int64_t word : touched)
    if (!isReadOnly(word))
      (write ? writtenBy : readBy)[word] |= 1 << thread;
}

void Memory::release(unsigned thread) {
  for (std::vector<uint8_t> *threads : {&readBy, &writtenBy})
    for (uint8_t &held : *threads)
      held &= ~(1 << thread);
}
