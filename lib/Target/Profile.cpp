// Reading profiles. Every figure must be known, complete (value, source, confidence), of the right type and in a sane
// range: a profile is user input.
#include "wafer/Target/Profile.h"

#include "wafer/Support/ForkSafeMutex.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <list>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

using namespace wafer;
using Json = nlohmann::json;

namespace wafer::detail {
/// Generated from profiles/*.json.
extern const std::vector<std::pair<std::string_view, std::string_view>> &builtinProfiles();
} // namespace wafer::detail

namespace {

/// A whole number that can be a coordinate of some mesh.
bool isCoordinate(const Json &value) {
  return value.is_number_integer() && value.get<int64_t>() >= 0 && value.get<int64_t>() < 65536;
}

/// Reads figures by path; remembers the first error and which fields were read.
class Reader {
public:
  explicit Reader(const Json &root) : root(root) {}

  bool failed() const { return !message.empty(); }
  Diagnostic error() const { return {ErrorCode::ProfileInvalid, message, hint}; }

  void fail(const std::string &path, const std::string &what, const std::string &remedy) {
    if (!failed()) {
      message = "profile field '" + path + "' " + what;
      hint = remedy;
    }
  }

  /// The value of a figure.
  const Json *figure(const std::string &section, const std::string &name) {
    std::string path = section + "." + name;
    if (failed())
      return nullptr;
    if (!root.contains(section) || !root[section].is_object() || !root[section].contains(name)) {
      fail(path, "is missing", "add {\"value\": ..., \"source\": \"...\", \"confidence\": \"...\"}");
      return nullptr;
    }
    read.insert(path);
    const Json &entry = root[section][name];
    static const std::set<std::string> kConfidences{"verified", "measured", "derived", "assumed"};
    if (!entry.is_object() || !entry.contains("value") || !entry.contains("source") || !entry.contains("confidence") ||
        entry.size() != 3) {
      fail(path, "is not a figure", "every figure has exactly value, source and confidence");
      return nullptr;
    }
    if (!entry["source"].is_string() || entry["source"].get_ref<const std::string &>().empty()) {
      fail(path, "has no source", "say where the figure comes from");
      return nullptr;
    }
    if (!entry["confidence"].is_string() || !kConfidences.count(entry["confidence"].get<std::string>())) {
      fail(path, "has an unknown confidence", "use verified, measured, derived or assumed");
      return nullptr;
    }
    return &entry["value"];
  }

  bool has(const std::string &section, const std::string &name) const {
    return root.contains(section) && root[section].is_object() && root[section].contains(name);
  }

  double number(const std::string &section, const std::string &name, double least, double most) {
    const Json *value = figure(section, name);
    if (!value)
      return least;
    if (!value->is_number()) {
      fail(section + "." + name, "is not a number", "give a number");
      return least;
    }
    double result = value->get<double>();
    if (!(result >= least && result <= most)) {
      std::ostringstream range;
      range << "give a number from " << least << " to " << most;
      fail(section + "." + name, "is out of range", range.str());
      return least;
    }
    return result;
  }

  int integer(const std::string &section, const std::string &name, int least, int most) {
    double value = number(section, name, least, most);
    if (!failed() && value != static_cast<int>(value))
      fail(section + "." + name, "is not a whole number", "give an integer");
    return static_cast<int>(value);
  }

  bool boolean(const std::string &section, const std::string &name) {
    const Json *value = figure(section, name);
    if (value && !value->is_boolean())
      fail(section + "." + name, "is not a boolean", "give true or false");
    return value && value->is_boolean() && value->get<bool>();
  }

  std::vector<int> integers(const std::string &section, const std::string &name, int least, int most) {
    const Json *value = figure(section, name);
    std::vector<int> result;
    if (!value)
      return result;
    if (!value->is_array()) {
      fail(section + "." + name, "is not a list", "give a list of integers");
      return result;
    }
    for (const Json &item : *value) {
      if (!item.is_number_integer() || item.get<int64_t>() < least || item.get<int64_t>() > most) {
        fail(section + "." + name,
             "holds something that is no integer from " + std::to_string(least) + " to " + std::to_string(most),
             "correct the list");
        return result;
      }
      result.push_back(item.get<int>());
    }
    return result;
  }

  /// A list of lists of integers and side names, of a fixed length each.
  const Json *rows(const std::string &section, const std::string &name, size_t length) {
    const Json *value = figure(section, name);
    if (!value)
      return nullptr;
    bool good = value->is_array();
    if (good)
      for (const Json &row : *value)
        good = good && row.is_array() && row.size() == length && isCoordinate(row[0]) && isCoordinate(row[1]) &&
               (length == 2 || row[2].is_string());
    if (!good) {
      fail(section + "." + name, "is malformed",
           length == 2 ? "give a list of [x, y]" : "give a list of [x, y, \"N\"|\"E\"|\"S\"|\"W\"]");
      return nullptr;
    }
    return value;
  }

  VectorCost cost(const std::string &section, const std::string &name) {
    return {number(section, name + "_setup_cycles", 0, 1e6), number(section, name + "_cycles_per_element", 0, 1e6)};
  }

  /// Fields that nothing read are mistakes.
  void refuseUnknown() {
    for (const auto &[section, fields] : root.items()) {
      if (section == "name" || section == "comment")
        continue;
      if (!fields.is_object())
        return fail(section, "is unknown", "remove it");
      for (const auto &[name, entry] : fields.items())
        if (!read.count(section + "." + name))
          return fail(section + "." + name, "is unknown", "remove it, or correct its name");
    }
  }

private:
  const Json &root;
  std::string message, hint;
  std::set<std::string> read;
};

} // namespace

/// A profile was written for the routines that its version of waferc had. Those that came later are waferc's own code
/// like the others: their figures are a built-in machine's.
static void addLaterRoutines(Json &root) {
  if (!root.contains("helpers") || !root["helpers"].is_object())
    return;
  for (const auto &[builtin, json] : detail::builtinProfiles()) {
    if (builtin != "wse2")
      continue;
    const Json known = Json::parse(json);
    for (const auto &[name, figure] : known["helpers"].items())
      if (!root["helpers"].contains(name))
        root["helpers"][name] = figure;
  }
}

bool Profile::isDead(int x, int y) const {
  return std::find(deadPes.begin(), deadPes.end(), std::array<int, 2>{x, y}) != deadPes.end();
}

bool Profile::isDead(int x, int y, PortBits side) const {
  return std::any_of(deadLinks.begin(), deadLinks.end(),
                     [&](const DeadLink &link) { return link.x == x && link.y == y && link.side == side; });
}

bool Profile::isReserved(int color) const {
  return std::find(reservedColors.begin(), reservedColors.end(), color) != reservedColors.end();
}

bool Profile::canSwitch(int color) const {
  return std::find(switchableColors.begin(), switchableColors.end(), color) != switchableColors.end();
}

Result<Profile> Profile::parse(std::string_view json) {
  constexpr size_t kLongest = 1 << 24;
  if (json.size() > kLongest)
    return Diagnostic{ErrorCode::ProfileInvalid, "the profile is longer than 16 MiB", "give a target profile"};
  Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded() || !root.is_object())
    return Diagnostic{ErrorCode::ProfileInvalid, "the profile is not a JSON object",
                      "see profiles/wse2.json for the form"};
  addLaterRoutines(root);
  Profile profile;
  Reader reader(root);
  if (!root.contains("name") || !root["name"].is_string())
    reader.fail("name", "is missing", "give the machine a name");
  else
    profile.name = root["name"].get<std::string>();
  profile.json = std::string(json);

  profile.meshWidth = reader.integer("mesh", "width", 1, 4096);
  profile.meshHeight = reader.integer("mesh", "height", 1, 4096);
  if (const Json *rows = reader.rows("mesh", "dead_pes", 2))
    for (const Json &row : *rows)
      profile.deadPes.push_back({row[0].get<int>(), row[1].get<int>()});
  if (const Json *rows = reader.rows("mesh", "dead_links", 3))
    for (const Json &row : *rows) {
      const std::string &side = row[2].get_ref<const std::string &>();
      PortBits port = side == "N" ? PortNorth : side == "E" ? PortEast : side == "S" ? PortSouth : PortWest;
      if (side != "N" && side != "E" && side != "S" && side != "W")
        reader.fail("mesh.dead_links", "names an unknown side '" + side + "'", "sides are N, E, S and W");
      profile.deadLinks.push_back({row[0].get<int>(), row[1].get<int>(), port});
    }

  // Byte addresses of instructions have 16 bits.
  profile.sramBytes = reader.integer("core", "sram_bytes", 1024, 65536);
  profile.sramReservedBytes = reader.integer("core", "sram_reserved_bytes", 0, 65536);
  profile.clockGhz = reader.number("core", "clock_ghz", 0.001, 100);
  profile.vectorMove = reader.cost("core", "vector_move");
  profile.vectorArith = reader.cost("core", "vector_arith");
  profile.vectorFma = reader.cost("core", "vector_fma");
  profile.scalarOp = reader.number("core", "scalar_cycles", 0, 1e6);
  profile.scalarMemory = reader.number("core", "scalar_memory_cycles", 0, 1e6);
  profile.branch = reader.number("core", "branch_cycles", 0, 1e6);
  profile.asyncThreads = reader.integer("core", "async_threads", 0, 64);
  if (reader.has("core", "fabric_inputs"))
    profile.fabricInputs = reader.integer("core", "fabric_inputs", 1, 3);
  // Operations of one routine's kind share its figures.
  for (const isa::VectorOpInfo &info : isa::kVectorOps) {
    if (!isa::isHelper(info.op))
      continue;
    int number = static_cast<int>(info.op);
    profile.helperBytes[number] = reader.integer("helpers", std::string(info.helper) + "_bytes", 1, 16384);
    profile.helperCyclesPerElement[number] = reader.number("helpers", std::string(info.helper) + "_cycles", 0, 1e6);
  }

  profile.colors = reader.integer("fabric", "colors", 1, 32);
  profile.reservedColors = reader.integers("fabric", "reserved_colors", 0, profile.colors - 1);
  profile.switchableColors = reader.integers("fabric", "switchable_colors", 0, profile.colors - 1);
  profile.switchPositions = reader.integer("fabric", "switch_positions", 1, 4);
  profile.singleInputPerColor = reader.boolean("fabric", "single_input_per_color");
  profile.switchChangesBoth = reader.boolean("fabric", "switch_changes_both");
  profile.linkCyclesPerWavelet = reader.number("fabric", "link_cycles_per_wavelet", 0.001, 1e6);
  profile.hopCycles = reader.number("fabric", "hop_cycles", 0, 1e6);
  profile.turnCycles = reader.number("fabric", "turn_cycles", 0, 1e6);
  profile.rampCycles = reader.number("fabric", "ramp_cycles", 0, 1e6);
  profile.linkBufferWavelets = reader.integer("fabric", "link_buffer_wavelets", 0, 65536);
  profile.inputQueueWavelets = reader.integer("fabric", "input_queue_wavelets", 0, 65536);
  profile.outputQueueWavelets = reader.integer("fabric", "output_queue_wavelets", 0, 65536);
  // Profiles that are older than these figures are taken to have no limit.
  if (reader.has("fabric", "input_queues"))
    profile.inputQueues = reader.integer("fabric", "input_queues", 1, 32);
  if (reader.has("fabric", "output_queues"))
    profile.outputQueues = reader.integer("fabric", "output_queues", 1, 32);

  profile.hostLanes = reader.integer("host", "lanes", 1, 65536);
  profile.hostCyclesPerWavelet = reader.number("host", "cycles_per_wavelet", 0.001, 1e6);

  reader.refuseUnknown();
  if (!reader.failed() && profile.sramReservedBytes >= profile.sramBytes)
    reader.fail("core.sram_reserved_bytes", "leaves nothing of core.sram_bytes", "reserve less");
  // Memory is made of words.
  if (!reader.failed() && profile.sramBytes % 4)
    reader.fail("core.sram_bytes", "is not a multiple of 4", "give whole words");
  if (!reader.failed() && profile.sramReservedBytes % 4)
    reader.fail("core.sram_reserved_bytes", "is not a multiple of 4", "give whole words");
  for (const auto &[x, y] : profile.deadPes)
    if (!reader.failed() && (x < 0 || y < 0 || x >= profile.meshWidth || y >= profile.meshHeight))
      reader.fail("mesh.dead_pes", "names a PE outside the mesh", "coordinates are x to the east and y to the south");
  for (const DeadLink &link : profile.deadLinks)
    if (!reader.failed() && (link.x >= profile.meshWidth || link.y >= profile.meshHeight))
      reader.fail("mesh.dead_links", "names a PE outside the mesh", "coordinates are x to the east and y to the south");
  if (reader.failed())
    return reader.error();
  return profile;
}

std::vector<std::string> Profile::builtinNames() {
  std::vector<std::string> names;
  for (const auto &[name, json] : detail::builtinProfiles())
    names.emplace_back(name);
  return names;
}

// Every pass asks for its profile by name, every program image has one, and profiles with many dead parts are long.
Result<Profile> Profile::parseOnce(std::string_view json) {
  constexpr size_t kKept = 4;
  static std::list<Profile> known; // the one asked for last first
  std::mutex &mutex = ForkSafeMutex<Profile>::get();
  {
    std::lock_guard<std::mutex> lock(mutex);
    auto it = std::find_if(known.begin(), known.end(), [&](const Profile &profile) { return profile.json == json; });
    if (it != known.end()) {
      known.splice(known.begin(), known, it);
      return known.front();
    }
  }
  Result<Profile> profile = Profile::parse(json);
  if (profile) {
    std::lock_guard<std::mutex> lock(mutex);
    known.push_front(*profile);
    if (known.size() > kKept)
      known.pop_back();
  }
  return profile;
}

Result<Profile> Profile::load(std::string_view nameOrPath) {
  std::string names;
  for (const auto &[name, json] : detail::builtinProfiles()) {
    if (name == nameOrPath)
      return parseOnce(json);
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  // Folders, devices and pipes are none: the latter might never end.
  std::error_code missing;
  std::ifstream file;
  if (std::filesystem::is_regular_file(nameOrPath, missing))
    file.open(std::string(nameOrPath), std::ios::binary);
  if (!file.is_open())
    return Diagnostic{ErrorCode::ProfileUnknown, "no target profile '" + std::string(nameOrPath) + "'",
                      "built-in profiles are " + names + "; anything else is the path of a JSON file"};
  std::ostringstream text;
  text << file.rdbuf();
  return parseOnce(text.str());
}
