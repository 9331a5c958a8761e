// What the process that reads models is asked and answers, as bytes: each number 8 bytes of this machine, each string
// and list its length first. Both ends are the same program, so that a function's address means the same to both.
#include "Internal.h"

#include <cstring>

using namespace wafer;
using namespace wafer::frontend;

namespace {

class Writer {
public:
  void number(uint64_t value) { bytes.append(reinterpret_cast<const char *>(&value), sizeof(value)); }
  void text(const std::string &value) {
    number(value.size());
    bytes += value;
  }
  template <typename List, typename Write> void list(const List &items, Write write) {
    number(items.size());
    for (const auto &item : items)
      write(item);
  }
  void diagnostic(const Diagnostic &value) {
    number(static_cast<uint64_t>(value.code));
    text(value.message);
    text(value.hint);
  }
  void tensor(const DetachedTensor &value) {
    text(value.name);
    number(static_cast<uint64_t>(value.dataType));
    numbers(value.dims);
    text(value.file);
    number(value.offset);
    number(value.length);
    number(value.error.has_value());
    if (value.error)
      diagnostic(*value.error);
  }
  void numbers(const std::vector<int64_t> &values) {
    list(values, [&](int64_t value) { number(static_cast<uint64_t>(value)); });
  }
  std::string bytes;
};

class Reader {
public:
  explicit Reader(const std::string &bytes) : bytes(bytes) {}
  uint64_t number() {
    uint64_t value;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    at += sizeof(value);
    return value;
  }
  std::string text() {
    size_t size = number();
    at += size;
    return bytes.substr(at - size, size);
  }
  template <typename T, typename Read> std::vector<T> list(Read read) {
    std::vector<T> items;
    for (uint64_t left = number(); left != 0; --left)
      items.push_back(read());
    return items;
  }
  Diagnostic diagnostic() {
    auto code = static_cast<ErrorCode>(number());
    std::string message = text();
    return {code, std::move(message), text()};
  }
  DetachedTensor tensor() {
    DetachedTensor tensor;
    tensor.name = text();
    tensor.dataType = static_cast<int>(number());
    tensor.dims = numbers();
    tensor.file = text();
    tensor.offset = number();
    tensor.length = number();
    if (number())
      tensor.error = diagnostic();
    return tensor;
  }
  std::vector<int64_t> numbers() {
    return list<int64_t>([&] { return static_cast<int64_t>(number()); });
  }
  /// Fills a map of names.
  template <typename Map, typename Read> void map(Map &items, Read read) {
    for (uint64_t left = number(); left != 0; --left) {
      std::string name = text();
      items.emplace(std::move(name), read());
    }
  }

private:
  const std::string &bytes;
  size_t at = 0;
};

} // namespace

std::string frontend::encodeRequest(const PrepareRequest &request) {
  Writer w;
  w.number(request.isText);
  w.text(request.model);
  w.diagnostic(request.unreadable);
  w.list(request.detached, [&](const DetachedTensor &tensor) { w.tensor(tensor); });
  const ModelOptions &options = request.options;
  w.list(options.dims, [&](const auto &dim) {
    w.text(dim.first);
    w.number(static_cast<uint64_t>(dim.second));
  });
  w.list(options.shapes, [&](const auto &shape) {
    w.text(shape.first);
    w.numbers(shape.second);
  });
  w.list(options.constants, [&](const auto &constant) {
    w.text(constant.first);
    w.text(constant.second);
  });
  w.list(options.constantTensors, [&](const auto &constant) {
    w.text(constant.first);
    w.number(static_cast<uint64_t>(constant.second.type));
    w.numbers(constant.second.shape);
    w.text({constant.second.bytes.begin(), constant.second.bytes.end()});
  });
  w.number(reinterpret_cast<uintptr_t>(options.hasLowering));
  return std::move(w.bytes);
}

PrepareRequest frontend::decodeRequest(const std::string &bytes) {
  Reader r(bytes);
  PrepareRequest request;
  request.isText = r.number();
  request.model = r.text();
  request.unreadable = r.diagnostic();
  request.detached = r.list<DetachedTensor>([&] { return r.tensor(); });
  ModelOptions &options = request.options;
  r.map(options.dims, [&] { return static_cast<int64_t>(r.number()); });
  r.map(options.shapes, [&] { return r.numbers(); });
  r.map(options.constants, [&] { return r.text(); });
  r.map(options.constantTensors, [&] {
    HostTensor tensor;
    tensor.type = static_cast<HostType>(r.number());
    tensor.shape = r.numbers();
    std::string elements = r.text();
    tensor.bytes.assign(elements.begin(), elements.end());
    return tensor;
  });
  options.hasLowering = reinterpret_cast<decltype(options.hasLowering)>(r.number());
  return request;
}

std::string frontend::encodeResult(const ModelResult<PreparedModel> &result) {
  Writer w;
  w.list(result.errors, [&](const ModelError &error) {
    w.diagnostic(error.diagnostic);
    w.text(error.node);
  });
  w.number(result.value != nullptr);
  if (!result.value)
    return std::move(w.bytes);
  w.text(result.value->proto->SerializeAsString());
  w.list(result.value->weights, [&](const DetachedTensor &tensor) { w.tensor(tensor); });
  w.list(result.value->ignoredInputs, [&](const IgnoredInput &input) {
    w.text(input.name);
    w.list(input.symbols, [&](const std::string &symbol) { w.text(symbol); });
  });
  return std::move(w.bytes);
}

ModelResult<PreparedModel> frontend::decodeResult(const std::string &bytes) {
  Reader r(bytes);
  ModelResult<PreparedModel> result;
  result.errors = r.list<ModelError>([&] {
    Diagnostic diagnostic = r.diagnostic();
    return ModelError{std::move(diagnostic), r.text()};
  });
  if (!r.number())
    return result;
  result.value = std::make_unique<PreparedModel>();
  result.value->proto = std::make_unique<::onnx::ModelProto>();
  if (!parseModel(r.text(), *result.value->proto))
    fail(ErrorCode::ModelLimits, "the model does not fit one message once its functions are expanded",
         "compile parts of it");
  result.value->weights = r.list<DetachedTensor>([&] { return r.tensor(); });
  result.value->ignoredInputs = r.list<IgnoredInput>([&] {
    std::string name = r.text();
    return IgnoredInput{std::move(name), r.list<std::string>([&] { return r.text(); })};
  });
  return result;
}
