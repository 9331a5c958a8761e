// A program that is ready to run: an image that has been verified, and what is worked out of it once. Nothing of it
// changes any more, so any number of emulators may run it, each on a thread of its own.
#ifndef WAFER_EMULATOR_LOADEDPROGRAM_H
#define WAFER_EMULATOR_LOADEDPROGRAM_H

#include "wafer/Program/Verify.h"
#include "wafer/Support/Diagnostic.h"
#include "wafer/Support/Tensor.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wafer {

struct TensorInfo {
  std::string name;
  HostType type; // as the model declares it
  std::vector<int64_t> shape;
  /// Of an output: the dimension whose extent each run tells; `shape` has the largest there can be.
  std::optional<size_t> openDim{};
};

namespace emulator {
struct ProgramTables;
}

class LoadedProgram {
public:
  /// Opens and verifies an image; the profile is the one inside it.
  static Result<std::shared_ptr<const LoadedProgram>> open(const std::string &path);
  static Result<std::shared_ptr<const LoadedProgram>> open(Image image);
  static Result<std::shared_ptr<const LoadedProgram>> create(VerifiedProgram program);
  ~LoadedProgram();

  const VerifiedProgram &verified() const { return program; }
  const Image &image() const { return program.image; }
  const std::vector<TensorInfo> &inputs() const { return inputInfo; }
  const std::vector<TensorInfo> &outputs() const { return outputInfo; }

  /// Inputs of the model that no output depends on: the program does not have them, and they need not be given.
  const std::vector<std::string> &ignoredInputs() const { return ignored; }
  bool isIgnored(const std::string &name) const;

  /// Of a host stream, by Manifest.streams: the input that it carries.
  size_t inputOfStream(size_t stream) const { return streamInputs[stream]; }
  /// Of an output: the stream that carries it, and the one that tells the extent of its open dimension.
  struct OutputStream {
    size_t stream; // in Manifest.streams
    std::optional<size_t> count{};
  };
  const OutputStream &outputStream(size_t output) const { return outputStreams[output]; }

  double loadSeconds() const { return seconds; }

  /// What engines need to know of it.
  const emulator::ProgramTables &tables() const { return *engineTables; }

private:
  explicit LoadedProgram(VerifiedProgram verified);
  void describeTensors();

  const VerifiedProgram program;
  std::unique_ptr<const emulator::ProgramTables> engineTables;
  std::vector<TensorInfo> inputInfo, outputInfo;
  std::vector<OutputStream> outputStreams;
  std::vector<std::string> ignored;
  std::vector<size_t> streamInputs;
  double seconds = 0;
};

} // namespace wafer

#endif // WAFER_EMULATOR_LOADEDPROGRAM_H
