// NumPy's .npy files: floats and integers of 8 to 64 bits, bool, and bfloat16 as ml_dtypes saves it; C order,
// little-endian.
#ifndef WAFER_SUPPORT_NPY_H
#define WAFER_SUPPORT_NPY_H

#include "wafer/Support/Diagnostic.h"
#include "wafer/Support/Tensor.h"

#include <span>
#include <string>
#include <vector>

namespace wafer {

/// Versions 1 and 2 of the format. Every size is checked against the bytes that are there.
Result<HostTensor> readNpy(const std::string &path);
/// `name` stands in error messages.
Result<HostTensor> parseNpy(std::span<const uint8_t> bytes, const std::string &name);

Status writeNpy(const std::string &path, const HostTensor &tensor);
std::vector<uint8_t> npyBytes(const HostTensor &tensor);

} // namespace wafer

#endif // WAFER_SUPPORT_NPY_H
