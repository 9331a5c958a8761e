#include "Memory.h"

#include <algorithm>
#include <cstring>

using namespace wafer;
using namespace wafer::emulator;

bool RegionMemory::open(const VerifiedRegion &verified, uint32_t count, std::span<const uint8_t> readOnly) {
  region = &verified;
  cores = count;
  if (!constants.open(readOnly.size()) || !openData(verified.declaredBegin / 4, verified.declaredEnd / 4))
    return false;
  if (!readOnly.empty())
    std::memcpy(constants.get(), readOnly.data(), readOnly.size());
  constants.protect();
  return true;
}

bool RegionMemory::openData(int64_t begin, int64_t end) {
  constexpr uint32_t kLine = 16; // cores with more data begin at cache lines
  first = begin;
  dataWords = end - begin;
  dataStride = dataWords < kLine ? dataWords : (dataWords + kLine - 1) / kLine * kLine;
  bitWords = (dataWords + 63) / 64;
  data = Mapping(), initialised = Mapping();
  return data.open(uint64_t(cores) * dataStride * 4) && initialised.open(uint64_t(cores) * bitWords * 8);
}

bool RegionMemory::grow() {
  RegionMemory larger;
  larger.region = region, larger.cores = cores;
  if (!larger.openData(region->dataBegin / 4, region->dataEnd / 4))
    return false;
  const int64_t shift = first - larger.first;
  for (uint32_t core = 0; core != cores; ++core) {
    const uint64_t *bits = bitsOf(core);
    for (int64_t at = 0, end; at < dataWords && (at = firstSet(bits, at, dataWords - at)) >= 0; at = end) {
      end = firstClear(bits, at, dataWords - at);
      end = end < 0 ? dataWords : end;
      std::memcpy(larger.dataOf(core) + shift + at, dataOf(core) + at, (end - at) * 4);
      setBits(larger.bitsOf(core), shift + at, end - at);
    }
  }
  larger.constants = std::move(constants);
  *this = std::move(larger);
  return true;
}

void RegionMemory::load(uint32_t core, int64_t word, const uint32_t *from, int64_t count, int64_t stride) {
  word -= first;
  uint32_t *to = dataOf(core) + word;
  uint64_t *bits = bitsOf(core);
  if (stride == 1) {
    std::memcpy(to, from, count * 4);
    setBits(bits, word, count);
    return;
  }
  for (int64_t k = 0; k != count; ++k) {
    to[k * stride] = from[k];
    setBits(bits, word + k * stride, 1);
  }
}

void RegionMemory::forget() {
  for (uint32_t core = 0; core != cores; ++core) {
    uint64_t *bits = bitsOf(core);
    int64_t at = 0;
    for (const std::array<uint32_t, 2> &range : region->weightRanges) {
      clearBits(bits, at, range[0] / 4 - first - at);
      at = range[1] / 4 - first;
    }
    clearBits(bits, at, dataWords - at);
  }
}

static std::string bytesOf(const Footprint &words) {
  return "bytes " + std::to_string(4 * words.low) + " to " + std::to_string(4 * words.high + 4);
}

static std::string dataBytes(const VerifiedRegion &region) {
  return "data is " + std::to_string(region.dataBegin) + " to " + std::to_string(region.dataEnd);
}

Status RegionMemory::checkRead(uint32_t core, const Footprint &words, bool &readOnly) const {
  const int64_t begin = region->dataBegin / 4, end = region->dataEnd / 4;
  readOnly = words.low >= 0 && words.high < int64_t(region->readOnlyBytes) / 4;
  if (readOnly)
    return Status::ok();
  if (words.low < begin || words.high >= end)
    return Diagnostic{ErrorCode::ProgramBounds,
                      "reads " + bytesOf(words) + "; code and constants end at " +
                          std::to_string(region->readOnlyBytes) + ", " + dataBytes(*region),
                      ""};
  const uint64_t *bits = bitsOf(core);
  int64_t bad = -1;
  words.forEachRun([&](int64_t word, int64_t count) {
    if (word < first || word >= first + dataWords) {
      bad = word;
      return false;
    }
    bad = firstClear(bits, word - first, std::min<int64_t>(count, first + dataWords - word));
    if (bad >= 0)
      bad += first;
    else if (word + count > first + dataWords)
      bad = first + dataWords;
    return bad < 0;
  });
  if (bad >= 0)
    return Diagnostic{ErrorCode::ProgramUninitialised,
                      "reads the word at byte " + std::to_string(4 * bad) + ", which nothing wrote", ""};
  return Status::ok();
}

Status RegionMemory::checkWrite(const Footprint &words) const {
  if (words.low < int64_t(region->dataBegin) / 4 || words.high >= int64_t(region->dataEnd) / 4) {
    bool readOnly = words.low >= 0 && words.low < int64_t(region->readOnlyBytes) / 4;
    return Diagnostic{readOnly ? ErrorCode::ProgramReadOnly : ErrorCode::ProgramBounds,
                      "writes " + bytesOf(words) + "; " + dataBytes(*region), ""};
  }
  for (const std::array<uint32_t, 2> &range : region->weightRanges) {
    if (4 * words.high < int64_t(range[0]) || 4 * words.low >= int64_t(range[1]))
      continue;
    bool clear = words.forEachRun([&](int64_t word, int64_t count) {
      return 4 * (word + count) <= int64_t(range[0]) || 4 * word >= int64_t(range[1]);
    });
    if (!clear)
      return Diagnostic{
          ErrorCode::ProgramReadOnly,
          "writes to weights, which are bytes " + std::to_string(range[0]) + " to " + std::to_string(range[1]), ""};
  }
  return Status::ok();
}

void RegionMemory::markWritten(uint32_t core, const Footprint &words) {
  uint64_t *bits = bitsOf(core);
  words.forEachRun([&](int64_t word, int64_t count) {
    setBits(bits, word - first, count);
    return true;
  });
}

uint32_t *RegionMemory::at(uint32_t core, uint32_t byteAddress, bool readOnly) const {
  // The base may lie outside the words that the footprint touches (negative strides): integer arithmetic.
  auto offset = [](const void *base, int64_t bytes) {
    return reinterpret_cast<uint32_t *>(reinterpret_cast<uintptr_t>(base) + bytes);
  };
  return readOnly ? offset(constants.get(), byteAddress) : offset(dataOf(core), int64_t(byteAddress) - 4 * first);
}

uint32_t RegionMemory::addressOf(uint32_t core, const uint32_t *word) const {
  return static_cast<uint32_t>(reinterpret_cast<intptr_t>(word) - reinterpret_cast<intptr_t>(dataOf(core)) + 4 * first);
}

Status AsyncAccesses::check(const Footprint &words, bool write) const {
  for (const Access &access : accesses)
    if ((write || access.write) && access.words.meets(words))
      return Diagnostic{ErrorCode::ProgramRace,
                        std::string(write ? "writes" : "reads") + " memory that the instruction on thread " +
                            std::to_string(access.thread) + (access.write ? " writes" : " reads"),
                        "wait for the thread first"};
  return Status::ok();
}
