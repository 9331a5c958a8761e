// --const, --shape and --dim: what the caller pins down about the model's inputs.
#include "Internal.h"

#include "wafer/Support/Npy.h"

#include <bit>
#include <charconv>
#include <set>

using namespace wafer;
using namespace wafer::frontend;

namespace {

constexpr int64_t maxConstantElements = int64_t(1) << 28;

std::string listOf(const std::set<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

bool isAnonymous(const std::string &symbol) { return symbol.empty() || symbol == "?" || symbol == "None"; }

/// The TensorProto.DataType of an .npy file's elements.
int dataTypeOf(HostType type) {
  switch (type) {
  case HostType::F32:
    return ::onnx::TensorProto::FLOAT;
  case HostType::F64:
    return ::onnx::TensorProto::DOUBLE;
  case HostType::F16:
    return ::onnx::TensorProto::FLOAT16;
  case HostType::BF16:
    return ::onnx::TensorProto::BFLOAT16;
  case HostType::I8:
    return ::onnx::TensorProto::INT8;
  case HostType::I16:
    return ::onnx::TensorProto::INT16;
  case HostType::I32:
    return ::onnx::TensorProto::INT32;
  case HostType::I64:
    return ::onnx::TensorProto::INT64;
  case HostType::U8:
    return ::onnx::TensorProto::UINT8;
  case HostType::U16:
    return ::onnx::TensorProto::UINT16;
  case HostType::U32:
    return ::onnx::TensorProto::UINT32;
  case HostType::U64:
    return ::onnx::TensorProto::UINT64;
  case HostType::Bool:
    return ::onnx::TensorProto::BOOL;
  }
  return ::onnx::TensorProto::UNDEFINED;
}

template <typename T> std::vector<T> parseNumbers(const std::string &input, const std::string &text) {
  std::vector<T> values;
  size_t begin = 0;
  while (begin <= text.size() && !text.empty()) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string part = text.substr(begin, end - begin);
    T value{};
    auto [stop, code] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (code != std::errc() || stop != part.data() + part.size())
      fail(ErrorCode::OverrideInvalid, "--const " + input + ": '" + part + "' is not a number of the input's type",
           "give one number, one for each element separated by commas, or a file that ends in .npy");
    values.push_back(value);
    begin = end + 1;
  }
  return values;
}

/// The numbers in `text`, one for each element.
template <typename T>
std::vector<T> readNumbers(const ::onnx::TensorProto &tensor, const std::string &text, int64_t elements) {
  auto values = parseNumbers<T>(tensor.name(), text);
  if (values.size() != 1 && static_cast<int64_t>(values.size()) != elements)
    fail(ErrorCode::OverrideInvalid,
         "--const " + tensor.name() + " gives " + std::to_string(values.size()) + " numbers, the input has " +
             std::to_string(elements) + " elements",
         "give one number, or one for each element");
  if (values.size() == 1)
    values.resize(elements, values[0]);
  return values;
}

template <typename T> void fillTensor(::onnx::TensorProto &tensor, const std::string &text, int64_t elements) {
  std::vector<T> values = readNumbers<T>(tensor, text, elements);
  tensor.set_raw_data(std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)));
}

void fillNarrowFloats(::onnx::TensorProto &tensor, HostType type, const std::string &text, int64_t elements) {
  std::vector<uint32_t> words;
  for (float value : readNumbers<float>(tensor, text, elements))
    words.push_back(std::bit_cast<uint32_t>(value));
  std::vector<uint8_t> bytes = fromWords(type, words);
  tensor.set_raw_data(std::string(bytes.begin(), bytes.end()));
}

class Overrider {
public:
  Overrider(::onnx::ModelProto &model, const ModelOptions &options, const PreparedModel &result)
      : graph(*model.mutable_graph()), options(options) {
    for (const auto &weight : result.weights)
      weights.insert(weight.name);
    for (const auto &input : graph.input())
      if (!weights.contains(input.name()))
        names.insert(input.name());
    for (const IgnoredInput &input : result.ignoredInputs) {
      ignored.insert(input.name);
      symbols.insert(input.symbols.begin(), input.symbols.end());
    }
  }

  void run() {
    std::set<std::string> known = names;
    known.insert(ignored.begin(), ignored.end());
    auto check = [&](const char *option, const std::string &name) {
      if (!known.contains(name))
        fail(ErrorCode::OverrideInvalid, std::string(option) + " names '" + name + "', which is no input of the model",
             "its inputs are: " + listOf(known));
    };
    for (const auto &[name, text] : options.constants)
      check("--const", name);
    for (const auto &[name, tensor] : options.constantTensors)
      check("--const", name);
    for (const auto &[name, shape] : options.shapes)
      check("--shape", name);
    auto *inputs = graph.mutable_input();
    for (int i = inputs->size(); i-- > 0;) {
      const std::string &name = inputs->Get(i).name();
      if (!names.contains(name) || !(options.constants.contains(name) || options.constantTensors.contains(name)))
        continue;
      makeConstant(*inputs->Mutable(i));
      inputs->DeleteSubrange(i, 1);
    }
    for (auto &input : *inputs)
      if (!weights.contains(input.name()))
        fixShape(input);
    for (const auto &[symbol, value] : options.dims)
      if (!symbols.contains(symbol))
        fail(ErrorCode::OverrideInvalid, "--dim names '" + symbol + "', which is no dimension of an input",
             "the symbolic dimensions are: " + listOf(symbols) + "; others are set with --shape");
  }

private:
  /// The input's dimensions, -1 where one is open. Notes its symbols.
  std::vector<int64_t> dimensions(const ::onnx::ValueInfoProto &input) {
    const auto &type = input.type().tensor_type();
    std::vector<int64_t> dims;
    for (const auto &dim : type.shape().dim()) {
      int64_t extent = dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : -1;
      if (dim.has_dim_param() && !isAnonymous(dim.dim_param())) {
        symbols.insert(dim.dim_param());
        if (auto value = options.dims.find(dim.dim_param()); value != options.dims.end())
          extent = value->second;
      }
      dims.push_back(extent);
    }
    auto shape = options.shapes.find(input.name());
    if (shape == options.shapes.end())
      return dims;
    if (type.has_shape() && dims.size() != shape->second.size())
      fail(ErrorCode::OverrideInvalid,
           "--shape " + input.name() + " has " + std::to_string(shape->second.size()) + " dimensions, the input " +
               std::to_string(dims.size()),
           "");
    return shape->second;
  }

  void makeConstant(const ::onnx::ValueInfoProto &input) {
    const std::string &name = input.name();
    ::onnx::TensorProto &tensor = *graph.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(input.type().tensor_type().elem_type());
    std::vector<int64_t> dims = dimensions(input);
    bool fixed = input.type().tensor_type().has_shape() || options.shapes.contains(name);
    if (auto given = options.constantTensors.find(name); given != options.constantTensors.end())
      return fillFrom(tensor, given->second, "the value", dims, fixed);
    const std::string &text = options.constants.at(name);
    if (text.ends_with(".npy")) {
      Result<HostTensor> file = readNpy(text);
      if (!file)
        fail(file.error().code, "--const " + name + ": " + file.error().message, file.error().hint);
      return fillFrom(tensor, *file, "'" + text + "'", dims, fixed);
    }
    int64_t elements = 1;
    for (int64_t dim : dims) {
      fixed &= dim >= 0;
      if (dim > 0 && elements > maxConstantElements / dim)
        fail(ErrorCode::OverrideInvalid, "--const " + name + ": the input is too large to be a constant", "");
      elements *= dim;
      tensor.add_dims(dim);
    }
    if (!fixed)
      fail(ErrorCode::OverrideInvalid, "--const " + name + ": the input's shape is not fixed",
           "give it with --shape " + name + "=..., or the value as a .npy file");
    fillFromText(tensor, text, elements);
  }

  static void fillFromText(::onnx::TensorProto &tensor, const std::string &text, int64_t elements) {
    switch (tensor.data_type()) {
    case ::onnx::TensorProto::FLOAT:
      return fillTensor<float>(tensor, text, elements);
    case ::onnx::TensorProto::DOUBLE:
      return fillTensor<double>(tensor, text, elements);
    case ::onnx::TensorProto::FLOAT16:
      return fillNarrowFloats(tensor, HostType::F16, text, elements);
    case ::onnx::TensorProto::BFLOAT16:
      return fillNarrowFloats(tensor, HostType::BF16, text, elements);
    case ::onnx::TensorProto::INT64:
      return fillTensor<int64_t>(tensor, text, elements);
    case ::onnx::TensorProto::UINT64:
      return fillTensor<uint64_t>(tensor, text, elements);
    case ::onnx::TensorProto::INT32:
      return fillTensor<int32_t>(tensor, text, elements);
    case ::onnx::TensorProto::UINT32:
      return fillTensor<uint32_t>(tensor, text, elements);
    case ::onnx::TensorProto::INT16:
      return fillTensor<int16_t>(tensor, text, elements);
    case ::onnx::TensorProto::UINT16:
      return fillTensor<uint16_t>(tensor, text, elements);
    case ::onnx::TensorProto::BOOL:
    case ::onnx::TensorProto::INT8:
      return fillTensor<int8_t>(tensor, text, elements);
    case ::onnx::TensorProto::UINT8:
      return fillTensor<uint8_t>(tensor, text, elements);
    default:
      fail(ErrorCode::OverrideInvalid,
           "--const " + tensor.name() + ": numbers cannot be given for an input of " + dataTypeName(tensor.data_type()),
           "");
    }
  }

  /// `what` is how messages call the given tensor.
  static void fillFrom(::onnx::TensorProto &tensor, const HostTensor &given, const std::string &what,
                       const std::vector<int64_t> &dims, bool ranked) {
    if (int type = dataTypeOf(given.type); type != tensor.data_type())
      fail(ErrorCode::OverrideInvalid,
           "--const " + tensor.name() + ": " + what + " holds " + hostTypeName(given.type) + ", the input is of " +
               dataTypeName(tensor.data_type()),
           "");
    bool fits = !ranked || dims.size() == given.shape.size();
    for (size_t i = 0; fits && i != dims.size(); ++i)
      fits = dims[i] < 0 || dims[i] == given.shape[i];
    if (!fits)
      fail(ErrorCode::OverrideInvalid,
           "--const " + tensor.name() + ": " + what + " is of shape " + shapeText(given.shape) + ", the input of " +
               shapeText(dims),
           "-1 stands for a dimension that is open");
    for (int64_t dim : given.shape)
      tensor.add_dims(dim);
    tensor.set_raw_data(std::string(given.bytes.begin(), given.bytes.end()));
  }

  void fixShape(::onnx::ValueInfoProto &input) {
    if (!input.type().has_tensor_type())
      fail(ErrorCode::ValueTypeUnsupported, "the input '" + input.name() + "' is not a tensor",
           "sequences, maps and optional values have no form on the machine");
    auto *type = input.mutable_type()->mutable_tensor_type();
    if (!::onnx::TensorProto_DataType_IsValid(type->elem_type()))
      fail(ErrorCode::ValueTypeUnsupported,
           "the input '" + input.name() + "' has element type number " + std::to_string(type->elem_type()) +
               ", without support",
           "tensors of numbers and booleans have a form on the machine");
    if (!type->has_shape() && !options.shapes.contains(input.name()))
      fail(ErrorCode::ShapeUnknown, "the input '" + input.name() + "' declares no shape",
           "give it with --shape " + input.name() + "=AxBxC");
    std::vector<int64_t> dims = dimensions(input);
    auto declared = type->shape();
    type->mutable_shape()->clear_dim();
    for (size_t i = 0; i != dims.size(); ++i) {
      auto *dim = type->mutable_shape()->add_dim();
      if (dims[i] >= 0)
        dim->set_dim_value(dims[i]);
      else if (!isAnonymous(declared.dim(static_cast<int>(i)).dim_param()))
        dim->set_dim_param(declared.dim(static_cast<int>(i)).dim_param());
    }
  }

  ::onnx::GraphProto &graph;
  const ModelOptions &options;
  std::set<std::string> names, ignored, weights, symbols;
};

} // namespace

void frontend::applyOverrides(::onnx::ModelProto &model, const ModelOptions &options, const PreparedModel &result) {
  Overrider(model, options, result).run();
}
