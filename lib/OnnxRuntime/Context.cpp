// Whoever edits a model may give values other names, and ONNX Runtime does, too; the image keeps its own. So the node's
// `notes` say what the image calls the node's inputs and outputs, each as its length, a colon and the name.
#include "Context.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <climits>
#include <cstring>
#include <filesystem>

using namespace wafer;
using namespace wafer::ort;
namespace fs = std::filesystem;

bool ort::isOurContext(const Node &node) {
  return node.isContext() && stringAttribute(node.node, "source") == kProviderName;
}

static void writeNames(std::string &notes, const std::vector<Value> &values) {
  for (const Value &value : values)
    notes += std::to_string(value.name.size()) + ":" + value.name;
}

static std::vector<std::string> readNames(std::string_view notes) {
  std::vector<std::string> names;
  while (!notes.empty()) {
    size_t size = 0;
    auto [end, error] = std::from_chars(notes.data(), notes.data() + notes.size(), size);
    size_t begin = static_cast<size_t>(end - notes.data()) + 1;
    if (error != std::errc() || begin > notes.size() || *end != ':' || size > notes.size() - begin)
      throw Failure(ORT_INVALID_GRAPH, "an EPContext node of waferc has 'notes' that are not its own");
    names.emplace_back(notes.substr(begin, size));
    notes.remove_prefix(begin + size);
  }
  return names;
}

/// Where the model with the contexts will be: the folder, and the file's name without its ending.
static std::pair<fs::path, std::string> contextModel(const Options &options, const std::string &modelPath) {
  if (!options.contextPath.empty())
    return {options.contextPath.parent_path(), options.contextPath.stem().string()};
  if (modelPath.empty())
    throw Failure(ORT_INVALID_ARGUMENT, "a model from memory has no folder for what is compiled: set "
                                        "ep.context_file_path, or ep.context_embed_mode to 1");
  fs::path path = modelPath;
  return {path.parent_path(), path.stem().string() + "_ctx"};
}

namespace {

/// Attributes of a node that is made; they are copied into it.
class Attributes {
public:
  ~Attributes() {
    for (OrtOpAttr *attribute : made)
      api->ReleaseOpAttr(attribute);
  }
  void add(const char *name, int64_t value) { add(name, &value, 1, ORT_OP_ATTR_INT); }
  void add(const char *name, std::string_view value) {
    if (value.size() > INT_MAX)
      throw Failure(ORT_INVALID_ARGUMENT, "the compiled image has " + std::to_string(value.size()) +
                                              " bytes, more than a model can hold: set ep.context_embed_mode to 0");
    add(name, value.data(), static_cast<int>(value.size()), ORT_OP_ATTR_STRING);
  }
  std::vector<OrtOpAttr *> made;

private:
  void add(const char *name, const void *data, int size, OrtOpAttrType type) {
    OrtOpAttr *attribute = nullptr;
    check(api->CreateOpAttr(name, data, size, type, &attribute));
    made.push_back(attribute);
  }
};

std::vector<const char *> textsOf(const std::vector<Value> &values) {
  std::vector<const char *> texts;
  for (const Value &value : values)
    texts.push_back(value.name.c_str());
  return texts;
}

} // namespace

OrtNode *ort::makeContext(const Node &fused, const WaferProgram *program, const Options &options,
                          const std::string &modelPath) {
  const OrtModelEditorApi *editor = api->GetModelEditorApi();
  if (!editor)
    throw Failure(ORT_NOT_IMPLEMENTED, "this build of ONNX Runtime makes no EPContext models");
  Attributes attributes;
  attributes.add("main_context", int64_t(1));
  attributes.add("embed_mode", int64_t(options.embedContext));
  attributes.add("source", kProviderName);
  attributes.add("ep_sdk_version", waferVersion());
  attributes.add("partition_name", fused.name);
  std::string notes;
  writeNames(notes, fused.inputs);
  writeNames(notes, fused.outputs);
  attributes.add("notes", notes);
  if (options.embedContext) {
    size_t size = 0;
    auto bytes = static_cast<const char *>(waferProgramBytes(program, &size));
    attributes.add("ep_cache_context", std::string_view(bytes, size));
  } else {
    auto [folder, stem] = contextModel(options, modelPath);
    std::string file = stem + "_" + options.contextPrefix + fused.name + ".wafer";
    for (char &c : file)
      if (!std::isalnum(static_cast<unsigned char>(c)) && !std::strchr("_-.", c))
        c = '_';
    require(waferProgramSave(program, (folder / file).c_str()));
    attributes.add("ep_cache_context", file);
  }
  std::vector<const char *> inputs = textsOf(fused.inputs), outputs = textsOf(fused.outputs);
  OrtNode *node = nullptr;
  // It is found again by the name of the node that it stands for.
  check(editor->CreateNode("EPContext", "com.microsoft", fused.name.c_str(), inputs.data(), inputs.size(),
                           outputs.data(), outputs.size(), attributes.made.data(), attributes.made.size(), &node));
  return node;
}

/// The image of a node that names a file: it must be below the folder of the model, whatever links say.
static fs::path imageFile(const std::string &name, const Options &options, const std::string &modelPath) {
  fs::path folder = fs::path(modelPath.empty() ? options.contextPath : fs::path(modelPath)).parent_path();
  if (modelPath.empty() && options.contextPath.empty())
    throw Failure(ORT_INVALID_ARGUMENT,
                  "a model from memory has no folder for '" + name + "': set ep.context_file_path");
  if (folder.empty())
    folder = ".";
  fs::path path(name);
  std::error_code error;
  fs::path root = fs::canonical(folder, error), file = fs::weakly_canonical(folder / path, error);
  bool below = std::mismatch(root.begin(), root.end(), file.begin(), file.end()).first == root.end();
  if (error || name.empty() || name.find('\0') != std::string::npos || path.is_absolute() || !below)
    throw Failure(ORT_INVALID_GRAPH, "an EPContext node names the file '" + name +
                                         "', which is not below the folder of "
                                         "its model, " +
                                         folder.string());
  return file;
}

OpenedContext ort::openContext(const Node &node, const Options &options, const std::string &modelPath) {
  std::optional<std::string> context = stringAttribute(node.node, "ep_cache_context");
  if (!context)
    throw Failure(ORT_INVALID_GRAPH, "the EPContext node '" + node.name + "' carries nothing");
  OpenedContext result;
  WaferProgram *program = nullptr;
  if (intAttribute(node.node, "embed_mode").value_or(1) == 0)
    require(waferProgramOpen(imageFile(*context, options, modelPath).c_str(), &program));
  else
    require(waferProgramFromBytes(context->data(), context->size(), &program));
  result.program.reset(program);
  std::vector<std::string> names = readNames(stringAttribute(node.node, "notes").value_or(""));
  if (names.size() != node.inputs.size() + node.outputs.size())
    throw Failure(ORT_INVALID_GRAPH,
                  "the EPContext node '" + node.name + "' has " + std::to_string(node.inputs.size()) + " inputs and " +
                      std::to_string(node.outputs.size()) + " outputs, its notes name " + std::to_string(names.size()));
  auto middle = names.begin() + static_cast<std::ptrdiff_t>(node.inputs.size());
  result.inputs.assign(names.begin(), middle);
  result.outputs.assign(middle, names.end());
  return result;
}
