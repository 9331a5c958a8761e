// Mutates JSON texts by their structure.
#ifndef WAFER_TEST_FUZZ_JSONMUTATOR_H
#define WAFER_TEST_FUZZ_JSONMUTATOR_H

#include "Random.h"

#include <string>

namespace wafer::fuzz {

/// Changes one value, member or element. False, and nothing changed, if the text is no JSON.
bool mutateJson(std::string &text, size_t maxSize, Random &random);

} // namespace wafer::fuzz

#endif // WAFER_TEST_FUZZ_JSONMUTATOR_H
