// Tier `exact`: the reference engine runs the program, and its results go where those of the other engines do.
#include "Engine.h"
#include "HostWords.h"
#include "SiteTimes.h"
#include "wafer/Emulator/Emulator.h"
#include "wafer/Reference/Reference.h"

#include <cfenv>
#include <chrono>

using namespace wafer;
using namespace wafer::emulator;

/// It steps every PE and router of the mesh in every cycle in which anything moves, and has a queue for each color at
/// each of them.
static Status checkSize(const VerifiedProgram &program) {
  constexpr uint64_t kMostPes = 128 * 128;
  const uint64_t pes = uint64_t(program.width) * program.height;
  if (pes <= kMostPes)
    return Status::ok();
  return Diagnostic{ErrorCode::ExactTooLarge,
                    "timing 'exact' steps each PE by cycle: a mesh of " + std::to_string(program.width) + " x " +
                        std::to_string(program.height) + " has " + std::to_string(pes) + " PEs, " +
                        std::to_string(pes - kMostPes) + " more than the " + std::to_string(kMostPes) +
                        " that it takes",
                    "compile for a smaller mesh (--mesh 32x32, say), or take --timing stream"};
}

Status Emulator::runExact(const RunOptions &options) {
  const VerifiedProgram &verified = loaded->verified();
  if (Status size = checkSize(verified); !size)
    return size;
  const image::Manifest &manifest = verified.image.manifest();
  TensorWords given;
  for (int stream = 0; stream != manifest.streams_size(); ++stream)
    if (!manifest.streams(stream).output())
      given[manifest.streams(stream).tensor().name()] = inputWords[loaded->inputOfStream(stream)];
  const auto started = std::chrono::steady_clock::now();
  // The caller's thread may flush denormals or round otherwise.
  fenv_t environment;
  fegetenv(&environment);
  fesetenv(FE_DFL_ENV);
  Result<ReferenceRun> run = runReference(verified, given, options.maxCycles, options.isCancelled);
  fesetenv(&environment);
  if (!run) {
    // Mostly the engine that runs PE by PE comes to the same end, and it knows the node.
    RunOptions again = options;
    again.timing = Timing::Stream;
    if (run.error().code != ErrorCode::Cancelled)
      if (Status told = engine->run(again); !told && told.error().code == run.error().code)
        return told;
    return run.error();
  }
  for (size_t number = 0; number != verified.ports.size(); ++number)
    if (verified.ports[number].output)
      engine->hostData[number] = wordsOfPort(verified, verified.ports[number], [&](const HostPart &part) -> auto & {
        return run->outputs.at(manifest.streams(static_cast<int>(part.stream)).tensor().name());
      });
  RunStats &stats = engine->stats;
  stats.runSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  stats.engine = EngineKind::Reference;
  stats.threads = 1;
  stats.cycles = run->cycles;
  stats.wavelets = run->wavelets;
  stats.instructions = run->instructions;
  stats.vectorElements = run->vectorElements;
  stats.nodes.clear();
  stats.regions.clear();
  for (size_t index = 0; index != run->regionCycles.size(); ++index) {
    stats.regions.push_back(regionStats(verified, loaded->tables().regions[index], 0));
    stats.regions.back().cycles = run->regionCycles[index];
    stats.regions.back().kernels.clear();
  }
  return Status::ok();
}
