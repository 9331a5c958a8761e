// Mutates models as graphs, as messages of the wire format, and as bytes.
#include "GraphMutator.h"
#include "LibFuzzer.h"
#include "WireMutator.h"

using namespace wafer::fuzz;

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned int seed) {
  Random random(seed);
  std::string text(reinterpret_cast<const char *>(data), size);
  if (!random.oneIn(5)) {
    ::onnx::ModelProto model;
    if (model.ParseFromString(text)) {
      for (size_t changes = 1 + random.below(3); changes; --changes)
        mutateModel(model, random);
      std::string result = model.SerializeAsString();
      if (!result.empty() && result.size() <= maxSize)
        return give(result, data, maxSize);
    }
  }
  if (random.oneIn(6) || !mutateWire(text, maxSize, random, mutateBytes))
    return LLVMFuzzerMutate(data, size, maxSize);
  return give(text, data, maxSize);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
                                            uint8_t *out, size_t maxSize, unsigned int seed) {
  Random random(seed);
  std::string text(reinterpret_cast<const char *>(data1), size1);
  if (!crossWire(text, std::string(reinterpret_cast<const char *>(data2), size2), maxSize, random))
    return 0;
  return give(text, out, maxSize);
}
