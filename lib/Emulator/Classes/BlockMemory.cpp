#include "BlockMemory.h"

#include <cstring>

using namespace wafer;
using namespace wafer::emulator;

/// Up to here pages are huge. Beyond, what they touch in vain matters: a PE often uses a third of its memory, in
/// pieces.
static constexpr size_t kHugePages = size_t(256) << 20;

bool BlockMemory::open(const VerifiedRegion &verified, int width, int height, std::span<const uint8_t> readOnly) {
  region = &verified;
  columnCount = width, rowCount = height;
  blocksAcross = (width + kLanes - 1) / kLanes;
  dataBegin = verified.dataBegin / 4;
  dataWords = (verified.dataEnd - verified.dataBegin) / 4;
  readOnlyWords = verified.readOnlyBytes / 4;
  blockWords = (dataWords + 1) / 2 * 2 * kLanes; // blocks begin at cache lines
  const size_t count = size_t(blocksAcross) * rowCount;
  if (!constants.open(readOnly.size()) || !data.open(count * blockWords * 4) || !lanes.open(count * dataWords))
    return false;
  if (data.size() <= kHugePages)
    data.preferHugePages();
  if (!readOnly.empty())
    std::memcpy(constants.get(), readOnly.data(), readOnly.size());
  constants.protect();
  everyPe.assign((dataWords + 63) / 64, 0);
  given.assign(count, {});
  return true;
}

void BlockMemory::load(int x, int y, int64_t word, const uint32_t *from, int64_t count, int64_t stride) {
  uint32_t *to = at(x, y, word);
  uint8_t *have = lanesOf(blockIndex(x / kLanes, y)) + (word - dataBegin);
  for (int64_t k = 0; k != count; ++k) {
    to[k * stride * kLanes] = from[k];
    have[k * stride] |= 1u << x % kLanes;
  }
}

/// Finds the weights that all PEs have.
void BlockMemory::keepWeights() {
  everyPesWeights.assign(everyPe.size(), 0);
  for (auto [beginByte, endByte] : region->weightRanges) {
    const int64_t begin = beginByte / 4 - dataBegin, count = (endByte - beginByte) / 4;
    std::vector<uint8_t> missing(count, 0);
    for (int y = 0; y != rowCount; ++y)
      for (int blockX = 0; blockX != blocksAcross; ++blockX) {
        const uint8_t inside = lanesInside(blockX), *have = lanesOf(blockIndex(blockX, y)) + begin;
        for (int64_t i = 0; i != count; ++i)
          missing[i] |= inside & ~have[i];
      }
    for (int64_t i = 0; i != count; ++i)
      if (!missing[i])
        setBits(everyPesWeights.data(), begin + i, 1);
  }
}

void BlockMemory::forget() {
  if (!run++)
    keepWeights();
  everyPe = everyPesWeights;
  for (size_t block = 0; block != given.size(); ++block) {
    Range &range = given[block];
    uint8_t *have = lanesOf(block);
    int64_t from = range.low;
    auto clear = [&](int64_t to) {
      if (from < to)
        std::memset(have + from, 0, to - from);
    };
    for (auto [begin, end] : region->weightRanges) {
      clear(std::min(range.high + 1, int64_t(begin) / 4 - dataBegin));
      from = std::max(from, int64_t(end) / 4 - dataBegin);
    }
    clear(range.high + 1);
    range = {};
  }
}

//===- Who has which words ------------------------------------------------===//

bool BlockMemory::everyPeHas(const Footprint &words) const {
  return words.forEachRun(
      [&](int64_t word, int64_t count) { return firstClear(everyPe.data(), word - dataBegin, count) < 0; });
}

bool BlockMemory::haveAll(size_t block, uint8_t who, const Footprint &words) const {
  const uint8_t *have = lanesOf(block);
  return words.forEachRun([&](int64_t word, int64_t count) {
    const int64_t from = word - dataBegin;
    uint8_t missing = 0;
    for (int64_t i = from; i != from + count; ++i)
      missing |= who & ~have[i];
    if (!missing)
      return true;
    for (int64_t i = from; i != from + count; ++i)
      if ((who & ~have[i]) && firstClear(everyPe.data(), i, 1) >= 0)
        return false;
    return true;
  });
}

void BlockMemory::giveEveryPe(const Footprint &words) {
  words.forEachRun([&](int64_t word, int64_t count) {
    setBits(everyPe.data(), word - dataBegin, count);
    return true;
  });
}

void BlockMemory::give(size_t block, uint8_t who, const Footprint &words) {
  uint8_t *have = lanesOf(block);
  given[block].low = std::min(given[block].low, words.low - dataBegin);
  given[block].high = std::max(given[block].high, words.high - dataBegin);
  words.forEachRun([&](int64_t word, int64_t count) {
    for (int64_t i = word - dataBegin, end = i + count; i != end; ++i)
      have[i] |= who;
    return true;
  });
}

bool BlockMemory::meetsWeights(const Footprint &words) const {
  for (auto [begin, end] : region->weightRanges) {
    const int64_t first = begin / 4, last = int64_t(end) / 4 - 1;
    if (words.high < first || words.low > last)
      continue;
    if (!words.forEachRun([&](int64_t word, int64_t count) { return word + count <= first || word > last; }))
      return true;
  }
  return false;
}

//===- Checks -------------------------------------------------------------===//

static bool isKnown(const PeSpans &pes, const Footprint &words, const AccessCache *cache, uint64_t run) {
  return cache && cache->run == run && cache->words == words &&
         (cache->everyPe ||
          (std::equal(pes.columns.begin(), pes.columns.end(), cache->columns.begin(), cache->columns.end()) &&
           std::equal(pes.rows.begin(), pes.rows.end(), cache->rows.begin(), cache->rows.end())));
}

static void remember(const PeSpans &pes, const Footprint &words, bool readOnly, bool everyPe, AccessCache *cache,
                     uint64_t run) {
  if (!cache)
    return;
  cache->run = run;
  cache->words = words;
  cache->readOnly = readOnly;
  cache->everyPe = everyPe;
  if (!everyPe) {
    cache->columns.assign(pes.columns.begin(), pes.columns.end());
    cache->rows.assign(pes.rows.begin(), pes.rows.end());
  }
}

bool BlockMemory::readable(const PeSpans &pes, const Footprint &words, bool &readOnly, AccessCache *cache) {
  if (isKnown(pes, words, cache, run)) {
    readOnly = cache->readOnly;
    return true;
  }
  readOnly = words.low >= 0 && words.high < readOnlyWords;
  bool all = readOnly;
  if (!readOnly) {
    if (!isInData(words))
      return false;
    all = everyPeHas(words);
  }
  if (!all) {
    bool good = true;
    for (uint16_t y : pes.rows)
      forEachBlockOf(pes.columns, columnCount,
                     [&](BlockLanes of) { good = good && haveAll(blockIndex(of.block, y), of.lanes, words); });
    if (!good)
      return false;
    all = isWhole(pes);
    if (all)
      giveEveryPe(words);
  }
  remember(pes, words, readOnly, all, cache, run);
  return true;
}

bool BlockMemory::writable(const PeSpans &pes, const Footprint &words, AccessCache *cache) {
  if (isKnown(pes, words, cache, run))
    return true;
  if (!isInData(words) || meetsWeights(words))
    return false;
  bool all = isWhole(pes);
  if (all)
    giveEveryPe(words);
  else
    all = everyPeHas(words);
  if (!all)
    for (uint16_t y : pes.rows)
      forEachBlockOf(pes.columns, columnCount, [&](BlockLanes of) { give(blockIndex(of.block, y), of.lanes, words); });
  remember(pes, words, /*readOnly=*/false, all, cache, run);
  return true;
}

const uint32_t *BlockMemory::wordToRead(int x, int y, int64_t word) const {
  if (word >= 0 && word < readOnlyWords)
    return constant(word);
  const Footprint one(word);
  if (!isInData(one) || !haveAll(blockIndex(x / kLanes, y), 1u << x % kLanes, one))
    return nullptr;
  return at(x, y, word);
}

uint32_t *BlockMemory::wordToWrite(int x, int y, int64_t word) {
  const Footprint one(word);
  if (!isInData(one) || meetsWeights(one))
    return nullptr;
  give(blockIndex(x / kLanes, y), 1u << x % kLanes, one);
  return at(x, y, word);
}
