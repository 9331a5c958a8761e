// Standard input and output, whole, as the file name "-" asks for them.
#ifndef WAFER_SUPPORT_STANDARDSTREAMS_H
#define WAFER_SUPPORT_STANDARDSTREAMS_H

#include "wafer/Support/Diagnostic.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace wafer {

/// To the end.
Result<std::vector<uint8_t>> readStandardInput();
/// All of it; what C's streams have buffered goes first.
Status writeStandardOutput(std::string_view bytes);

} // namespace wafer

#endif // WAFER_SUPPORT_STANDARDSTREAMS_H
