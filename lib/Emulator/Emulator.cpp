#include "wafer/Emulator/Emulator.h"

#include "Classes/ClassEngine.h"
#include "Engine.h"
#include "HostWords.h"
#include "wafer/Program/Box.h"

#include <algorithm>
#include <cfenv>
#include <chrono>

using namespace wafer;
using namespace wafer::emulator;

Emulator::~Emulator() = default;

const RunStats &Emulator::stats() const { return engine->stats; }

Result<std::unique_ptr<Emulator>> Emulator::create(std::shared_ptr<const LoadedProgram> program) {
  auto start = std::chrono::steady_clock::now();
  std::unique_ptr<Emulator> emulator(new Emulator());
  emulator->loaded = std::move(program);
  emulator->engine = std::make_unique<Engine>(*emulator->loaded);
  if (Status status = emulator->engine->prepare(); !status)
    return status.error();
  emulator->inputWords.resize(emulator->inputs().size());
  emulator->inputGiven.resize(emulator->inputs().size());
  emulator->engine->stats.loadSeconds =
      emulator->loaded->loadSeconds() + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return emulator;
}

static Result<std::unique_ptr<Emulator>> emulatorOf(Result<std::shared_ptr<const LoadedProgram>> program) {
  if (!program)
    return program.error();
  return Emulator::create(program.take());
}

Result<std::unique_ptr<Emulator>> Emulator::create(VerifiedProgram program) {
  return emulatorOf(LoadedProgram::create(std::move(program)));
}
Result<std::unique_ptr<Emulator>> Emulator::open(Image image) {
  return emulatorOf(LoadedProgram::open(std::move(image)));
}
Result<std::unique_ptr<Emulator>> Emulator::open(const std::string &path) {
  return emulatorOf(LoadedProgram::open(path));
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

Status Emulator::setInput(const std::string &name, const TensorView &tensor) {
  const std::vector<TensorInfo> &inputInfo = inputs();
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

/// How a run by class ended, if it did: all is as after a run PE by PE. What only the scalar engine can do, and what
/// fails otherwise than by a deadlock, is for that one.
std::optional<Status> Emulator::byClass(const RunOptions &options) {
  // Contexts cost more than PEs do one by one where there are few.
  constexpr uint32_t kFewPes = 256;
  const bool wanted = options.engine == EngineKind::Classes ||
                      (options.engine == EngineKind::Auto && loaded->tables().cores >= kFewPes);
  if (!wanted || classesFailed || options.trace || options.scheduleSeed)
    return std::nullopt;
  auto started = std::chrono::steady_clock::now();
  if (!classes)
    classes = std::make_unique<ClassEngine>(*loaded);
  // The caller's thread may flush denormals or round otherwise.
  fenv_t environment;
  fegetenv(&environment);
  fesetenv(FE_DFL_ENV);
  std::optional<Status> ended = classes->run(options, engine->hostData, engine->stats);
  fesetenv(&environment);
  engine->stats.runSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  engine->stats.engine = EngineKind::Classes;
  return ended;
}

Status Emulator::run(const RunOptions &options) {
  ran = false;
  const VerifiedProgram &verified = loaded->verified();
  for (size_t i = 0; i != inputs().size(); ++i)
    if (!inputGiven[i])
      return Diagnostic{ErrorCode::InputMissing, "input '" + inputs()[i].name + "' is not given",
                        listNames("inputs", inputs())};
  // What each port carries: of one stream after the other the boxes of its senders, row-major.
  for (size_t number = 0; number != verified.ports.size(); ++number) {
    const HostPort &port = verified.ports[number];
    if (port.output)
      continue;
    engine->hostData[number] = wordsOfPort(
        verified, port, [&](const HostPart &part) -> auto & { return inputWords[loaded->inputOfStream(part.stream)]; });
  }
  if (options.timing == Timing::Exact) {
    Status status = runExact(options);
    ran = bool(status);
    return status;
  }
  if (std::optional<Status> ended = byClass(options)) {
    ran = bool(*ended);
    return *ended;
  }
  // The memory of a run by class that was given up is for this one.
  const bool gaveUp = classes && !options.trace && !options.scheduleSeed && options.engine != EngineKind::Scalar;
  if (gaveUp)
    classes.reset();
  Status status = engine->run(options);
  engine->stats.engine = EngineKind::Scalar;
  engine->stats.threads = 1;
  ran = bool(status);
  if (gaveUp && ran) // nothing was wrong: this program is not for classes, and need not be tried again
    classesFailed = true;
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
  const std::vector<TensorInfo> &outputInfo = outputs();
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
  const LoadedProgram::OutputStream &streams = loaded->outputStream(index);
  Result<std::vector<uint32_t>> words = wordsOf(streams.stream);
  if (!words)
    return words.error();
  if (info.openDim) {
    Result<std::vector<uint32_t>> count = wordsOf(*streams.count);
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
  const VerifiedProgram &verified = loaded->verified();
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
