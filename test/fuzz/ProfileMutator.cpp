// Mutates profiles as JSON, now and then as bytes.
#include "JsonMutator.h"
#include "LibFuzzer.h"

using namespace wafer::fuzz;

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned int seed) {
  Random random(seed);
  std::string text(reinterpret_cast<const char *>(data), size);
  if (random.oneIn(8) || !mutateJson(text, maxSize, random))
    return LLVMFuzzerMutate(data, size, maxSize);
  return give(text, data, maxSize);
}
