// A prepared model, or what is wrong with one, as bytes: each number 8 bytes of this machine, each string and list its
// length first. Both ends are the same program.
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

private:
  const std::string &bytes;
  size_t at = 0;
};

} // namespace

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
  w.list(result.value->weights, [&](const DetachedTensor &tensor) {
    w.text(tensor.name);
    w.number(static_cast<uint64_t>(tensor.dataType));
    w.list(tensor.dims, [&](int64_t dim) { w.number(static_cast<uint64_t>(dim)); });
    w.text(tensor.file);
    w.number(tensor.offset);
    w.number(tensor.length);
  });
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
  result.value->weights = r.list<DetachedTensor>([&] {
    DetachedTensor tensor;
    tensor.name = r.text();
    tensor.dataType = static_cast<int>(r.number());
    tensor.dims = r.list<int64_t>([&] { return static_cast<int64_t>(r.number()); });
    tensor.file = r.text();
    tensor.offset = r.number();
    tensor.length = r.number();
    return tensor;
  });
  result.value->ignoredInputs = r.list<IgnoredInput>([&] {
    std::string name = r.text();
    return IgnoredInput{std::move(name), r.list<std::string>([&] { return r.text(); })};
  });
  return result;
}
