#include "wafer/Emulator/StatsJson.h"

#include <nlohmann/json.hpp>

using namespace wafer;

std::string wafer::statsJson(const RunStats &stats) {
  using Json = nlohmann::ordered_json;
  Json json;
  json["version"] = 1;
  json["cycles"] = stats.cycles;
  json["seconds"] = {{"load", stats.loadSeconds}, {"run", stats.runSeconds}};
  json["engine"] = stats.engine == EngineKind::Classes     ? "classes"
                   : stats.engine == EngineKind::Reference ? "reference"
                                                           : "scalar";
  json["threads"] = stats.threads;
  json["pes"] = {{"used", stats.coresUsed}, {"total", stats.coresTotal}};
  json["sram"] = {{"max_bytes", stats.sramMax}, {"total_bytes", stats.sramTotal}, {"limit_bytes", stats.sramLimit}};
  json["wavelets"] = stats.wavelets;
  json["instructions"] = stats.instructions;
  json["vector_elements"] = stats.vectorElements;
  json["regions"] = Json::array();
  for (const RegionStats &region : stats.regions) {
    json["regions"].push_back(
        {{"name", region.name},
         {"rect", {{"x", region.x}, {"y", region.y}, {"width", region.width}, {"height", region.height}}},
         {"sram_bytes", region.sramBytes},
         {"cycles", region.cycles},
         {"kernels", Json::array()}});
    for (const KernelStats &kernel : region.kernels)
      json["regions"].back()["kernels"].push_back({{"name", kernel.name},
                                                   {"op", kernel.op},
                                                   {"estimated_cycles", kernel.estimatedCycles},
                                                   {"busy_cycles", kernel.busyCycles},
                                                   {"first_cycle", kernel.firstCycle},
                                                   {"last_cycle", kernel.lastCycle}});
  }
  json["nodes"] = Json::array();
  for (const NodeStats &node : stats.nodes)
    json["nodes"].push_back({{"name", node.name},
                             {"busy_cycles", node.busyCycles},
                             {"first_cycle", node.firstCycle},
                             {"last_cycle", node.lastCycle}});
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}
