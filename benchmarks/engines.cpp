// Times of a program's runs with each engine, in one process: what the second run and all later ones take.
//
//   engines IMAGE.wafer [NAME=FILE.npy ...] [--runs N] [--timing off] [--engine scalar|classes]
//
// Inputs that are not given are zeros. Prints, for each engine, the least and the median of N runs after a first one,
// and what must be equal: cycles, instructions, elements, wavelets and a checksum of the outputs.
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

int main(int argc, char **argv) {
  std::string image;
  std::map<std::string, std::string> files;
  RunOptions options;
  int runs = 5;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--runs" && i + 1 < argc)
      runs = std::max(1, std::atoi(argv[++i]));
    else if (argument == "--timing" && i + 1 < argc)
      options.timing = std::strcmp(argv[++i], "off") ? Timing::Stream : Timing::Off;
    else if (argument == "--threads" && i + 1 < argc)
      options.threads = std::atoi(argv[++i]);
    else if (argument == "--engine" && i + 1 < argc)
      only = argv[++i];
    else if (const size_t at = argument.find('='); at != std::string::npos)
      files[argument.substr(0, at)] = argument.substr(at + 1);
    else
      image = argument;
  }
  if (image.empty()) {
    std::fprintf(stderr, "usage: engines IMAGE.wafer [NAME=FILE.npy ...] [--runs N] [--timing off]\n");
    return 2;
  }
  std::printf("%-8s %9s %9s %9s %9s %16s %14s %14s %14s  %s\n", "engine", "least s", "median s", "CPU, own", "CPU, all",
              "cycles", "instructions", "elements", "wavelets", "outputs");
  double first = 0;
  for (EngineKind kind : {EngineKind::Scalar, EngineKind::Classes}) {
    if (!only.empty() && only != (kind == EngineKind::Scalar ? "scalar" : "classes"))
      continue;
    Result<std::unique_ptr<Emulator>> opened = Emulator::open(image);
    if (!opened)
      return fail(opened.error());
    Emulator &emulator = **opened;
    for (const TensorInfo &info : emulator.inputs()) {
      if (files.count(info.name)) {
        Result<HostTensor> tensor = readNpy(files[info.name]);
        if (!tensor)
          return fail(tensor.error());
        if (Status set = emulator.setInput(info.name, TensorView{tensor->type, tensor->shape, tensor->bytes}); !set)
          return fail(set.error());
        continue;
      }
      size_t n = elementBytes(info.type);
      for (int64_t extent : info.shape)
        n *= extent;
      HostTensor zeros{info.type, info.shape, {}};
      zeros.bytes.resize(n);
      if (Status set = emulator.setInput(info.name, TensorView{zeros.type, zeros.shape, zeros.bytes}); !set)
        return fail(set.error());
    }
    options.engine = kind;
    std::vector<double> seconds;
    double own = 0, all = 0;
    for (int run = 0; run <= runs; ++run) {
      if (run == 1)
        own = -cpuSeconds(CLOCK_THREAD_CPUTIME_ID), all = -cpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
      if (Status status = emulator.run(options); !status)
        return fail(status.error());
      if (run)
        seconds.push_back(emulator.stats().runSeconds);
    }
    own = (own + cpuSeconds(CLOCK_THREAD_CPUTIME_ID)) / runs, all = (all + cpuSeconds(CLOCK_PROCESS_CPUTIME_ID)) / runs;
    std::sort(seconds.begin(), seconds.end());
    const RunStats &stats = emulator.stats();
    std::printf("%-8s %9.4f %9.4f %9.4f %9.4f %16.3f %14llu %14llu %14llu  %016llx",
                stats.engine == EngineKind::Classes ? "classes" : "scalar", seconds.front(),
                seconds[seconds.size() / 2], own, all, stats.cycles, (unsigned long long)stats.instructions,
                (unsigned long long)stats.vectorElements, (unsigned long long)stats.wavelets,
                (unsigned long long)checksum(emulator));
    if (kind == EngineKind::Scalar)
      first = seconds.front();
    else if (first > 0)
      std::printf("  %.2fx", first / seconds.front());
    std::printf("\n");
  }
  return 0;
}
