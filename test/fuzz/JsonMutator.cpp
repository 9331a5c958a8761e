#include "JsonMutator.h"

#include <nlohmann/json.hpp>

#include <vector>

using namespace wafer::fuzz;
using Json = nlohmann::ordered_json;

static void collect(Json &value, std::vector<Json *> &all) {
  all.push_back(&value);
  if (value.is_structured())
    for (Json &child : value)
      collect(child, all);
}

static Json randomScalar(Random &random) {
  switch (random.below(6)) {
  case 0:
    return random.oneIn(2);
  case 1:
    return random.of<double>({0.5, -0.5, 1e-300, 1e300, 3.9999999, 0.001, 65535.5});
  case 2:
    return random.of<const char *>({"", "N", "S", "X", "assumed", "verified", "wse2"});
  case 3:
    return random.oneIn(2) ? Json(nullptr) : random.oneIn(2) ? Json::array() : Json::object();
  case 4:
    return UINT64_MAX - random.below(2);
  default:
    return random.number();
  }
}

bool wafer::fuzz::mutateJson(std::string &text, size_t maxSize, Random &random) {
  Json root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded())
    return false;
  std::vector<Json *> all, numbers;
  collect(root, all);
  for (Json *value : all)
    if (value->is_number() || value->is_boolean())
      numbers.push_back(value);
  Json &value = *random.in(all);
  switch (random.below(8)) {
  case 0:
    if (value.is_structured() && !value.empty()) {
      auto at = value.begin();
      std::advance(at, random.below(value.size()));
      value.erase(at);
    }
    break;
  case 1: { // a value from elsewhere; it may hold this one
    Json copy = *random.in(all);
    if (value.is_array() && random.oneIn(2))
      value.push_back(std::move(copy));
    else
      value = std::move(copy);
    break;
  }
  case 2:
    if (value.is_object())
      value[random.of<const char *>({"name", "value", "x", "mesh", "core", "colors"})] = randomScalar(random);
    else if (value.is_array())
      value.insert(value.begin() + random.below(value.size() + 1),
                   random.oneIn(4) || value.empty() ? randomScalar(random) : Json(value[random.below(value.size())]));
    break;
  case 3:
    value = randomScalar(random);
    break;
  default: // figures matter most
    if (!numbers.empty()) {
      Json &number = *random.in(numbers);
      if (number.is_boolean())
        number = !number.get<bool>();
      else if (number.is_number_integer() && random.oneIn(2))
        number = number.get<int64_t>() / 2 + static_cast<int64_t>(random.below(3)) - 1;
      else
        number = random.oneIn(4) ? Json(random.of<double>({0.001, 0.5, 1.5, 1e6, 1e-9})) : Json(random.number());
    }
  }
  std::string result = root.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (result.size() > maxSize)
    return false;
  text = std::move(result);
  return true;
}
