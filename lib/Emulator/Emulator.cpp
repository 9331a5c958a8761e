#include "wafer/Emulator/Emulator.h"

#include "Engine.h"
#include "wafer/Program/Box.h"

#include <algorithm>
#include <chrono>
#include <map>

using namespace wafer;
using namespace wafer::emulator;

static TensorInfo tensorInfo(const image::Tensor &tensor) {
  TensorInfo info;
  info.name = tensor.name();
  info.type = hostType(tensor.type());
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
  std::map<std::string, size_t> counts; // streams by name
  for (const image::RuntimeExtent &extent : manifest.extents())
    counts[extent.count()] = 0;
  for (int i = 0; i != manifest.streams_size(); ++i) {
    const image::HostStream &stream = manifest.streams(i);
    emulator->inputOfStream.push_back(0);
    if (stream.output()) {
      if (auto count = counts.find(stream.tensor().name()); count != counts.end()) {
        count->second = i; // the host's own
        continue;
      }
      emulator->outputInfo.push_back(tensorInfo(stream.tensor()));
      emulator->outputStreams.push_back({static_cast<size_t>(i)});
      continue;
    }
    std::vector<TensorInfo> &infos = emulator->inputInfo;
    size_t index = 0;
    while (index != infos.size() && infos[index].name != stream.tensor().name())
      ++index;
    if (index == infos.size())
      infos.push_back(tensorInfo(stream.tensor()));
    emulator->inputOfStream.back() = index;
  }
  for (const image::RuntimeExtent &extent : manifest.extents())
    for (size_t i = 0; i != emulator->outputInfo.size(); ++i)
      if (emulator->outputInfo[i].name == extent.output()) {
        emulator->outputInfo[i].openDim = extent.dim();
        emulator->outputStreams[i].count = counts[extent.count()];
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

Status Emulator::setInput(const std::string &name, const TensorView &tensor) {
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
                      std::string("convert it: array.astype(") +
                          (info.type == HostType::BF16 ? "ml_dtypes." : "numpy.") + hostTypeName(info.type) + ")"};
  if (!std::ranges::equal(tensor.shape, info.shape))
    return Diagnostic{ErrorCode::InputShape,
                      "input '" + name + "' has shape " + shapeText(info.shape) + ", not " +
                          shapeText({tensor.shape.begin(), tensor.shape.end()}),
                      "shapes are fixed when the model is compiled"};
  size_t n = 1;
  for (int64_t extent : info.shape)
    n *= extent;
  if (tensor.bytes.size() != n * elementBytes(tensor.type))
    return Diagnostic{ErrorCode::InputShape,
                      "input '" + name + "' has " + std::to_string(tensor.bytes.size()) + " bytes, its shape wants " +
                          std::to_string(n * elementBytes(tensor.type)),
                      ""};
  CarriedWords carried = toWords(info.type, tensor.bytes);
  if (carried.beyond) {
    bool isFloat = info.type == HostType::F64;
    return Diagnostic{ErrorCode::InputRange,
                      "input '" + name + "': element " + std::to_string(*carried.beyond) + " is " + carried.value +
                          ", beyond " + (isFloat ? "the range of float32" : "32 bits"),
                      isFloat ? "the machine computes float64 in float32" : "the machine's integers have 32 bits"};
  }
  inputWords[index] = std::move(carried.words);
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
      const std::vector<uint32_t> &from = inputWords[inputOfStream[part.stream]];
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

/// Keeps the first `extent` elements along a dimension.
static void cutWords(std::vector<uint32_t> &words, std::vector<int64_t> &shape, size_t dim, int64_t extent) {
  int64_t inner = 1, outer = 1;
  for (size_t d = 0; d != shape.size(); ++d)
    if (d != dim)
      (d < dim ? outer : inner) *= shape[d];
  const int64_t from = shape[dim] * inner, to = extent * inner;
  for (int64_t i = 0; i != outer; ++i)
    std::copy_n(words.begin() + i * from, to, words.begin() + i * to);
  words.resize(outer * to);
  shape[dim] = extent;
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
  Result<std::vector<uint32_t>> words = wordsOf(outputStreams[index].stream);
  if (!words)
    return words.error();
  if (info.openDim) {
    Result<std::vector<uint32_t>> count = wordsOf(*outputStreams[index].count);
    if (!count)
      return count.error();
    auto extent = static_cast<int32_t>(count->front());
    if (extent < 0 || extent > info.shape[*info.openDim])
      return Diagnostic{ErrorCode::ImageHostStream,
                        "output '" + name + "': the program says that it has " + std::to_string(extent) +
                            " of at most " + std::to_string(info.shape[*info.openDim]) + " elements along dimension " +
                            std::to_string(*info.openDim),
                        "compile the model again"};
    cutWords(*words, tensor.shape, *info.openDim, extent);
  }
  tensor.bytes = fromWords(info.type, *words);
  return tensor;
}

Result<std::vector<uint32_t>> Emulator::wordsOf(size_t number) const {
  const VerifiedProgram &verified = engine->program;
  const image::HostStream &stream = verified.image.manifest().streams(static_cast<int>(number));
  size_t n = 1;
  for (int64_t extent : stream.tensor().shape())
    n *= extent;
  std::vector<uint32_t> words(n);
  std::vector<bool> seen(n);
  for (size_t i = 0; i != verified.ports.size(); ++i) {
    const HostPort &port = verified.ports[i];
    const uint32_t *from = engine->hostData[i].data();
    for (const HostPart &part : port.parts) {
      if (port.output && part.stream == number) {
        const uint32_t *word = from;
        for (uint32_t x = 0; x != stream.senders(); ++x)
          placeBox(stream.box(), x, part.row).forEachRow([&](int64_t element, int64_t, int64_t count, int64_t) {
            for (int64_t k = 0; k != count; ++k) {
              words[element + k] = *word++;
              seen[element + k] = true;
            }
          });
      }
      from += part.words;
    }
  }
  for (size_t i = 0; i != n; ++i)
    if (!seen[i])
      return Diagnostic{ErrorCode::ImageHostStream,
                        "output '" + stream.tensor().name() + "': no lane carries element " + std::to_string(i),
                        "compile the model again"};
  return words;
}
