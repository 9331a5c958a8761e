// What a host port carries, word by word.
#ifndef WAFER_LIB_EMULATOR_HOSTWORDS_H
#define WAFER_LIB_EMULATOR_HOSTWORDS_H

#include "wafer/Program/Box.h"
#include "wafer/Program/Verify.h"

#include <vector>

namespace wafer::emulator {

/// Of one stream after the other the boxes of its senders, row-major. `wordsOf(part)` is the part's tensor, row-major.
template <typename F>
std::vector<uint32_t> wordsOfPort(const VerifiedProgram &program, const HostPort &port, F wordsOf) {
  std::vector<uint32_t> words;
  words.reserve(port.words);
  for (const HostPart &part : port.parts) {
    const image::HostStream &stream = program.image.manifest().streams(static_cast<int>(part.stream));
    const std::vector<uint32_t> &from = wordsOf(part);
    for (uint32_t x = 0; x != stream.senders(); ++x)
      placeBox(stream.box(), x, part.row).forEachRow([&](int64_t element, int64_t, int64_t n, int64_t) {
        words.insert(words.end(), from.begin() + element, from.begin() + element + n);
      });
  }
  return words;
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_HOSTWORDS_H
