// Both engines on one program; the smallest program that still differs; many programs.
#include "RandomProgram.h"

#include "wafer/Emulator/Emulator.h"
#include "wafer/Program/ImageText.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>

using namespace wafer;
using namespace wafer::random_programs;

static constexpr double kMostCycles = 300000;

static std::string codeOf(const Diagnostic &error) { return "WF" + std::to_string(int(error.code)); }

static HostTensor tensorOf(const std::vector<uint32_t> &words) {
  HostTensor tensor{HostType::I32, {int64_t(words.size())}, std::vector<uint8_t>(words.size() * 4)};
  std::memcpy(tensor.bytes.data(), words.data(), tensor.bytes.size());
  return tensor;
}

/// The engine by class must do what the scalar one did: to the bit, the cycle and the count; and end as that one does,
/// to the letter.
static std::string differsByClass(Emulator &scalar, const Status &ran, const TensorWords &inputs, unsigned threads,
                                  bool &byClass) {
  Result<std::unique_ptr<Emulator>> opened = Emulator::create(scalar.shared());
  Emulator &emulator = **opened;
  for (const auto &[name, words] : inputs)
    (void)emulator.setInput(name, tensorOf(words));
  RunOptions options;
  options.engine = EngineKind::Classes;
  options.threads = threads;
  options.maxCycles = kMostCycles;
  const Status status = emulator.run(options);
  if (bool(status) != bool(ran) || (!ran && status.error().code != ran.error().code))
    return "end: by class " + (status ? "good" : codeOf(status.error())) + ", scalar " +
           (ran ? "good" : codeOf(ran.error()));
  if (!ran && status.error().str() != ran.error().str())
    return "words: by class " + status.error().str() + ", scalar " + ran.error().str();
  const RunStats &ours = emulator.stats(), &theirs = scalar.stats();
  byClass = ours.engine == EngineKind::Classes;
  if (!ran && !byClass)
    return "";
  auto differ = [](const char *what, auto a, auto b) {
    return a == b ? "" : std::string(what) + ": by class " + std::to_string(a) + ", scalar " + std::to_string(b);
  };
  for (const std::string &text :
       {differ("cycles", ours.cycles, theirs.cycles), differ("instructions", ours.instructions, theirs.instructions),
        differ("vector elements", ours.vectorElements, theirs.vectorElements),
        differ("wavelets", ours.wavelets, theirs.wavelets)})
    if (!text.empty())
      return text;
  for (size_t i = 0; i != ours.regions.size(); ++i)
    if (ours.regions[i].cycles != theirs.regions[i].cycles)
      return "cycles of a region: by class " + std::to_string(ours.regions[i].cycles) + ", scalar " +
             std::to_string(theirs.regions[i].cycles);
  if (!ran)
    return "";
  for (const TensorInfo &output : scalar.outputs())
    if (emulator.output(output.name).take().bytes != scalar.output(output.name).take().bytes)
      return "values: '" + output.name + "' by class is not what it is PE by PE";
  return "";
}

Comparison random_programs::compare(const RandomProgram &program) {
  Comparison result;
  Result<VerifiedProgram> verified = build(program);
  if (!verified) {
    result.difference = "is refused: " + verified.error().str();
    return result;
  }
  const TensorWords inputs = inputsOf(program, *verified);
  Result<ReferenceRun> exact = runReference(*verified, inputs, kMostCycles);
  Result<std::unique_ptr<Emulator>> opened = Emulator::create(verified.take());
  if (!opened) {
    result.difference = "does not load: " + opened.error().str();
    return result;
  }
  Emulator &emulator = **opened;
  for (const auto &[name, words] : inputs)
    if (Status status = emulator.setInput(name, tensorOf(words)); !status) {
      result.difference = status.error().str();
      return result;
    }
  RunOptions options;
  options.maxCycles = kMostCycles;
  options.scheduleSeed = program.seed % 2 ? program.seed : 0;
  options.engine = EngineKind::Scalar;
  const Status ran = emulator.run(options);
  if (!ran)
    result.code = codeOf(ran.error());
  result.difference = differsByClass(emulator, ran, inputs, 1 + program.seed % 3, result.byClass);
  if (!result.difference.empty())
    return result;
  if (!ran || !exact) {
    const std::string ours = ran ? "a good end" : ran.error().str(),
                      theirs = exact ? "a good end" : exact.error().str();
    if (bool(ran) != bool(exact) || ran.error().code != exact.error().code)
      result.difference = "end: emulator " + (ran ? "good" : codeOf(ran.error())) + ", reference " +
                          (exact ? "good" : codeOf(exact.error())) + "\n  emulator: " + ours +
                          "\n  reference: " + theirs;
    return result;
  }
  const RunStats &stats = emulator.stats();
  result.streamCycles = stats.cycles, result.exactCycles = exact->cycles, result.instructions = stats.instructions;
  TensorWords outputs;
  for (const auto &[name, words] : exact->outputs) {
    const HostTensor tensor = emulator.output(name).take();
    outputs[name].resize(words.size());
    std::memcpy(outputs[name].data(), tensor.bytes.data(), tensor.bytes.size());
  }
  auto equal = [&](const char *what, uint64_t ours, uint64_t theirs) {
    if (ours != theirs && result.difference.empty())
      result.difference =
          std::string(what) + ": emulator " + std::to_string(ours) + ", reference " + std::to_string(theirs);
  };
  equal("instructions", stats.instructions, exact->instructions);
  equal("vector elements", stats.vectorElements, exact->vectorElements);
  equal("wavelets", stats.wavelets, exact->wavelets);
  for (const auto &[name, words] : exact->outputs) {
    for (size_t k = 0; k != words.size() && result.difference.empty(); ++k) {
      if (const uint32_t word = outputs[name][k]; word != words[k]) {
        char text[100];
        std::snprintf(text, sizeof text, "values: '%s' word %zu: emulator 0x%08x, reference 0x%08x", name.c_str(), k,
                      word, words[k]);
        result.difference = text;
      }
    }
  }
  if (result.difference.empty() && program.unshared && std::abs(result.streamCycles / result.exactCycles - 1) > 0.02)
    result.difference = "cycles: stream " + std::to_string(result.streamCycles) + ", exact " +
                        std::to_string(result.exactCycles) + " where nothing is shared";
  return result;
}

//===- Shrinking ----------------------------------------------------------===//

RandomProgram random_programs::shrink(RandomProgram program) {
  // Two differences are of a kind if they begin alike: "values", "end: emulator good, reference WF7011", ...
  auto kindOf = [](const RandomProgram &p) {
    const std::string difference = compare(p).difference;
    return difference.substr(0,
                             std::min(difference.find(difference.starts_with("end") ? '\n' : ':'), difference.size()));
  };
  const std::string kind = kindOf(program);
  bool smaller = true;
  auto attempt = [&](auto change) {
    RandomProgram other = program;
    change(other);
    if (kindOf(other) != kind)
      return false;
    program = std::move(other);
    return smaller = true;
  };
  while (smaller) {
    smaller = false;
    if (program.checksums)
      attempt([](RandomProgram &p) { p.checksums = false; });
    for (size_t i = program.steps.size(); i-- != 0;)
      attempt([&](RandomProgram &p) { p.steps.erase(p.steps.begin() + std::ptrdiff_t(i)); });
    for (size_t i = 0; i != program.steps.size(); ++i) {
      const Step step = program.steps[i];
      auto set = [&](auto field, auto value) {
        if (step.*field != value)
          attempt([&](RandomProgram &p) { p.steps[i].*field = value; });
      };
      set(&Step::loops, 1), set(&Step::function, false), set(&Step::control, false), set(&Step::simple, true);
      const int count = step.count;
      for (int fewer : {1, count / 2, count - 1})
        if (fewer > 0 && fewer < program.steps[i].count)
          set(&Step::count, fewer);
      if (step.kind != Step::DirectCast && step.kind != Step::Shift)
        set(&Step::threads, false);
    }
    for (unsigned bit = 0; bit != 9; ++bit)
      if (program.written >> bit & 1)
        attempt([&](RandomProgram &p) { p.written &= ~(1u << bit); });
    if (program.regions != RandomProgram::ByPe)
      attempt([](RandomProgram &p) { p.regions = RandomProgram::ByPe; });
  }
  return program;
}

std::string random_programs::text(const RandomProgram &program) {
  Result<VerifiedProgram> verified = build(program);
  return verified ? imageText(verified->image) : verified.error().str();
}

//===- Many ---------------------------------------------------------------===//

namespace {
/// How far stream is from exact, over some programs.
struct Times {
  uint64_t programs = 0, equal = 0, within2 = 0;
  double sum = 0, fastest = 0, slowest = 0; // of stream / exact - 1
  uint64_t fastestSeed = 0, slowestSeed = 0;
  void add(const Comparison &c, uint64_t seed) {
    const double off = c.streamCycles / c.exactCycles - 1;
    ++programs, equal += off == 0, within2 += std::abs(off) <= 0.02, sum += std::abs(off);
    if (off < fastest)
      fastest = off, fastestSeed = seed;
    if (off > slowest)
      slowest = off, slowestSeed = seed;
  }
  void print(const char *what) const {
    if (programs)
      std::printf("%s: %llu programs, %.1f %% equal, %.1f %% within 2 %%, mean %.2f %%, %.1f %% (number %llu) to %.1f "
                  "%% (%llu)\n",
                  what, (unsigned long long)programs, 100.0 * double(equal) / double(programs),
                  100.0 * double(within2) / double(programs), 100 * sum / double(programs), 100 * fastest,
                  (unsigned long long)fastestSeed, 100 * slowest, (unsigned long long)slowestSeed);
  }
};
} // namespace

uint64_t random_programs::runMany(uint64_t from, uint64_t count, bool verbose) {
  constexpr uint64_t kShown = 3;
  uint64_t differ = 0, byClass = 0, deadlocks = 0;
  std::map<std::string, uint64_t> ends;
  Times unshared, threads, others;
  for (uint64_t seed = from; seed != from + count; ++seed) {
    const RandomProgram program = generate(seed);
    const Comparison c = compare(program);
    ++ends[c.code.empty() ? "good" : c.code];
    if (c.code.empty() && c.exactCycles > 0)
      (program.unshared                                     ? unshared
       : std::ranges::any_of(program.steps, &Step::threads) ? threads
                                                            : others)
          .add(c, seed);
    byClass += c.byClass;
    deadlocks += c.byClass && !c.code.empty();
    if (c.difference.empty())
      continue;
    std::printf("program %llu: %s\n", (unsigned long long)seed, c.difference.c_str());
    if (++differ <= kShown && verbose) {
      const RandomProgram smallest = shrink(program);
      std::printf("%s\n%s\n", compare(smallest).difference.c_str(), text(smallest).c_str());
    }
  }
  if (verbose) {
    std::printf("ends:");
    for (const auto &[code, programs] : ends)
      std::printf(" %s %llu", code.c_str(), (unsigned long long)programs);
    std::printf("\nrun by class to the end: %llu, of these to a deadlock: %llu", (unsigned long long)byClass,
                (unsigned long long)deadlocks);
    std::printf("\nstream's cycles beside exact's:\n");
    unshared.print("  nothing shared");
    others.print("  shared, no threads");
    threads.print("  with threads");
  }
  return differ;
}
