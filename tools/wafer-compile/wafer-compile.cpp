// The compiler, as a process: CommandLine.cpp reads the options, lib/Driver does the work.
#include "CommandLine.h"

#include <iostream>
#include <unistd.h>

int main(int argc, char **argv) {
  int exitCode = 0;
  auto options = wafer::parseCompileCommandLine(argc, argv, std::cout, std::cerr, exitCode);
  if (!options)
    return exitCode;
  options->progress = isatty(STDERR_FILENO);
  return wafer::driver::runCompileTool(*options, llvm::errs());
}
