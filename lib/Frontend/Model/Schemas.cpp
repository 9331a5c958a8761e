// ONNX's schema registry, in the form the onnx dialect asks for.
#include "Internal.h"

#include "wafer/Support/ForkSafeMutex.h"

#include "onnx/defs/data_type_utils.h"
#include "onnx/defs/schema.h"

using namespace wafer;
using namespace wafer::frontend;

namespace {

wafer::onnx::AttributeKind convertKind(::onnx::AttributeProto::AttributeType type) {
  using P = ::onnx::AttributeProto;
  using K = wafer::onnx::AttributeKind;
  switch (type) {
  case P::FLOAT:
    return K::Float;
  case P::INT:
    return K::Int;
  case P::STRING:
    return K::String;
  case P::TENSOR:
    return K::Tensor;
  case P::GRAPH:
    return K::Graph;
  case P::FLOATS:
    return K::Floats;
  case P::INTS:
    return K::Ints;
  case P::STRINGS:
    return K::Strings;
  case P::TENSORS:
    return K::Tensors;
  case P::GRAPHS:
    return K::Graphs;
  default:
    return K::Other;
  }
}

wafer::onnx::OpSchema::Input convertInput(const ::onnx::OpSchema::FormalParameter &input) {
  wafer::onnx::OpSchema::Input result{input.GetOption() == ::onnx::OpSchema::Optional, {}};
  for (::onnx::DataType type : input.GetTypes()) {
    const ::onnx::TypeProto &proto = ::onnx::Utils::DataTypeUtils::ToTypeProto(type);
    if (proto.has_tensor_type())
      result.elementTypes.push_back(proto.tensor_type().elem_type());
  }
  return result;
}

class OnnxSchemas final : public wafer::onnx::SchemaSource {
public:
  bool knowsDomain(std::string_view domain) const override { return domain.empty() || domain.starts_with("ai.onnx"); }

  const wafer::onnx::OpSchema *find(std::string_view domain, std::string_view op, int version) const override {
    const ::onnx::OpSchema *schema = ::onnx::OpSchemaRegistry::Schema(std::string(op), version, std::string(domain));
    if (!schema)
      return nullptr;
    std::lock_guard lock(ForkSafeMutex<OnnxSchemas>::get());
    auto [entry, inserted] = cache.try_emplace(schema);
    if (inserted) {
      wafer::onnx::OpSchema &result = entry->second;
      result.sinceVersion = schema->SinceVersion();
      result.minInputs = schema->min_input();
      result.maxInputs = schema->max_input();
      result.minOutputs = schema->min_output();
      result.maxOutputs = schema->max_output();
      result.deprecated = schema->Deprecated();
      result.hasFunctionBody = schema->HasFunction() || schema->HasContextDependentFunction();
      for (const auto &input : schema->inputs()) {
        result.inputTypes.push_back(input.GetIsHomogeneous() ? input.GetTypeStr() : "");
        result.inputs.push_back(convertInput(input));
      }
      for (const auto &[name, attribute] : schema->attributes())
        result.attributes[name] = {convertKind(attribute.type), attribute.required};
    }
    return &entry->second;
  }

private:
  mutable std::map<const ::onnx::OpSchema *, wafer::onnx::OpSchema> cache;
};

} // namespace

const wafer::onnx::SchemaSource &frontend::onnxSchemas() {
  static const OnnxSchemas schemas;
  return schemas;
}
