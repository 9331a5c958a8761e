// Checks of option values that the tools share. CLI11's own accept -1 and too large numbers for unsigned ones, and say
// limits of types in three hundred digits.
#ifndef WAFER_TOOLS_OPTIONS_H
#define WAFER_TOOLS_OPTIONS_H

#include <CLI/CLI.hpp>

#include <charconv>

namespace wafer {

/// A whole number from `least` on that 64 bits hold.
inline CLI::Validator wholeNumber(uint64_t least = 0) {
  return CLI::Validator(
      [least](std::string &text) -> std::string {
        uint64_t value = 0;
        auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (code == std::errc() && end == text.data() + text.size() && value >= least)
          return "";
        return "'" + text + "' is not a whole number" + (least ? " from " + std::to_string(least) + " on" : "");
      },
      "");
}

} // namespace wafer

#endif // WAFER_TOOLS_OPTIONS_H
