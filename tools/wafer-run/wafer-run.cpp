// Runs a program image on the emulator: .npy files in, .npy files out. A file "-" is a standard stream.
#include "CommandLine.h"

#include "wafer/Emulator/StatsJson.h"
#include "wafer/Support/Npy.h"
#include "wafer/Support/OutputFile.h"
#include "wafer/Support/StandardStreams.h"

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

/// "-" is standard output.
static Status writeFile(const std::string &path, std::string_view text) {
  if (path == "-")
    return writeStandardOutput(text);
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

static Result<std::unique_ptr<Emulator>> openImage(const std::string &path) {
  if (path != "-")
    return Emulator::open(path);
  Result<std::vector<uint8_t>> bytes = readStandardInput();
  if (!bytes)
    return bytes.error();
  Result<Image> image = Image::fromBytes(bytes.take());
  if (!image)
    return image.error();
  return Emulator::open(image.take());
}

static Result<HostTensor> readTensor(const std::string &path) {
  if (path != "-")
    return readNpy(path);
  Result<std::vector<uint8_t>> bytes = readStandardInput();
  if (!bytes)
    return bytes.error();
  return parseNpy(*bytes, "<standard input>");
}

static Status writeTensor(const std::string &path, const HostTensor &tensor) {
  if (path != "-")
    return writeNpy(path, tensor);
  std::vector<uint8_t> bytes = npyBytes(tensor);
  return writeStandardOutput({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
}

/// NAME=FILE. The name may hold '=' itself: the longest one that is known counts.
template <typename Known>
static std::optional<std::pair<std::string, std::string>> splitAssignment(const std::string &text, Known known) {
  size_t split = std::string::npos;
  for (size_t at = text.find('='); at != std::string::npos; at = text.find('=', at + 1))
    if (known(text.substr(0, at)) || split == std::string::npos)
      split = at;
  if (split == std::string::npos)
    return std::nullopt;
  return std::pair(text.substr(0, split), text.substr(split + 1));
}

static bool isNamed(const std::vector<TensorInfo> &infos, const std::string &name) {
  for (const TensorInfo &info : infos)
    if (info.name == name)
      return true;
  return false;
}

int main(int argc, char **argv) {
  int exitCode = 0;
  std::optional<RunCommandLine> line = parseRunCommandLine(argc, argv, std::cout, std::cerr, exitCode);
  if (!line)
    return exitCode;
  const std::string &folder = line->outputFolder, &statsFile = line->statsFile;
  RunOptions &options = line->options;

  Result<std::unique_ptr<Emulator>> opened = openImage(line->image);
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
    auto parts = splitAssignment(
        input, [&](const std::string &name) { return isNamed(emulator.inputs(), name) || emulator.isIgnored(name); });
    if (!parts)
      return fail({ErrorCode::ToolUsage, "--input " + input + ": no '='", "write --input NAME=FILE.npy"});
    if (emulator.isIgnored(parts->first))
      continue; // its file may be of any type
    Result<HostTensor> tensor = readTensor(parts->second);
    if (!tensor)
      return fail(tensor.error());
    if (Status status = emulator.setInput(parts->first, *tensor); !status)
      return fail(status.error());
  }
  std::vector<std::pair<std::string, std::string>> wanted;
  for (const std::string &output : line->outputs) {
    auto parts = splitAssignment(output, [&](const std::string &name) { return isNamed(emulator.outputs(), name); });
    if (!parts)
      return fail({ErrorCode::ToolUsage, "--output " + output + ": no '='", "write --output NAME=FILE.npy"});
    if (!isNamed(emulator.outputs(), parts->first))
      return fail({ErrorCode::InputUnknown, "no output '" + parts->first + "'",
                   "wafer-run without --input lists what there is"});
    wanted.push_back(*parts);
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
    if (Status written = writeFile(statsFile, statsJson(emulator.stats())); !written)
      return fail(written.error());
  if (!status)
    return fail(status.error());
  for (const auto &[name, file] : wanted) {
    Result<HostTensor> tensor = emulator.output(name);
    if (!tensor)
      return fail(tensor.error());
    if (Status written = writeTensor(file, *tensor); !written)
      return fail(written.error());
  }
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
    if (Status written = writeFile(folder + "/outputs.json", text); !written)
      return fail(written.error());
  }
  return 0;
}
