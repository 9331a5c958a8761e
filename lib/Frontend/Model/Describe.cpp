// What a model takes and gives, as it says itself: no checks beyond reading, nothing inferred.
#include "Internal.h"

#include "wafer/Frontend/Describe.h"

#include <nlohmann/json.hpp>

#include <set>

using namespace wafer;
using namespace wafer::frontend;
using Json = nlohmann::ordered_json;

static Json shapeOf(const ::onnx::TypeProto &type) {
  if (!type.has_tensor_type() || !type.tensor_type().has_shape())
    return nullptr;
  Json shape = Json::array();
  for (const auto &dim : type.tensor_type().shape().dim())
    if (dim.has_dim_value())
      shape.push_back(dim.dim_value());
    else if (dim.has_dim_param() && !dim.dim_param().empty())
      shape.push_back(dim.dim_param());
    else
      shape.push_back(nullptr);
  return shape;
}

static Json valueOf(const ::onnx::ValueInfoProto &value) {
  int type = value.type().has_tensor_type() ? value.type().tensor_type().elem_type() : 0;
  return {{"name", value.name()}, {"type", type}, {"shape", shapeOf(value.type())}};
}

Result<std::string> frontend::describeModel(const ModelSource &source) {
  auto file = source.bytes ? MappedFile::view(source) : MappedFile::open(source.name);
  if (!file)
    return file.error();
  auto slim = slimModel(**file, ModelOptions());
  if (!slim)
    return slim.error();
  ::onnx::ModelProto model;
  if (!parseModel(slim->bytes, model))
    return Diagnostic{ErrorCode::ModelUnreadable, "'" + source.name + "' is not an ONNX model",
                      describeForeignFile((*file)->bytes())};
  std::set<std::string> weights, files;
  for (const auto &tensor : model.graph().initializer())
    weights.insert(tensor.name());
  for (const DetachedTensor &tensor : slim->detached)
    if (tensor.file != source.name)
      files.insert(tensor.file);
  Json json = {{"inputs", Json::array()}, {"outputs", Json::array()}};
  for (const auto &input : model.graph().input())
    if (!weights.contains(input.name())) // which old models list, too
      json["inputs"].push_back(valueOf(input));
  for (const auto &output : model.graph().output())
    json["outputs"].push_back(valueOf(output));
  json["metadata"] = Json::object();
  for (const auto &property : model.metadata_props())
    json["metadata"][property.key()] = property.value();
  json["graph"] = model.graph().name();
  json["description"] = model.doc_string();
  json["domain"] = model.domain();
  json["producer"] = model.producer_name();
  json["version"] = model.model_version();
  json["external"] = files;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}
