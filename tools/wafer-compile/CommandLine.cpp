#include "CommandLine.h"

#include "../Options.h"

#include "wafer/Driver/Options.h"

#include <CLI/CLI.hpp>

#include <filesystem>

using namespace wafer;

/// Throws what is wrong with an option's value.
static void set(driver::CompileOptions &options, const std::string &name, const std::string &value) {
  if (Status status = driver::setCompileOption(options, name, value); !status)
    throw CLI::ValidationError("--" + name, status.error().message);
}

std::optional<driver::ToolOptions> wafer::parseCompileCommandLine(int argc, const char *const *argv, std::ostream &out,
                                                                  std::ostream &errors, int &exitCode) {
  CLI::App app("Compiles an ONNX model for a wafer-scale mesh of small cores.");
  app.footer("Examples:\n"
             "  wafer-compile model.onnx -o model.wafer         a program for the whole of wse2\n"
             "  wafer-compile model.onnx -o model.wafer --mesh auto   on the smallest mesh that holds it\n"
             "  wafer-compile model.onnx --emit=tensor          what the frontend makes of a model\n"
             "  wafer-compile model.onnx --dim batch=1          a model with a symbolic dimension\n"
             "  wafer-compile model.onnx --shape x=1x3x48x192   an input that declares no usable shape\n"
             "  wafer-compile model.onnx --const sr=16000       an input that never changes\n"
             "  wafer-compile - -o - < model.onnx > model.wafer         through standard input and output\n"
             "Errors have stable codes (WF2001) and say what to change; --explain WF2001 says more.");
  driver::ToolOptions options;
  std::string &model = options.compile.model.name;
  std::string errorFormat = "text";
  app.add_option("model", model, "the model, an .onnx file; - is standard input")->required();
  app.add_option(
      "-o,--output", options.output,
      "where to write the program image (default: the model's name with .wafer, here); with --emit, where to "
      "print the stage (default: standard output); - is standard output");
  std::vector<std::vector<std::string>> values(driver::compileOptions().size());
  for (size_t i = 0; const driver::OptionInfo &info : driver::compileOptions()) {
    CLI::Option *option = app.add_option("--" + std::string(info.name), values[i++], info.help)
                              ->option_text(std::string(info.form))
                              ->allow_extra_args(false);
    if (!info.repeated)
      option->multi_option_policy(CLI::MultiOptionPolicy::Throw)->expected(1);
  }
  app.add_option("--report", options.report,
                 "write a report: regions, SRAM, streams, stages; FILE.html is a page to look at, "
                 "any other is JSON")
      ->option_text("FILE");
  app.add_option("--trace-plan", options.planTrace,
                 "write, as JSON, which ways the planner considered for every node, what they would have taken, "
                 "and why others were preferred")
      ->option_text("FILE");
  app.add_option("--errors", errorFormat, "how errors are printed: text, json")
      ->check(CLI::IsMember({"text", "json"}))
      ->option_text("FORMAT");
  addExplainOption(app);
  app.add_flag("--timing", options.timing, "print the time that each stage took");
  app.add_flag("--locations", options.compile.printLocations, "print ONNX node names with the IR");
  try {
    app.parse(argc, argv);
    for (size_t i = 0; const driver::OptionInfo &info : driver::compileOptions())
      for (const std::string &value : values[i++])
        set(options.compile, std::string(info.name), value);
    if (options.output.empty()) {
      bool printed = options.compile.backend.stopAfter != driver::Stage::Image;
      if (!printed && model == "-")
        throw CLI::ValidationError("-o", "a model from standard input has no name: name the image's file, or - for "
                                         "standard output");
      options.output = printed ? "-" : std::filesystem::path(model).stem().string() + ".wafer";
    }
    if (options.output == "-" && options.report == "-")
      throw CLI::ValidationError("--report", "the result goes to standard output already");
    if (options.planTrace == "-" && (options.output == "-" || options.report == "-"))
      throw CLI::ValidationError("--trace-plan", "something else goes to standard output already");
    std::error_code ignored;
    for (const std::string &written : {options.output, options.report, options.planTrace})
      if (std::filesystem::equivalent(written, model, ignored))
        throw CLI::ValidationError("-o", "'" + written + "' is the model itself");
  } catch (const CLI::Success &answered) { // --help, --explain
    exitCode = app.exit(answered, out, errors);
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    errors << "error[WF8001]: " << error.what() << "\n  hint: see wafer-compile --help\n";
    exitCode = 2;
    return std::nullopt;
  }
  options.jsonErrors = errorFormat == "json";
  return options;
}
