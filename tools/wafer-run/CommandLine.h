// What wafer-run's command line says.
#ifndef WAFER_TOOLS_WAFERRUN_COMMANDLINE_H
#define WAFER_TOOLS_WAFERRUN_COMMANDLINE_H

#include "wafer/Emulator/Emulator.h"

#include <optional>
#include <ostream>

namespace wafer {

struct RunCommandLine {
  std::string image;                // a file
  std::string outputFolder;         // empty: outputs are not written
  std::string statsFile;            // empty: none
  std::vector<std::string> inputs;  // NAME=FILE
  std::vector<std::string> outputs; // NAME=FILE
  RunOptions options;
};

/// Nothing if there is nothing to run: then help or the error is written, and `exitCode` is the process's.
std::optional<RunCommandLine> parseRunCommandLine(int argc, const char *const *argv, std::ostream &out,
                                                  std::ostream &errors, int &exitCode);

} // namespace wafer

#endif // WAFER_TOOLS_WAFERRUN_COMMANDLINE_H
