// Argument vectors of the tools, one argument a line. The first line chooses the tool: "run", or else the compiler.
#include "OptionsFuzzer.h"

#include "Fuzz.h"

#include "../../tools/wafer-compile/CommandLine.h"
#include "../../tools/wafer-run/CommandLine.h"

#include <sstream>
#include <vector>

using namespace wafer;
using namespace wafer::fuzz;

namespace {
struct Outcome {
  bool parsed = false;
  int exitCode = 0;
  std::string text;
};

template <typename Parse> Outcome outcomeOf(Parse parse, const std::vector<const char *> &argv) {
  std::ostringstream out, errors;
  Outcome outcome;
  outcome.parsed = parse(static_cast<int>(argv.size()), argv.data(), out, errors, outcome.exitCode).has_value();
  outcome.text = out.str() + errors.str();
  require(outcome.parsed == outcome.text.empty(), "a command line is taken, or something is said", outcome.text);
  require(outcome.parsed || outcome.exitCode == 0 || outcome.text.find("[WF8001]") != std::string::npos,
          "a refusal has a code", outcome.text);
  return outcome;
}

Outcome outcomeOf(const std::vector<const char *> &argv) {
  return argv[0] == std::string("run") ? outcomeOf(parseRunCommandLine, argv)
                                       : outcomeOf(parseCompileCommandLine, argv);
}
} // namespace

std::string wafer::fuzz::helpOf(const std::string &tool) { return outcomeOf({tool.c_str(), "--help"}).text; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TimeLimit limit;
  std::vector<std::string> arguments;
  std::istringstream lines(std::string(reinterpret_cast<const char *>(data), size));
  for (std::string line; std::getline(lines, line) && arguments.size() != 64;)
    arguments.push_back(line.substr(0, line.find('\0')));
  if (arguments.empty())
    return 0;
  std::vector<const char *> argv;
  for (const std::string &argument : arguments)
    argv.push_back(argument.c_str());
  Outcome outcome = outcomeOf(argv);
  if (hashOf(data, size) % 16 == 0)
    require(outcomeOf(argv).text == outcome.text, "the same arguments give the same answer");
  return 0;
}
