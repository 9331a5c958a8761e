// Times of a program's runs with each engine, in one process: what the second run and all later ones take.
//
//   engines IMAGE.wafer [NAME=FILE.npy ...] [--runs N] [--threads N] [--timing off] [--engine scalar|classes]
//
// Inputs that are not given are zeros. Prints, PE by PE, by class with one thread and with N (2), the least and the
// median of the runs after a first one (--runs 0: of that one, loading included), seconds of CPU of the calling thread
// and of all of them, and what must be equal: cycles, instructions, elements, wavelets and a checksum of the outputs.
// benchmarks/engines.py does so for models.
#include "wafer/Emulator/Emulator.h"
#include "wafer/Support/Npy.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <vector>

using namespace wafer;

static uint64_t checksum(const Emulator &emulator) {
  uint64_t sum = 14695981039346656037u; // FNV-1a
  for (const TensorInfo &info : emulator.outputs()) {
    Result<HostTensor> tensor = emulator.output(info.name);
    for (auto byte : tensor ? tensor->bytes : decltype(tensor->bytes)())
      sum = (sum ^ uint8_t(byte)) * 1099511628211u;
  }
  return sum;
}

/// Of this thread, or of all of them.
static double cpuSeconds(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

static int fail(const Diagnostic &why) {
  std::fprintf(stderr, "engines: %s\n", why.str().c_str());
  return 1;
}

/// What `files` has, else zeros.
static Status setInputs(Emulator &emulator, const std::map<std::string, std::string> &files) {
  for (const TensorInfo &info : emulator.inputs()) {
    HostTensor tensor{info.type, info.shape, {}};
    if (auto file = files.find(info.name); file != files.end()) {
      Result<HostTensor> read = readNpy(file->second);
      if (!read)
        return read.error();
      tensor = read.take();
    } else {
      size_t bytes = elementBytes(info.type);
      for (int64_t extent : info.shape)
        bytes *= extent;
      tensor.bytes.resize(bytes);
    }
    if (Status set = emulator.setInput(info.name, TensorView{tensor.type, tensor.shape, tensor.bytes}); !set)
      return set;
  }
  return Status::ok();
}

/// Prints a row.
static Status measure(Emulator &emulator, const RunOptions &options, int runs) {
  std::vector<double> seconds;
  double own = 0, all = 0;
  for (int run = runs ? -1 : 0; run < std::max(runs, 1); ++run) {
    if (run == 0)
      own = -cpuSeconds(CLOCK_THREAD_CPUTIME_ID), all = -cpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
    if (Status status = emulator.run(options); !status)
      return status;
    if (run >= 0)
      seconds.push_back(emulator.stats().runSeconds);
  }
  own = (own + cpuSeconds(CLOCK_THREAD_CPUTIME_ID)) / static_cast<double>(seconds.size());
  all = (all + cpuSeconds(CLOCK_PROCESS_CPUTIME_ID)) / static_cast<double>(seconds.size());
  std::sort(seconds.begin(), seconds.end());
  const RunStats &stats = emulator.stats();
  std::printf("%-8s %7u %9.4f %9.4f %9.4f %9.4f %16.3f %14llu %14llu %14llu  %016llx\n",
              stats.engine == EngineKind::Classes ? "classes" : "scalar", stats.threads, seconds.front(),
              seconds[seconds.size() / 2], own, all, stats.cycles, (unsigned long long)stats.instructions,
              (unsigned long long)stats.vectorElements, (unsigned long long)stats.wavelets,
              (unsigned long long)checksum(emulator));
  std::fflush(stdout);
  return Status::ok();
}

int main(int argc, char **argv) {
  std::string image, only;
  std::map<std::string, std::string> files;
  RunOptions options;
  int runs = 5;
  unsigned threads = 2;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--runs" && i + 1 < argc)
      runs = std::max(0, std::atoi(argv[++i]));
    else if (argument == "--timing" && i + 1 < argc)
      options.timing = std::strcmp(argv[++i], "off") ? Timing::Stream : Timing::Off;
    else if (argument == "--threads" && i + 1 < argc)
      threads = std::max(1, std::atoi(argv[++i]));
    else if (argument == "--engine" && i + 1 < argc)
      only = argv[++i];
    else if (const size_t at = argument.find('='); at != std::string::npos)
      files[argument.substr(0, at)] = argument.substr(at + 1);
    else
      image = argument;
  }
  if (image.empty()) {
    std::fprintf(stderr, "usage: engines IMAGE.wafer [NAME=FILE.npy ...] [--runs N] [--threads N] [--timing off] "
                         "[--engine scalar|classes]\n");
    return 2;
  }
  Result<std::shared_ptr<const LoadedProgram>> program = LoadedProgram::open(image);
  if (!program)
    return fail(program.error());
  std::printf("%-8s %7s %9s %9s %9s %9s %16s %14s %14s %14s  %s\n", "engine", "threads", "least s", "median s",
              "CPU, own", "CPU, all", "cycles", "instructions", "elements", "wavelets", "outputs");
  for (EngineKind kind : {EngineKind::Scalar, EngineKind::Classes}) {
    if (!only.empty() && only != (kind == EngineKind::Scalar ? "scalar" : "classes"))
      continue;
    Result<std::unique_ptr<Emulator>> emulator = Emulator::create(*program);
    if (!emulator)
      return fail(emulator.error());
    if (Status set = setInputs(**emulator, files); !set)
      return fail(set.error());
    options.engine = kind;
    for (options.threads = 1; options.threads <= threads; options.threads += std::max(1u, threads - 1)) {
      if (Status status = measure(**emulator, options, runs); !status)
        return fail(status.error());
      if (kind == EngineKind::Scalar)
        break;
    }
  }
  return 0;
}
