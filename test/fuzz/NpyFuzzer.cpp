// Bytes of a .npy file. What is read is written again, and that reads the same.
#include "Fuzz.h"

#include "wafer/Support/Npy.h"

using namespace wafer;
using namespace wafer::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TimeLimit limit;
  Result<HostTensor> tensor = parseNpy({data, size}, "input");
  if (!tensor) {
    requireCoded(tensor.error());
    return 0;
  }
  require(tensor->bytes.size() == tensor->elements() * elementBytes(tensor->type), "a tensor has its shape's bytes");
  Result<HostTensor> again = parseNpy(npyBytes(*tensor), "again");
  require(bool(again), "what was read can be written");
  require(again->type == tensor->type && again->shape == tensor->shape && again->bytes == tensor->bytes,
          "what was written reads the same");
  return 0;
}
