// Runs a program image on the emulator: .npy files in, .npy files out.
#include "CommandLine.h"

#include "wafer/Support/Npy.h"
#include "wafer/Support/OutputFile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace wafer;

static int fail(const Diagnostic &diagnostic) {
  std::fprintf(stderr, "wafer-run: %s\n", diagnostic.str().c_str());
  return 1;
}

/// A file name for a tensor: ONNX names are data and may hold anything.
static std::string fileName(const std::string &name, size_t index) {
  std::string safe;
  for (char c : name.substr(0, 48))
    safe += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ? c : '_';
  return std::to_string(index) + "-" + safe + ".npy";
}

static Status writeText(const std::string &path, const std::string &text) {
  OutputFile file(path);
  file.write(text);
  if (int error = file.finish())
    return Diagnostic{ErrorCode::TensorFileUnwritable, path + ": cannot write: " + std::strerror(error),
                      "check the folder and its free space"};
  return Status::ok();
}

static Status makeFolder(const std::string &path) {
  for (size_t at = 1; at <= path.size(); ++at)
    if (at == path.size() || path[at] == '/')
      if (mkdir(path.substr(0, at).c_str(), 0777) != 0 && errno != EEXIST)
        return Diagnostic{ErrorCode::TensorFileUnwritable, path + ": " + std::strerror(errno), "choose another folder"};
  struct stat info;
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || access(path.c_str(), W_OK | X_OK) != 0)
    return Diagnostic{ErrorCode::TensorFileUnwritable, path + ": not a folder that can be written to",
                      "choose another folder"};
  return Status::ok();
}

static std::string statsJson(const RunStats &stats) {
  using Json = nlohmann::ordered_json;
  Json json;
  json["version"] = 1;
  json["cycles"] = stats.cycles;
  json["seconds"] = {{"load", stats.loadSeconds}, {"run", stats.runSeconds}};
  json["threads"] = 1;
  json["pes"] = {{"used", stats.coresUsed}, {"total", stats.coresTotal}};
  json["sram"] = {{"max_bytes", stats.sramMax}, {"total_bytes", stats.sramTotal}, {"limit_bytes", stats.sramLimit}};
  json["wavelets"] = stats.wavelets;
  json["instructions"] = stats.instructions;
  json["vector_elements"] = stats.vectorElements;
  json["regions"] = Json::array();
  for (const RegionStats &region : stats.regions)
    json["regions"].push_back(
        {{"name", region.name},
         {"rect", {{"x", region.x}, {"y", region.y}, {"width", region.width}, {"height", region.height}}},
         {"sram_bytes", region.sramBytes},
         {"cycles", region.cycles}});
  json["nodes"] = Json::array();
  for (const NodeStats &node : stats.nodes)
    json["nodes"].push_back({{"name", node.name},
                             {"busy_cycles", node.busyCycles},
                             {"first_cycle", node.firstCycle},
                             {"last_cycle", node.lastCycle}});
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

int main(int argc, char **argv) {
  int exitCode = 0;
  std::optional<RunCommandLine> line = parseRunCommandLine(argc, argv, std::cout, std::cerr, exitCode);
  if (!line)
    return exitCode;
  const std::string &folder = line->outputFolder, &statsFile = line->statsFile;
  RunOptions &options = line->options;

  Result<std::unique_ptr<Emulator>> opened = Emulator::open(line->image);
  if (!opened)
    return fail(opened.error());
  Emulator &emulator = **opened;
  if (line->inputs.empty() && !emulator.inputs().empty()) {
    for (const TensorInfo &info : emulator.inputs())
      std::printf("input  %-24s %-8s %s\n", info.name.c_str(), hostTypeName(info.type), shapeText(info.shape).c_str());
    for (const std::string &name : emulator.ignoredInputs())
      std::printf("input  %-24s is not used\n", name.c_str());
    for (const TensorInfo &info : emulator.outputs())
      std::printf("output %-24s %-8s %s%s\n", info.name.c_str(), hostTypeName(info.type), shapeText(info.shape).c_str(),
                  info.openDim ? (" or less along dimension " + std::to_string(*info.openDim)).c_str() : "");
    return folder.empty() && statsFile.empty()
               ? 0
               : fail({ErrorCode::InputMissing, "no --input is given", "give one --input NAME=FILE.npy for each"});
  }
  for (const std::string &input : line->inputs) {
    // The name may hold '=' itself: the longest one that is an input counts.
    size_t split = std::string::npos;
    for (size_t at = input.find('='); at != std::string::npos; at = input.find('=', at + 1)) {
      bool known = false;
      for (const TensorInfo &info : emulator.inputs())
        known |= info.name == input.substr(0, at);
      known |= emulator.isIgnored(input.substr(0, at));
      if (known || split == std::string::npos)
        split = at;
    }
    if (split == std::string::npos)
      return fail({ErrorCode::ToolUsage, "--input " + input + ": no '='", "write --input NAME=FILE.npy"});
    if (emulator.isIgnored(input.substr(0, split)))
      continue; // its file may be of any type
    Result<HostTensor> tensor = readNpy(input.substr(split + 1));
    if (!tensor)
      return fail(tensor.error());
    if (Status status = emulator.setInput(input.substr(0, split), *tensor); !status)
      return fail(status.error());
  }
  // A long run is not made for nothing.
  if (!folder.empty())
    if (Status made = makeFolder(folder); !made)
      return fail(made.error());
  const bool terminal = isatty(2);
  if (terminal)
    options.progress = [](uint64_t halted, uint64_t cores) {
      std::fprintf(stderr, "\r%llu of %llu PEs have finished ", (unsigned long long)halted, (unsigned long long)cores);
    };
  Status status = emulator.run(options);
  if (terminal)
    std::fprintf(stderr, "\r\x1b[K");
  if (!statsFile.empty())
    if (Status written = writeText(statsFile, statsJson(emulator.stats())); !written)
      return fail(written.error());
  if (!status)
    return fail(status.error());
  if (!folder.empty()) {
    nlohmann::ordered_json files = nlohmann::ordered_json::object();
    for (size_t i = 0; i != emulator.outputs().size(); ++i) {
      const std::string &name = emulator.outputs()[i].name;
      Result<HostTensor> tensor = emulator.output(name);
      if (!tensor)
        return fail(tensor.error());
      files[name] = fileName(name, i);
      if (Status written = writeNpy(folder + "/" + fileName(name, i), *tensor); !written)
        return fail(written.error());
    }
    std::string text = files.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    if (Status written = writeText(folder + "/outputs.json", text); !written)
      return fail(written.error());
  }
  return 0;
}
