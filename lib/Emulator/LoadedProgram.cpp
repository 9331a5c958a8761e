#include "wafer/Emulator/LoadedProgram.h"

#include "ProgramTables.h"

#include <algorithm>
#include <chrono>
#include <map>

using namespace wafer;
using namespace wafer::emulator;

static double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

LoadedProgram::LoadedProgram(VerifiedProgram verified)
    : program(std::move(verified)), engineTables(std::make_unique<ProgramTables>(program)) {
  describeTensors();
}

LoadedProgram::~LoadedProgram() = default;

Result<std::shared_ptr<const LoadedProgram>> LoadedProgram::create(VerifiedProgram program) {
  return std::shared_ptr<const LoadedProgram>(new LoadedProgram(std::move(program)));
}

Result<std::shared_ptr<const LoadedProgram>> LoadedProgram::open(Image image) {
  auto start = std::chrono::steady_clock::now();
  Result<Profile> profile = Profile::parseOnce(image.manifest().target_profile());
  if (!profile)
    return profile.error();
  Result<VerifiedProgram> program = verifyProgram(std::move(image), *profile);
  if (!program)
    return program.error();
  std::shared_ptr<LoadedProgram> loaded(new LoadedProgram(program.take()));
  loaded->seconds = secondsSince(start);
  return std::shared_ptr<const LoadedProgram>(loaded);
}

Result<std::shared_ptr<const LoadedProgram>> LoadedProgram::open(const std::string &path) {
  Result<Image> image = Image::open(path);
  if (!image)
    return image.error();
  return open(image.take());
}

static TensorInfo tensorInfo(const image::Tensor &tensor) {
  TensorInfo info;
  info.name = tensor.name();
  info.type = hostType(tensor.type());
  info.shape.assign(tensor.shape().begin(), tensor.shape().end());
  return info;
}

void LoadedProgram::describeTensors() {
  const image::Manifest &manifest = program.image.manifest();
  ignored.assign(manifest.ignored_inputs().begin(), manifest.ignored_inputs().end());
  std::map<std::string, size_t> counts; // streams by name
  for (const image::RuntimeExtent &extent : manifest.extents())
    counts[extent.count()] = 0;
  for (int i = 0; i != manifest.streams_size(); ++i) {
    const image::HostStream &stream = manifest.streams(i);
    streamInputs.push_back(0);
    if (stream.output()) {
      if (auto count = counts.find(stream.tensor().name()); count != counts.end()) {
        count->second = i; // the host's own
        continue;
      }
      outputInfo.push_back(tensorInfo(stream.tensor()));
      outputStreams.push_back({static_cast<size_t>(i)});
      continue;
    }
    size_t index = 0;
    while (index != inputInfo.size() && inputInfo[index].name != stream.tensor().name())
      ++index;
    if (index == inputInfo.size())
      inputInfo.push_back(tensorInfo(stream.tensor()));
    streamInputs.back() = index;
  }
  for (const image::RuntimeExtent &extent : manifest.extents())
    for (size_t i = 0; i != outputInfo.size(); ++i)
      if (outputInfo[i].name == extent.output()) {
        outputInfo[i].openDim = extent.dim();
        outputStreams[i].count = counts[extent.count()];
      }
}

bool LoadedProgram::isIgnored(const std::string &name) const {
  return std::ranges::find(ignored, name) != ignored.end();
}
