#include "SiteTimes.h"

#include <map>

using namespace wafer;
using namespace wafer::emulator;

RegionStats wafer::emulator::regionStats(const VerifiedProgram &program, const RegionTables &region, Ticks last) {
  RegionStats stats{region.region->name(),      region.x,       region.y, region.w, region.h,
                    region.verified->usedBytes, cyclesOf(last), {}};
  for (const image::Kernel &kernel : region.region->kernels())
    stats.kernels.push_back({kernel.nodes_size() ? program.image.manifest().strings(kernel.nodes(0)) : std::string(),
                             kernel.op(), kernel.estimated_cycles(), 0, 0, 0});
  return stats;
}

void wafer::emulator::addSiteTimes(RunStats &stats, const VerifiedProgram &program, const ProgramTables &tables,
                                   std::span<const SiteTimes> times) {
  std::vector<SiteTimes> nodes(program.image.manifest().strings_size());
  std::map<KernelStats *, SiteTimes> kernels;
  for (size_t i = 0; i != tables.sites.size(); ++i) {
    nodes[tables.sites[i].name].add(times[i]);
    if (tables.sites[i].kernel)
      kernels[&stats.regions[tables.sites[i].region].kernels[tables.sites[i].kernel - 1]].add(times[i]);
  }
  for (const auto &[kernel, s] : kernels)
    if (s.first != INT64_MAX) {
      kernel->busyCycles = cyclesOf(s.busy);
      kernel->firstCycle = cyclesOf(s.first);
      kernel->lastCycle = cyclesOf(s.last);
    }
  stats.nodes.clear();
  for (size_t i = 0; i != nodes.size(); ++i)
    if (const SiteTimes &s = nodes[i]; s.first != INT64_MAX)
      stats.nodes.push_back(
          {program.image.manifest().strings(i), cyclesOf(s.busy), cyclesOf(s.first), cyclesOf(s.last)});
}
