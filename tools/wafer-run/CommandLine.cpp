#include "CommandLine.h"

#include "../Options.h"

#include <algorithm>

using namespace wafer;

/// Nothing if it is empty.
static std::optional<PeRect> parsePes(const std::string &text) {
  if (text.empty())
    return std::nullopt;
  Result<PeRect> pes = parsePeRect(text);
  if (!pes)
    throw CLI::ValidationError("--trace-pes", pes.error().message + ": " + pes.error().hint);
  return *pes;
}

std::optional<RunCommandLine> wafer::parseRunCommandLine(int argc, const char *const *argv, std::ostream &out,
                                                         std::ostream &errors, int &exitCode) {
  RunCommandLine line;
  CLI::App app{
      "Runs a compiled model on the emulated wafer, core by core.\n\n"
      "  wafer-run model.wafer --input x=x.npy --output-dir out --stats stats.json\n\n"
      "writes one .npy file per output into out/, and out/outputs.json, which maps the outputs' names to files.\n"
      "Without --input it lists what the model takes and gives. A file - is standard input or output:\n\n"
      "  wafer-run model.wafer --input x=- --output y=- < x.npy > y.npy\n\n"
      "Where does the time go? A trace for ui.perfetto.dev, with the instructions of 4 x 2 PEs:\n\n"
      "  wafer-run model.wafer --input x=x.npy --trace run.pftrace --trace-pes 0,0,4x2"};
  std::string timing = "stream", engine = "auto";
  app.add_option("image", line.image, "program image (.wafer) made by wafer-compile; - is standard input")->required();
  app.add_option("--input", line.inputs, "NAME=FILE.npy, once per input; the type and shape must be the model's")
      ->allow_extra_args(false);
  app.add_option("--output-dir", line.outputFolder, "where the outputs go; made if it is not there");
  app.add_option("--output", line.outputs, "NAME=FILE.npy, where one output goes; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--stats", line.statsFile, "write cycles, memory and times as JSON (docs/report.md)");
  app.add_option(
         "--timing", timing,
         "off: values only, faster; stream: count the machine's cycles (docs/machine.md says how exactly); exact: "
         "step each PE by cycle, slowly, on small meshes")
      ->check(CLI::IsMember({"off", "stream", "exact"}))
      ->capture_default_str();
  app.add_option(
         "--engine", engine,
         "scalar: PE by PE; classes: what PEs do alike at once (quicker on many PEs); auto: by the program's size. "
         "Outputs and cycles are the same")
      ->check(CLI::IsMember({"auto", "scalar", "classes"}))
      ->capture_default_str();
  app.add_option("--threads", line.options.threads,
                 "threads that the run may use; default: one on each processor. Outputs and cycles are the same")
      ->check(CLI::Range(1u, 65535u));
  app.add_option("--schedule-seed", line.options.scheduleSeed,
                 "run cores in a shuffled order; outputs and cycles must not change (a test of the emulator)")
      ->check(wholeNumber());
  app.add_option("--max-cycles", line.options.maxCycles, "stop with an error when a core runs longer than this")
      ->check(wholeNumber());
  std::string trace, tracePes;
  app.add_option(
      "--trace", trace,
      "write what happens when, to be looked at in ui.perfetto.dev: kernels by region, words, how busy PEs are "
      "(docs/trace.md)");
  app.add_option("--trace-pes", tracePes,
                 "X,Y,WxH: trace also each instruction of these PEs, W x H of the mesh from (X, Y) to the south-east");
  addExplainOption(app);
  try {
    app.parse(argc, argv);
    auto streams = [](const std::vector<std::string> &assignments) {
      return std::count_if(assignments.begin(), assignments.end(),
                           [](const std::string &text) { return text.ends_with("=-"); });
    };
    if ((line.image == "-") + streams(line.inputs) > 1)
      throw CLI::ValidationError("--input", "standard input can be read once");
    if (!tracePes.empty() && trace.empty())
      throw CLI::ValidationError("--trace-pes", "goes with --trace FILE");
    if (timing == "exact" && (engine != "auto" || line.options.scheduleSeed))
      throw CLI::ValidationError("--timing exact", "has an engine of its own: no --engine, no --schedule-seed");
    if (!trace.empty() && timing != "stream")
      throw CLI::ValidationError("--trace", "needs the times of --timing stream");
    if (!trace.empty())
      line.options.trace = {trace == "-" ? "/dev/stdout" : trace, parsePes(tracePes)};
    if ((line.statsFile == "-") + (trace == "-") + streams(line.outputs) > 1)
      throw CLI::ValidationError("--output", "standard output can be written once");
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0) { // --help, --explain
      exitCode = app.exit(error, out, errors);
      return std::nullopt;
    }
    Diagnostic usage{ErrorCode::ToolUsage, error.what(), "wafer-run --help explains the options"};
    errors << "wafer-run: " << usage.str() << "\n";
    exitCode = 2;
    return std::nullopt;
  }
  line.options.timing = timing == "off" ? Timing::Off : timing == "exact" ? Timing::Exact : Timing::Stream;
  line.options.engine = engine == "scalar"    ? EngineKind::Scalar
                        : engine == "classes" ? EngineKind::Classes
                                              : EngineKind::Auto;
  return line;
}
