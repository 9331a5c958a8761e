// Mutates messages in protobuf's wire format without knowing their schema: what parses as a message is one. So lengths
// stay right, and whole fields are changed, dropped, doubled, and moved between messages.
#ifndef WAFER_TEST_FUZZ_WIREMUTATOR_H
#define WAFER_TEST_FUZZ_WIREMUTATOR_H

#include "Random.h"

#include <cstdint>
#include <functional>
#include <string>

namespace wafer::fuzz {

/// Changes a text in place; the result has at most `room` bytes.
using MutateBytes = std::function<void(std::string &bytes, size_t room)>;

/// Changes one thing in `message`. False, and nothing changed, if it does not parse.
bool mutateWire(std::string &message, size_t maxSize, Random &random, const MutateBytes &mutateBytes);

/// Puts a field of `donor` into `message`, in place of a field of the same number or beside it.
bool crossWire(std::string &message, const std::string &donor, size_t maxSize, Random &random);

} // namespace wafer::fuzz

#endif // WAFER_TEST_FUZZ_WIREMUTATOR_H
