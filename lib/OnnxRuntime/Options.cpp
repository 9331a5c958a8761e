#include "Options.h"

#include <algorithm>
#include <cctype>

using namespace wafer;
using namespace wafer::ort;

/// Options that say something about the whole model do not fit parts of it, and ONNX Runtime has its own way to fix
/// dimensions; one that prints is for the command line.
static bool isForParts(size_t option) {
  return !waferOptionIsRepeated(option) && std::string_view(waferOptionName(option)) != "emit";
}

static std::string knownOptions() {
  std::string names;
  for (size_t i = 0; i != waferOptionCount(); ++i)
    if (isForParts(i))
      names += (names.empty() ? "" : ", ") + std::string(waferOptionName(i));
  return names;
}

static bool isKnown(std::string_view name) {
  for (size_t i = 0; i != waferOptionCount(); ++i)
    if (name == waferOptionName(i))
      return isForParts(i);
  return false;
}

OwnedOptions Options::forCompiler() const {
  OwnedOptions options(waferOptionsCreate());
  for (const auto &[name, value] : compiler)
    require(waferOptionsSet(options.get(), name.c_str(), value.c_str()));
  return options;
}

/// ONNX Runtime's prefix for the options of this provider.
static std::string prefix() {
  std::string name = kProviderName;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return "ep." + name + ".";
}

Options ort::readOptions(const OrtSessionOptions *session) {
  OrtKeyValuePairs *made = nullptr;
  check(api->GetSessionOptionsConfigEntries(session, &made));
  std::unique_ptr<OrtKeyValuePairs, void (*)(OrtKeyValuePairs *)> pairs(
      made, [](OrtKeyValuePairs *pairs) { api->ReleaseKeyValuePairs(pairs); });
  const char *const *keys = nullptr, *const *values = nullptr;
  size_t count = 0;
  api->GetKeyValuePairs(pairs.get(), &keys, &values, &count);
  Options options;
  const std::string ours = prefix();
  for (size_t i = 0; i != count; ++i) {
    std::string key = keys[i], value = values[i];
    if (key == "ep.context_enable")
      options.makeContext = value == "1";
    else if (key == "ep.context_embed_mode")
      options.embedContext = value == "1";
    else if (key == "ep.context_file_path")
      options.contextPath = value;
    else if (key == "ep.context_node_name_prefix")
      options.contextPrefix = value;
    if (!key.starts_with(ours))
      continue;
    std::string name = key.substr(ours.size());
    if (!isKnown(name))
      throw Failure(ORT_INVALID_ARGUMENT,
                    std::string(kProviderName) + " has no option '" + name + "'; its options are " + knownOptions());
    options.compiler.push_back({name, value});
  }
  try {
    (void)options.forCompiler();
  } catch (const Refusal &refusal) {
    throw Failure(ORT_INVALID_ARGUMENT, refusal.what());
  }
  return options;
}
