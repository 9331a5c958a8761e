// libFuzzer's side of a mutator. Only builds with WAFER_FUZZ have it.
#ifndef WAFER_TEST_FUZZ_LIBFUZZER_H
#define WAFER_TEST_FUZZ_LIBFUZZER_H

#include <cstdint>
#include <cstring>
#include <string>

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace wafer::fuzz {

/// Changes bytes with libFuzzer's own mutations; `maxSize` is at least 1.
inline void mutateBytes(std::string &bytes, size_t maxSize) {
  size_t size = std::min(bytes.size(), maxSize);
  bytes.resize(maxSize);
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t *>(bytes.data()), size, maxSize));
}

/// Gives a mutated text back to libFuzzer.
inline size_t give(const std::string &text, uint8_t *data, size_t maxSize) {
  size_t size = std::min(text.size(), maxSize);
  if (size)
    std::memcpy(data, text.data(), size);
  return size;
}

} // namespace wafer::fuzz

#endif // WAFER_TEST_FUZZ_LIBFUZZER_H
