// How messages name things, and what is noted on nodes.
#include "Internal.h"

#include <charconv>

using namespace wafer;
using namespace wafer::frontend;

void frontend::fail(ErrorCode code, std::string message, std::string hint) {
  throw Failure{{code, std::move(message), std::move(hint)}};
}

std::string frontend::functionKey(const std::string &domain, const std::string &name, const std::string &overload) {
  return canonicalDomain(domain) + ":" + name + (overload.empty() ? "" : ":" + overload);
}

std::string frontend::nodeName(const ::onnx::NodeProto &node) {
  return node.name().empty() && node.output_size() ? node.output(0) : node.name();
}

std::string frontend::describeNode(const ::onnx::NodeProto &node, const std::string &chain) {
  return "'" + nodeName(node) + "' (" + (chain.empty() ? "" : chain + " > ") +
         (node.domain().empty() ? "" : node.domain() + ".") + node.op_type() + ")";
}

static constexpr const char *versionKey = "waferc.version";
static constexpr const char *chainKey = "waferc.chain";

static void setMetadata(::onnx::NodeProto &node, const char *key, const std::string &value) {
  auto *entry = node.add_metadata_props();
  entry->set_key(key);
  entry->set_value(value);
}

static std::string metadata(const ::onnx::NodeProto &node, const char *key) {
  for (const auto &entry : node.metadata_props())
    if (entry.key() == key)
      return entry.value();
  return "";
}

void frontend::setNodeVersion(::onnx::NodeProto &node, int version) {
  setMetadata(node, versionKey, std::to_string(version));
}

int frontend::nodeVersion(const ::onnx::NodeProto &node, int otherwise) {
  std::string text = metadata(node, versionKey);
  int version = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

void frontend::setNodeChain(::onnx::NodeProto &node, const std::string &chain) { setMetadata(node, chainKey, chain); }

std::string frontend::nodeChain(const ::onnx::NodeProto &node) { return metadata(node, chainKey); }

std::string frontend::dataTypeName(int dataType) {
  if (!::onnx::TensorProto_DataType_IsValid(dataType))
    return "element type " + std::to_string(dataType);
  std::string name = ::onnx::TensorProto_DataType_Name(static_cast<::onnx::TensorProto_DataType>(dataType));
  for (char &c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}
