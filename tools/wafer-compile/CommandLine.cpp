#include "CommandLine.h"

#include "../Options.h"

#include <charconv>
#include <filesystem>
#include <tuple>

using namespace wafer;

/// name=value, or throws. The name may hold '=': the last one counts.
static std::pair<std::string, std::string> splitAssignment(const std::string &option, const std::string &text) {
  size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    throw CLI::ValidationError(option, "'" + text + "' is not of the form name=value");
  return {text.substr(0, at), text.substr(at + 1)};
}

static int64_t parseDim(const std::string &option, const std::string &text) {
  int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < 0 || value > (int64_t(1) << 32))
    throw CLI::ValidationError(option, "'" + text + "' is not a dimension");
  return value;
}

/// Two numbers from 1 on, as 16x16. Errors say what the option wants.
static std::pair<int64_t, int64_t> parseSides(const char *option, const std::string &text, const char *form,
                                              const char *least) {
  std::vector<std::string> sides = CLI::detail::split(text, 'x');
  if (sides.size() != 2)
    throw CLI::ValidationError(option, "'" + text + "' " + form);
  std::pair<int64_t, int64_t> result{parseDim(option, sides[0]), parseDim(option, sides[1])};
  if (result.first < 1 || result.second < 1)
    throw CLI::ValidationError(option, least);
  return result;
}

std::optional<driver::CompileOptions> wafer::parseCompileCommandLine(int argc, const char *const *argv,
                                                                     std::ostream &out, std::ostream &errors,
                                                                     int &exitCode) {
  CLI::App app("Compiles an ONNX model for a wafer-scale mesh of small cores.");
  app.footer("Examples:\n"
             "  wafer-compile model.onnx -o model.wafer         a program for the whole of wse2\n"
             "  wafer-compile model.onnx -o model.wafer --mesh auto   on the smallest mesh that holds it\n"
             "  wafer-compile model.onnx --emit=tensor          what the frontend makes of a model\n"
             "  wafer-compile model.onnx --dim batch=1          a model with a symbolic dimension\n"
             "  wafer-compile model.onnx --shape x=1x3x48x192   an input that declares no usable shape\n"
             "  wafer-compile model.onnx --const sr=16000       an input that never changes\n"
             "Errors have stable codes (WF2001) and say what to change.");
  driver::CompileOptions options;
  std::vector<std::string> dims, shapes, constants;
  std::string errorFormat = "text";
  app.add_option("model", options.model, "the model, an .onnx file")->required();
  app.add_option(
      "-o,--output", options.output,
      "where to write the program image (default: the model's name with .wafer, here); with --emit, where to "
      "print the stage (default: standard output)");
  app.add_option("--target", options.backend.target,
                 "the machine: wse2, wse3, or a profile's JSON file (default: wse2)")
      ->capture_default_str()
      ->option_text("NAME|FILE");
  std::string mesh, split;
  app.add_option("--mesh", mesh,
                 "PEs to use, as 16x16; auto is the smallest square that fits (default: the whole target)")
      ->option_text("WxH|auto");
  app.add_option("--regions", options.backend.maxRegions,
                 "open at most so many regions (default: as memory and time call for)")
      ->check(wholeNumber(1))
      ->option_text("N");
  app.add_option("--seed", options.backend.seed,
                 "another seed gives other places and routes, the same results (default: 0)")
      ->check(wholeNumber())
      ->capture_default_str()
      ->option_text("N");
  app.add_option(
         "--largest-region", options.backend.largestSide,
         "no region is wider or higher; larger ones may be faster on the machine, and the emulator takes longer "
         "(default: " +
             std::to_string(options.backend.largestSide) + ")")
      ->check(wholeNumber(1))
      ->option_text("N");
  app.add_option(
         "--split", split,
         "divide each side of regions into two logical axes, the minor ones of X and Y PEs, so that a side takes "
         "two loops of a kernel (default: where that is faster)")
      ->option_text("XxY");
  app.add_option("--report", options.report, "write a JSON report: regions, SRAM, streams, stages")
      ->option_text("FILE");
  std::map<std::string, driver::Stage> printed;
  std::string names;
  for (const driver::StageInfo &info : driver::kStages)
    if (info.printed) {
      printed[std::string(info.name)] = info.stage;
      names += (names.empty() ? "" : ", ") + std::string(info.name);
    }
  app.add_option("--emit", options.backend.stopAfter, "stop after this stage and print it: " + names)
      ->transform(CLI::CheckedTransformer(printed))
      ->option_text("STAGE");
  app.add_option("--dim", dims, "the value of a symbolic dimension, name=value; may be repeated")
      ->option_text("NAME=N")
      ->allow_extra_args(false);
  app.add_option("--shape", shapes, "the shape of an input, name=1x3x48x192; may be repeated")
      ->option_text("INPUT=AxBxC")
      ->allow_extra_args(false);
  app.add_option("--const", constants,
                 "make an input a constant: one number, one for each element separated by commas, or an .npy file")
      ->option_text("INPUT=VALUE")
      ->allow_extra_args(false);
  app.add_option("--detach-above", options.frontend.maxInlineElements,
                 "tensors of more elements stay outside the IR, as references to their bytes in the file (default: " +
                     std::to_string(options.frontend.maxInlineElements) + ")")
      ->capture_default_str()
      ->check(CLI::Range(int64_t(0), int64_t(1) << 30))
      ->option_text("N");
  app.add_option("--errors", errorFormat, "how errors are printed: text, json")
      ->check(CLI::IsMember({"text", "json"}))
      ->option_text("FORMAT");
  bool noIsolation = false;
  app.add_flag("--no-isolation", noIsolation,
               "run the ONNX library in this process and without limits, for debugging; a model may then crash it");
  app.add_flag("--timing", options.timing, "print the time that each stage took");
  app.add_flag("--locations", options.printLocations, "print ONNX node names with the IR");
  try {
    app.parse(argc, argv);
    for (const std::string &text : dims) {
      auto [name, value] = splitAssignment("--dim", text);
      options.frontend.dims[name] = parseDim("--dim", value);
    }
    for (const std::string &text : shapes) {
      auto [name, value] = splitAssignment("--shape", text);
      std::vector<int64_t> &shape = options.frontend.shapes[name];
      if (value != "scalar")
        for (const std::string &dim : CLI::detail::split(value, 'x'))
          shape.push_back(parseDim("--shape", dim));
    }
    for (const std::string &text : constants) {
      auto [name, value] = splitAssignment("--const", text);
      options.frontend.constants[name] = value;
    }
    if (mesh == "auto")
      options.backend.smallestMesh = true;
    else if (!mesh.empty())
      std::tie(options.backend.meshWidth, options.backend.meshHeight) =
          parseSides("--mesh", mesh, "is neither auto nor of the form 16x16", "a mesh has at least one PE");
    if (!split.empty())
      std::tie(options.backend.splitX, options.backend.splitY) =
          parseSides("--split", split, "is not of the form 2x4", "an axis has at least one PE");
    if (options.backend.stopAfter == driver::Stage::Image && options.output.empty())
      options.output = std::filesystem::path(options.model).stem().string() + ".wafer";
    std::error_code ignored;
    for (const std::string &written : {options.output, options.report})
      if (std::filesystem::equivalent(written, options.model, ignored))
        throw CLI::ValidationError("-o", "'" + written + "' is the model itself");
  } catch (const CLI::CallForHelp &help) {
    exitCode = app.exit(help, out, errors);
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    errors << "error[WF8001]: " << error.what() << "\n  hint: see wafer-compile --help\n";
    exitCode = 2;
    return std::nullopt;
  }
  options.frontend.isolated = !noIsolation;
  options.jsonErrors = errorFormat == "json";
  return options;
}
