// Mutates argument vectors by lines: options that the tools name in their help, values of the kinds that options take,
// now and then bytes.
#include "LibFuzzer.h"
#include "OptionsFuzzer.h"
#include "Random.h"

#include <algorithm>
#include <sstream>
#include <vector>

using namespace wafer::fuzz;

static std::vector<std::string> optionsOf(const std::string &tool) {
  std::vector<std::string> options;
  std::string help = helpOf(tool);
  for (size_t at = help.find("-"); at != std::string::npos; at = help.find("-", at + 1)) {
    size_t end = std::min(help.find_first_not_of("-abcdefghijklmnopqrstuvwxyz", at), help.size());
    if (at && std::string(" ,\n").find(help[at - 1]) != std::string::npos && end - at > 1)
      options.push_back(help.substr(at, end - at));
    at = end - 1;
  }
  return options;
}

static std::string value(Random &random, size_t depth = 0) {
  auto number = [&] { return std::to_string(random.number()); };
  switch (random.below(depth < 3 ? 9 : 3)) {
  case 0:
    return random.of<const char *>({"", "-", "--", "=", "auto", "scalar", "wse2", "json", "off", "x.npy", "/", "%"});
  case 1:
    return random.of<const char *>({"tensor", "image", "1e9", "nan", "0x10", "1_000", "{}", "[]", "\"", "a b", "#"});
  case 2:
  case 3:
    return number();
  case 4:
  case 5:
    return value(random, depth + 1) + "x" + value(random, depth + 1);
  case 6:
    return value(random, depth + 1) + "," + value(random, depth + 1);
  default:
    return random.of<const char *>({"x", "a", "", "a=b"}) + ("=" + value(random, depth + 1));
  }
}

static void mutateLines(std::vector<std::string> &lines, size_t maxSize, Random &random) {
  static const std::vector<std::string> kOptions[] = {optionsOf("compile"), optionsOf("run")};
  const std::vector<std::string> &options = kOptions[!lines.empty() && lines[0] == "run"];
  size_t at = random.below(lines.size() + 1);
  size_t choice = at == lines.size() ? random.below(3) : random.below(9);
  switch (choice) {
  case 0:
    lines.insert(lines.begin() + at, random.in(options));
    break;
  case 1:
    lines.insert(lines.begin() + at, {random.in(options), value(random)});
    break;
  case 2:
    lines.insert(lines.begin() + at, random.in(options) + "=" + value(random));
    break;
  case 3:
    lines.erase(lines.begin() + at);
    break;
  case 4:
    std::swap(lines[at], random.in(lines));
    break;
  case 5:
    lines.insert(lines.begin() + at, std::string(random.in(lines)));
    break;
  case 6:
    mutateBytes(lines[at], std::min<size_t>(maxSize, 64));
    break;
  default:
    lines[at] = value(random);
  }
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned int seed) {
  Random random(seed);
  if (random.oneIn(8))
    return LLVMFuzzerMutate(data, size, maxSize);
  std::istringstream stream(std::string(reinterpret_cast<const char *>(data), size));
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  for (size_t changes = 1 + random.below(3); changes; --changes)
    mutateLines(lines, maxSize, random);
  std::string text;
  for (const std::string &line : lines)
    text += (&line == &lines[0] ? "" : "\n") + line;
  return give(text, data, maxSize);
}
