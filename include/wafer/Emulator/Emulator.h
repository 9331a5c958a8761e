// The emulator, as a library: load an image, set inputs, run, read outputs, again.
//
//   Result<std::unique_ptr<Emulator>> emulator = Emulator::open("model.wafer");
//   (*emulator)->setInput("x", tensor);
//   Status status = (*emulator)->run({});
//   Result<HostTensor> y = (*emulator)->output("y");
//
// It executes the programs of the cores and nothing else: no tensor lives outside core memory and host ports. Weights
// stay loaded between runs; everything else is reset.
//
// An Emulator is the state of a run: used by one thread at a time, with a memory of its own. What it runs does not
// change and is shared. So one program runs in several threads at once:
//
//   Result<std::shared_ptr<const LoadedProgram>> program = LoadedProgram::open("model.wafer");
//   Result<std::unique_ptr<Emulator>> emulator = Emulator::create(*program); // in each thread
#ifndef WAFER_EMULATOR_EMULATOR_H
#define WAFER_EMULATOR_EMULATOR_H

#include "wafer/Emulator/LoadedProgram.h"
#include "wafer/Support/Diagnostic.h"
#include "wafer/Support/Tensor.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wafer {

enum class Timing : uint8_t {
  Off,    // values only; the cores' clocks count their own instructions
  Stream, // max-plus times on streams: docs/machine.md says what it leaves out
  Exact,  // every wavelet by itself, cycle by cycle, by the reference engine: small meshes only (WF8011)
};

/// A rectangle of PEs of the mesh.
struct PeRect {
  uint32_t x = 0, y = 0, width = 0, height = 0;
};

/// "X,Y,WxH": the north-west corner, then the size.
Result<PeRect> parsePeRect(const std::string &text);

/// A trace of the run, in Perfetto's format: docs/trace.md.
struct TraceOptions {
  std::string path;
  std::optional<PeRect> pes; // also, instruction by instruction, what these do
};

/// Which engine runs a program. Outputs, cycles and counts are the same.
enum class EngineKind : uint8_t {
  Auto,      // by class where the program is large enough and lets it
  Scalar,    // PE by PE
  Classes,   // what PEs do alike is done once; what cannot be done so is run PE by PE all the same
  Reference, // runs what Timing::Exact asks for, and nothing else
};

struct RunOptions {
  Timing timing = Timing::Stream;
  EngineKind engine = EngineKind::Auto; // of what is not exact
  /// That one run may use; 0: as many as this host has. Results are the same. What runs PE by PE takes one.
  unsigned threads = 0;
  uint64_t scheduleSeed = 0;         // not 0: cores run in a shuffled order; results must not change
  double maxCycles = 0;              // 0: no limit
  std::optional<TraceOptions> trace; // of what is not exact
  /// Called now and then with the number of cores that have halted.
  std::function<void(uint64_t halted, uint64_t cores)> progress;
  /// Asked now and then; if it says yes, the run ends with WF8010.
  std::function<bool()> isCancelled;
};

struct NodeStats { // of an ONNX node
  std::string name;
  double busyCycles = 0;                // summed over cores, waiting included
  double firstCycle = 0, lastCycle = 0; // over all cores
};

struct KernelStats { // of a step of a region's program
  std::string name;  // of the ONNX node that it is named for
  std::string op;    // of the wafer dialect
  uint64_t estimatedCycles = 0;
  double busyCycles = 0;                // summed over cores, waiting included
  double firstCycle = 0, lastCycle = 0; // over all cores
};

struct RegionStats {
  std::string name;
  uint32_t x = 0, y = 0, width = 0, height = 0;
  uint32_t sramBytes = 0; // of each core
  double cycles = 0;      // until its last core halted
  std::vector<KernelStats> kernels;
};

struct RunStats {
  double cycles = 0; // to the last output word at the host's port; with Timing::Off a lower bound
  double loadSeconds = 0, runSeconds = 0;
  uint64_t coresUsed = 0, coresTotal = 0;
  uint64_t sramMax = 0, sramTotal = 0, sramLimit = 0; // bytes
  uint64_t wavelets = 0;                              // injected, by cores and host
  uint64_t instructions = 0, vectorElements = 0;
  EngineKind engine = EngineKind::Scalar; // that ran it
  unsigned threads = 1;                   // that it may have used
  std::vector<RegionStats> regions;
  std::vector<NodeStats> nodes;
};

namespace emulator {
class ClassEngine;
class Engine;
} // namespace emulator

class Emulator {
public:
  /// Loads a program, as LoadedProgram does, for this emulator alone.
  static Result<std::unique_ptr<Emulator>> open(const std::string &path);
  static Result<std::unique_ptr<Emulator>> open(Image image);
  static Result<std::unique_ptr<Emulator>> create(VerifiedProgram program);
  /// Memory and cores for a program that others may run as well.
  static Result<std::unique_ptr<Emulator>> create(std::shared_ptr<const LoadedProgram> program);
  ~Emulator();

  const LoadedProgram &program() const { return *loaded; }
  /// The same, for another emulator.
  const std::shared_ptr<const LoadedProgram> &shared() const { return loaded; }
  const std::vector<TensorInfo> &inputs() const { return loaded->inputs(); }
  const std::vector<TensorInfo> &outputs() const { return loaded->outputs(); }
  const std::vector<std::string> &ignoredInputs() const { return loaded->ignoredInputs(); }
  bool isIgnored(const std::string &name) const { return loaded->isIgnored(name); }

  /// The type and shape must be the declared ones. Integers of 64 bits must fit 32, doubles the range of a float.
  Status setInput(const std::string &name, const TensorView &tensor);
  Status run(const RunOptions &options);
  /// Of the last successful run, in the declared type.
  Result<HostTensor> output(const std::string &name) const;
  const RunStats &stats() const;

private:
  Emulator() = default;
  std::optional<Status> byClass(const RunOptions &options);
  Status runExact(const RunOptions &options);

  /// The words that an output stream carried in the last run, in the order of its tensor.
  Result<std::vector<uint32_t>> wordsOf(size_t stream) const;

  std::shared_ptr<const LoadedProgram> loaded;
  std::unique_ptr<emulator::Engine> engine;
  std::unique_ptr<emulator::ClassEngine> classes; // once a run wants it
  bool classesFailed = false;                     // this program cannot be run by class
  std::vector<std::vector<uint32_t>> inputWords;  // by input, row-major
  std::vector<bool> inputGiven;
  bool ran = false;
};

} // namespace wafer

#endif // WAFER_EMULATOR_EMULATOR_H
