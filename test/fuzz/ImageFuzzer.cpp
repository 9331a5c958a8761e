// A program image: read, verified against the profile inside it, and run, all within bounds. What verification accepts
// must not crash the emulator, whatever the program does; it ends as it ends whatever order the cores run in, and the
// same run gives the same outputs.
#include "Fuzz.h"

#include "wafer/Emulator/Emulator.h"
#include "wafer/Program/ImageText.h"

#include <optional>

using namespace wafer;
using namespace wafer::fuzz;

namespace {

// Larger programs are legal, and tell no more: what is verified, and what is run, for how long.
constexpr uint64_t kMaxMeshPes = 1 << 12;
constexpr int kMaxPes = 64;
constexpr int64_t kMaxElements = 1 << 14;
constexpr double kMaxCycles = 4'000;

/// What a run shows to its caller.
struct Outcome {
  bool good = false;
  std::string error;
  double cycles = 0;
  std::vector<HostTensor> outputs;
};

HostTensor input(const TensorInfo &info) {
  HostTensor tensor{info.type, info.shape, {}};
  tensor.bytes.resize(tensor.elements() * elementBytes(info.type));
  for (size_t i = 0; i < tensor.bytes.size(); i += elementBytes(info.type))
    tensor.bytes[i] = info.type == HostType::Bool ? i & 1 : i % 7;
  return tensor;
}

Outcome run(Emulator &emulator, EngineKind engine, uint64_t seed) {
  RunOptions options;
  options.engine = engine;
  options.maxCycles = kMaxCycles;
  options.scheduleSeed = seed;
  Status status = emulator.run(options);
  Outcome outcome;
  outcome.good = bool(status);
  if (!status) {
    requireCoded(status.error());
    outcome.error = codeString(status.error().code);
    return outcome;
  }
  outcome.cycles = emulator.stats().cycles;
  for (const TensorInfo &info : emulator.outputs()) {
    Result<HostTensor> tensor = emulator.output(info.name);
    if (tensor)
      outcome.outputs.push_back(tensor.take());
    else
      requireCoded(tensor.error());
  }
  return outcome;
}

/// The profile inside an image. Few mutations touch it, which the target `profile` is for, and reading it takes half
/// of an input's time: the last one is kept.
const Result<Profile> &profileOf(const std::string &text) {
  static std::string known;
  static std::optional<Result<Profile>> profile;
  if (!profile || known != text) {
    profile = Profile::parse(text);
    known = text;
  }
  return *profile;
}

bool small(const std::vector<TensorInfo> &infos) {
  for (const TensorInfo &info : infos) {
    int64_t elements = 1;
    for (int64_t extent : info.shape)
      if ((elements *= extent) > kMaxElements)
        return false;
  }
  return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TimeLimit limit;
  Result<Image> image = Image::fromBytes({data, data + size});
  if (!image) {
    requireCoded(image.error());
    return 0;
  }
  // The text is of any image that can be read, however senseless.
  if (hashOf(data, size) % 8 == 0)
    require(!imageText(*image).empty(), "an image has a text");
  const Result<Profile> &profile = profileOf(image->manifest().target_profile());
  if (!profile) {
    requireCoded(profile.error());
    return 0;
  }
  if (uint64_t(image->manifest().mesh_width()) * image->manifest().mesh_height() > kMaxMeshPes)
    return 0;
  Result<VerifiedProgram> program = verifyProgram(image.take(), *profile);
  if (!program) {
    requireCoded(program.error());
    return 0;
  }
  if (program->width * program->height > kMaxPes)
    return 0;
  Result<std::unique_ptr<Emulator>> created = Emulator::create(program.take());
  if (!created) {
    requireCoded(created.error());
    return 0;
  }
  Emulator &emulator = **created;
  if (!small(emulator.inputs()) || !small(emulator.outputs()))
    return 0;
  for (const TensorInfo &info : emulator.inputs())
    require(bool(emulator.setInput(info.name, input(info))), "an input of the declared type and shape is taken");
  const Outcome first = run(emulator, EngineKind::Scalar, 0);
  auto same = [&](const Outcome &other, const char *what) {
    require(first.good == other.good, what, first.error + " " + other.error);
    if (!first.good)
      return;
    require(first.cycles == other.cycles, what, "cycles");
    require(first.outputs.size() == other.outputs.size(), what, "outputs");
    for (size_t i = 0; i != first.outputs.size(); ++i)
      require(first.outputs[i].bytes == other.outputs[i].bytes, what, "outputs");
  };
  same(run(emulator, EngineKind::Scalar, 1 + hashOf(data, size) % 1000), "a run does not depend on the order of cores");
  same(run(emulator, EngineKind::Classes, 0), "a run by class is as one PE by PE");
  return 0;
}
