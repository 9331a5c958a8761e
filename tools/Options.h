// Options, and checks of their values, that the tools share. CLI11's own checks accept -1 and too large numbers for
// unsigned ones, and say limits of types in three hundred digits.
#ifndef WAFER_TOOLS_OPTIONS_H
#define WAFER_TOOLS_OPTIONS_H

#include "wafer/Support/ErrorTexts.h"

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

/// `--explain WF2001` says what docs/errors.md does, like --help: nothing else is looked at.
inline void addExplainOption(CLI::App &app) {
  app.add_option_function<std::string>(
         "--explain",
         [](const std::string &code) {
           std::optional<std::string> text = explainError(code);
           if (!text)
             throw CLI::ValidationError("--explain", "'" + code + "' is no error code; they are of the form WF2001");
           text->pop_back(); // the line's end, which CLI11 adds
           throw CLI::CallForVersion(*text, 0);
         },
         "say what an error code means and what to do about it (docs/errors.md)")
      ->option_text("CODE")
      ->trigger_on_parse();
}

} // namespace wafer

#endif // WAFER_TOOLS_OPTIONS_H
