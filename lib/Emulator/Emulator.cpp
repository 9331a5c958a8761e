#include "wafer/Emulator/Emulator.h"

#include "Engine.h"
#include "wafer/Program/Box.h"

#include <algorithm>
#include <chrono>
#include <cstring>

using namespace wafer;
using namespace wafer::emulator;

static TensorInfo tensorInfo(const image::Tensor &tensor) {
  TensorInfo info;
  info.name = tensor.name();
  info.type = tensor.type() == image::F32   ? HostType::F32
              : tensor.type() == image::I32 ? HostType::I32
              : tensor.type() == image::I64 ? HostType::I64
                                            : HostType::Bool;
  info.shape.assign(tensor.shape().begin(), tensor.shape().end());
  return info;
}

Emulator::~Emulator() = default;

const VerifiedProgram &Emulator::program() const { return engine->program; }
const RunStats &Emulator::stats() const { return engine->stats; }

Result<std::unique_ptr<Emulator>> Emulator::create(VerifiedProgram program) {
  auto start = std::chrono::steady_clock::now();
  std::unique_ptr<Emulator> emulator(new Emulator());
  emulator->engine = std::make_unique<Engine>(std::move(program));
  if (Status status = emulator->engine->load(); !status)
    return status.error();
  const image::Manifest &manifest = emulator->program().image.manifest();
  emulator->ignored.assign(manifest.ignored_inputs().begin(), manifest.ignored_inputs().end());
  for (int i = 0; i != manifest.streams_size(); ++i) {
    const image::HostStream &stream = manifest.streams(i);
    std::vector<TensorInfo> &infos = stream.output() ? emulator->outputInfo : emulator->inputInfo;
    size_t index = 0;
    while (index != infos.size() && infos[index].name != stream.tensor().name())
      ++index;
    if (index == infos.size())
      infos.push_back(tensorInfo(stream.tensor()));
    emulator->tensorOfStream.push_back(index);
  }
  emulator->inputWords.resize(emulator->inputInfo.size());
  emulator->inputGiven.resize(emulator->inputInfo.size());
  emulator->engine->stats.loadSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return emulator;
}

/// "the program's inputs are 'a', 'b'".
static std::string listNames(const char *what, const std::vector<TensorInfo> &infos) {
  std::string text =
      infos.empty() ? std::string("the program has no ") + what : std::string("the program's ") + what + ": ";
  for (size_t i = 0; i != infos.size(); ++i)
    text +=
        (i ? ", '" : "'") + infos[i].name + "' (" + hostTypeName(infos[i].type) + " " + shapeText(infos[i].shape) + ")";
  return text;
}

bool Emulator::isIgnored(const std::string &name) const {
  return std::find(ignored.begin(), ignored.end(), name) != ignored.end();
}

Status Emulator::setInput(const std::string &name, const HostTensor &tensor) {
  size_t index = 0;
  while (index != inputInfo.size() && inputInfo[index].name != name)
    ++index;
  if (index == inputInfo.size() && isIgnored(name))
    return Status::ok();
  if (index == inputInfo.size())
    return Diagnostic{ErrorCode::InputUnknown, "no input '" + name + "'", listNames("inputs", inputInfo)};
  const TensorInfo &info = inputInfo[index];
  if (tensor.type != info.type)
    return Diagnostic{ErrorCode::InputType,
                      "input '" + name + "' is " + hostTypeName(info.type) + ", not " + hostTypeName(tensor.type),
                      std::string("convert it: array.astype(numpy.") + hostTypeName(info.type) + ")"};
  if (tensor.shape != info.shape)
    return Diagnostic{ErrorCode::InputShape,
                      "input '" + name + "' has shape " + shapeText(info.shape) + ", not " + shapeText(tensor.shape),
                      "shapes are fixed when the model is compiled"};
  const size_t n = tensor.elements();
  if (tensor.bytes.size() != n * elementBytes(tensor.type))
    return Diagnostic{ErrorCode::InputShape,
                      "input '" + name + "' has " + std::to_string(tensor.bytes.size()) + " bytes, its shape wants " +
                          std::to_string(n * elementBytes(tensor.type)),
                      ""};
  std::vector<uint32_t> words(n);
  switch (info.type) {
  case HostType::I64:
    for (size_t i = 0; i != n; ++i) {
      int64_t value;
      std::memcpy(&value, tensor.bytes.data() + 8 * i, 8);
      if (value < INT32_MIN || value > INT32_MAX)
        return Diagnostic{ErrorCode::InputRange,
                          "input '" + name + "': element " + std::to_string(i) + " is " + std::to_string(value) +
                              ", beyond 32 bits",
                          "the machine's integers have 32 bits"};
      words[i] = static_cast<uint32_t>(value);
    }
    break;
  case HostType::Bool:
    for (size_t i = 0; i != n; ++i)
      words[i] = tensor.bytes[i] != 0;
    break;
  default:
    if (n)
      std::memcpy(words.data(), tensor.bytes.data(), n * 4);
  }
  inputWords[index] = std::move(words);
  inputGiven[index] = true;
  return Status::ok();
}

Status Emulator::run(const RunOptions &options) {
  ran = false;
  const VerifiedProgram &verified = engine->program;
  for (size_t i = 0; i != inputInfo.size(); ++i)
    if (!inputGiven[i])
      return Diagnostic{ErrorCode::InputMissing, "input '" + inputInfo[i].name + "' is not given",
                        listNames("inputs", inputInfo)};
  // What each port carries: of one stream after the other the boxes of its senders, row-major.
  for (size_t number = 0; number != verified.ports.size(); ++number) {
    const HostPort &port = verified.ports[number];
    if (port.output)
      continue;
    std::vector<uint32_t> &to = engine->hostData[number];
    to.clear();
    to.reserve(port.words);
    for (const HostPart &part : port.parts) {
      const image::HostStream &stream = verified.image.manifest().streams(part.stream);
      const std::vector<uint32_t> &from = inputWords[tensorOfStream[part.stream]];
      for (uint32_t x = 0; x != stream.senders(); ++x)
        placeBox(stream.box(), x, part.row).forEachRow([&](int64_t element, int64_t, int64_t n, int64_t) {
          to.insert(to.end(), from.begin() + element, from.begin() + element + n);
        });
    }
  }
  Status status = engine->run(options);
  ran = bool(status);
  return status;
}

Result<HostTensor> Emulator::output(const std::string &name) const {
  size_t index = 0;
  while (index != outputInfo.size() && outputInfo[index].name != name)
    ++index;
  if (index == outputInfo.size() || !ran)
    return Diagnostic{ErrorCode::InputUnknown,
                      ran ? "no output '" + name + "'" : "output '" + name + "' before a successful run",
                      listNames("outputs", outputInfo)};
  const TensorInfo &info = outputInfo[index];
  HostTensor tensor;
  tensor.type = info.type;
  tensor.shape = info.shape;
  const size_t n = tensor.elements();
  std::vector<uint32_t> words(n);
  std::vector<bool> seen(n);
  const VerifiedProgram &verified = engine->program;
  for (size_t number = 0; number != verified.ports.size(); ++number) {
    const HostPort &port = verified.ports[number];
    const uint32_t *from = engine->hostData[number].data();
    for (const HostPart &part : port.parts) {
      const image::HostStream &stream = verified.image.manifest().streams(part.stream);
      if (port.output && tensorOfStream[part.stream] == index) {
        const uint32_t *word = from;
        for (uint32_t x = 0; x != stream.senders(); ++x)
          placeBox(stream.box(), x, part.row).forEachRow([&](int64_t element, int64_t, int64_t count, int64_t) {
            for (int64_t i = 0; i != count; ++i) {
              words[element + i] = *word++;
              seen[element + i] = true;
            }
          });
      }
      from += part.words;
    }
  }
  for (size_t i = 0; i != n; ++i)
    if (!seen[i])
      return Diagnostic{ErrorCode::ImageHostStream,
                        "output '" + name + "': no lane carries element " + std::to_string(i),
                        "compile the model again"};
  tensor.bytes.resize(n * elementBytes(info.type));
  for (size_t i = 0; i != n; ++i) {
    if (info.type == HostType::I64) {
      int64_t value = static_cast<int32_t>(words[i]);
      std::memcpy(tensor.bytes.data() + 8 * i, &value, 8);
    } else if (info.type == HostType::Bool) {
      tensor.bytes[i] = words[i] != 0;
    } else {
      std::memcpy(tensor.bytes.data() + 4 * i, &words[i], 4);
    }
  }
  return tensor;
}
