#include "wafer/Driver/Options.h"

#include "llvm/ADT/StringRef.h"

#include <charconv>
#include <vector>

using namespace wafer;
using namespace wafer::driver;

namespace {

Diagnostic usage(const std::string &message) { return {ErrorCode::ToolUsage, message, ""}; }

Result<int64_t> wholeNumber(const std::string &text, int64_t least, int64_t most) {
  int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc() && end == text.data() + text.size() && value >= least && value <= most)
    return value;
  return usage("'" + text + "' is not a whole number" + (least ? " from " + std::to_string(least) + " on" : ""));
}

Status setNumber(int64_t &number, const std::string &text, int64_t least, int64_t most = INT64_MAX) {
  Result<int64_t> value = wholeNumber(text, least, most);
  if (!value)
    return value.error();
  number = *value;
  return Status::ok();
}

Result<int64_t> dimension(llvm::StringRef text) {
  Result<int64_t> value = wholeNumber(text.str(), 0, int64_t(1) << 32);
  if (!value)
    return usage("'" + text.str() + "' is not a dimension");
  return value;
}

/// name=value. The name may hold '=': the last one counts.
Result<std::pair<std::string, std::string>> assignment(const std::string &text) {
  size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    return usage("'" + text + "' is not of the form name=value");
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

/// Two numbers from 1 on, as 16x16. Errors say what the option wants.
Status setSides(int64_t &x, int64_t &y, const std::string &text, const char *form, const char *least) {
  auto [first, second] = llvm::StringRef(text).split('x');
  if (second.empty() || second.contains('x'))
    return usage("'" + text + "' " + form);
  for (auto [side, part] : {std::pair(&x, first), std::pair(&y, second)}) {
    Result<int64_t> value = dimension(part);
    if (!value)
      return value.error();
    if (*value < 1)
      return usage(least);
    *side = *value;
  }
  return Status::ok();
}

Status setMesh(CompileOptions &options, const std::string &text) {
  options.backend.smallestMesh = text == "auto";
  if (options.backend.smallestMesh)
    return Status::ok();
  return setSides(options.backend.meshWidth, options.backend.meshHeight, text, "is neither auto nor of the form 16x16",
                  "a mesh has at least one PE");
}

Status setSplit(CompileOptions &options, const std::string &text) {
  auto [first, second] = llvm::StringRef(text).split('x');
  for (auto [split, side] : {std::pair(&options.backend.splitX, first), std::pair(&options.backend.splitY, second)}) {
    // 4:16 is a middle axis and a minor one.
    auto [middle, minor] = side.contains(':') ? side.split(':') : std::pair(llvm::StringRef("1"), side);
    Result<int64_t> ofMiddle = dimension(middle), ofMinor = dimension(minor);
    if (!ofMiddle || !ofMinor)
      return usage("'" + text + "' is not of the form 2x4 or 1x4:16");
    if (*ofMiddle < 1 || *ofMinor < 1)
      return usage("an axis has at least one PE");
    *split = {*ofMiddle, *ofMinor};
  }
  return Status::ok();
}

Status setSeed(CompileOptions &options, const std::string &text) {
  int64_t seed = 0;
  Status status = setNumber(seed, text, 0);
  options.backend.seed = static_cast<uint64_t>(seed);
  return status;
}

Status setDim(CompileOptions &options, const std::string &text) {
  auto parts = assignment(text);
  if (!parts)
    return parts.error();
  Result<int64_t> value = dimension(parts->second);
  if (!value)
    return value.error();
  options.frontend.dims[parts->first] = *value;
  return Status::ok();
}

Status setShape(CompileOptions &options, const std::string &text) {
  auto parts = assignment(text);
  if (!parts)
    return parts.error();
  std::vector<int64_t> shape;
  if (parts->second != "scalar")
    for (llvm::StringRef rest = parts->second; !rest.empty();) {
      auto [first, others] = rest.split('x');
      Result<int64_t> value = dimension(first);
      if (!value)
        return value.error();
      if (rest.ends_with("x"))
        return usage("'' is not a dimension");
      shape.push_back(*value);
      rest = others;
    }
  options.frontend.shapes[parts->first] = shape;
  return Status::ok();
}

Status setConstant(CompileOptions &options, const std::string &text) {
  auto parts = assignment(text);
  if (!parts)
    return parts.error();
  options.frontend.constants[parts->first] = parts->second;
  return Status::ok();
}

Status setEffort(CompileOptions &options, const std::string &text) {
  if (text != "quick" && text != "full")
    return usage("'" + text + "' is neither quick nor full");
  options.backend.quick = text == "quick";
  return Status::ok();
}

Status setStage(CompileOptions &options, const std::string &text) {
  std::string names;
  for (const StageInfo &stage : kStages) {
    if (!stage.printed)
      continue;
    if (stage.name == text) {
      options.backend.stopAfter = stage.stage;
      return Status::ok();
    }
    names += (names.empty() ? "" : ", ") + std::string(stage.name);
  }
  return usage("'" + text + "' is no stage: " + names);
}

Status setIsolation(CompileOptions &options, const std::string &text) {
  if (text != "on" && text != "off")
    return usage("'" + text + "' is neither on nor off");
  options.frontend.isolated = text == "on";
  return Status::ok();
}

struct Entry {
  OptionInfo info;
  Status (*set)(CompileOptions &, const std::string &);
};

std::string printedStages() {
  std::string names;
  for (const StageInfo &stage : kStages)
    if (stage.printed)
      names += (names.empty() ? "" : ", ") + std::string(stage.name);
  return names;
}

const std::vector<Entry> &entries() {
  static const std::vector<Entry> table = [] {
    const CompileOptions defaults;
    return std::vector<Entry>{
        {{"target", "NAME|FILE", "the machine: wse2, wse3, or a profile's JSON file (default: wse2)", false},
         [](CompileOptions &options, const std::string &text) {
           options.backend.target = text;
           return Status::ok();
         }},
        {{"mesh", "WxH|auto", "PEs to use, as 16x16; auto is the smallest square that fits (default: the whole target)",
          false},
         setMesh},
        {{"dim", "NAME=N", "the value of a symbolic dimension, name=value; may be repeated", true}, setDim},
        {{"shape", "INPUT=AxBxC", "the shape of an input, name=1x3x48x192; may be repeated", true}, setShape},
        {{"const", "INPUT=VALUE",
          "make an input a constant: one number, one for each element separated by commas, or an .npy file", true},
         setConstant},
        {{"seed", "N", "another seed gives other places and routes, the same results (default: 0)", false}, setSeed},
        {{"regions", "N", "open at most so many regions (default: as memory and time call for)", false},
         [](CompileOptions &options, const std::string &text) {
           return setNumber(options.backend.maxRegions, text, 1);
         }},
        {{"largest-region", "N",
          "no region is wider or higher; larger ones may be faster on the machine, and the emulator takes longer "
          "(default: " +
              std::to_string(driver::kUsualSide) + ", more where no plan fits otherwise)",
          false},
         [](CompileOptions &options, const std::string &text) {
           return setNumber(options.backend.largestSide, text, 1);
         }},
        {{"split", "XxY",
          "divide each side of regions into two logical axes, the minor ones of X and Y PEs, so that a side takes two "
          "loops of a kernel; 4:16 for a side is three axes, the middle one of 4 PEs (default: where that is faster)",
          false},
         setSplit},
        {{"effort", "quick|full",
          "how long to look for a plan: quick takes a sixth of full's time, and its programs 1 to 2.3 times the cycles "
          "(default: full)",
          false},
         setEffort},
        {{"emit", "STAGE", "stop after this stage and print it: " + printedStages(), false}, setStage},
        {{"detach-above", "N",
          "tensors of more elements stay outside the IR, as references to their bytes in the file (default: " +
              std::to_string(defaults.frontend.maxInlineElements) + ")",
          false},
         [](CompileOptions &options, const std::string &text) {
           return setNumber(options.frontend.maxInlineElements, text, 0, int64_t(1) << 30);
         }},
        {{"isolation", "on|off",
          "off runs the ONNX library in this process and without limits, for debugging; a model may then crash it",
          false},
         setIsolation},
    };
  }();
  return table;
}

} // namespace

std::span<const OptionInfo> driver::compileOptions() {
  static const std::vector<OptionInfo> infos = [] {
    std::vector<OptionInfo> result;
    for (const Entry &entry : entries())
      result.push_back(entry.info);
    return result;
  }();
  return infos;
}

Status driver::setCompileOption(CompileOptions &options, std::string_view name, const std::string &value) {
  for (const Entry &entry : entries())
    if (entry.info.name == name)
      return entry.set(options, value);
  std::string names;
  for (const Entry &entry : entries())
    names += (names.empty() ? "" : ", ") + std::string(entry.info.name);
  return Diagnostic{ErrorCode::ToolUsage, "there is no option of that name", "options are " + names};
}
