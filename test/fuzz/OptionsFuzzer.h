// What the options' target tells its mutator.
#ifndef WAFER_TEST_FUZZ_OPTIONSFUZZER_H
#define WAFER_TEST_FUZZ_OPTIONSFUZZER_H

#include <string>

namespace wafer::fuzz {

/// What `tool` --help prints; tools are "run" and "compile".
std::string helpOf(const std::string &tool);

} // namespace wafer::fuzz

#endif // WAFER_TEST_FUZZ_OPTIONSFUZZER_H
