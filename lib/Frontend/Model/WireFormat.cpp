// The wire format of a model, walked before any library sees it.
//
// Two things are wanted. First, bounds: a length that leaves its message, a varint without end or a graph nested
// thousands deep must be found here, in one pass that never recurses deeper than maxDepth. Second, weights must stay
// in their file: a model is a few kilobytes of graph around megabytes or gigabytes of tensor data, and every step
// after this one (parsing, conversion, inference) copies what it is given. So the walk writes a copy of the model in
// which the data of big tensors is left out, and notes where in the file it lies. raw_data and packed float_data are
// both little-endian arrays on the wire, so both can be used in place; external data is already outside.
//
// Only what is walked is understood; everything else is copied byte for byte. Lengths of enclosing messages change, so
// a message is rebuilt in a buffer of its own and then appended: the cost is (depth) copies of the slim bytes.
#include "Internal.h"

#include <charconv>
#include <limits>

using namespace wafer;
using namespace wafer::frontend;

namespace {

constexpr int maxDepth = 64;    // nested graphs count two each (attribute, graph)
constexpr int64_t maxRank = 64; // of a tensor
constexpr uint64_t maxNodes = 4'000'000;
constexpr uint64_t maxFile = uint64_t(1) << 31; // what protobuf can hold in one message
constexpr std::string_view markPrefix = "waferc.detached:";

enum class Kind { Model, Graph, Node, Attribute, Tensor, SparseTensor, Function };

/// Which message a length-delimited field holds, for the messages that are walked.
bool childKind(Kind parent, uint32_t field, Kind &kind) {
  switch (parent) {
  case Kind::Model:
    if (field == 7)
      return kind = Kind::Graph, true;
    if (field == 25)
      return kind = Kind::Function, true;
    return false;
  case Kind::Graph:
    if (field == 1)
      return kind = Kind::Node, true;
    if (field == 5)
      return kind = Kind::Tensor, true;
    if (field == 15)
      return kind = Kind::SparseTensor, true;
    return false;
  case Kind::Function:
    if (field == 7)
      return kind = Kind::Node, true;
    if (field == 11)
      return kind = Kind::Attribute, true;
    return false;
  case Kind::Node:
    if (field == 5)
      return kind = Kind::Attribute, true;
    return false;
  case Kind::Attribute:
    if (field == 5 || field == 10)
      return kind = Kind::Tensor, true;
    if (field == 6 || field == 11)
      return kind = Kind::Graph, true;
    if (field == 22 || field == 23)
      return kind = Kind::SparseTensor, true;
    return false;
  case Kind::SparseTensor:
    if (field == 1 || field == 2)
      return kind = Kind::Tensor, true;
    return false;
  case Kind::Tensor:
    return false;
  }
  return false;
}

void appendVarint(std::string &out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

struct Field {
  uint32_t number = 0;
  uint32_t wireType = 0;
  uint64_t value = 0;               // varint, or the bits of a fixed field
  std::span<const uint8_t> payload; // length-delimited
  std::span<const uint8_t> whole;   // tag included
};

/// Reads the fields of one message. After an error `failed` is set and next() returns false.
class Reader {
public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes(bytes) {}

  bool next(Field &field) {
    if (at == bytes.size())
      return false;
    size_t start = at;
    uint64_t tag;
    if (!varint(tag) || (tag >> 3) == 0 || (tag >> 3) > (uint64_t(1) << 29) - 1)
      return fail();
    field = {};
    field.number = static_cast<uint32_t>(tag >> 3);
    field.wireType = tag & 7;
    switch (field.wireType) {
    case 0:
      if (!varint(field.value))
        return fail();
      break;
    case 1:
    case 5: {
      size_t width = field.wireType == 1 ? 8 : 4;
      if (bytes.size() - at < width)
        return fail();
      for (size_t i = 0; i != width; ++i)
        field.value |= uint64_t(bytes[at + i]) << (8 * i);
      at += width;
      break;
    }
    case 2: {
      uint64_t length;
      if (!varint(length) || length > bytes.size() - at)
        return fail();
      field.payload = bytes.subspan(at, length);
      at += length;
      break;
    }
    default: // groups are not used by ONNX
      return fail();
    }
    field.whole = bytes.subspan(start, at - start);
    return true;
  }

  bool varint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (at == bytes.size())
        return false;
      uint8_t byte = bytes[at++];
      if (shift == 63 && byte > 1)
        return false;
      value |= uint64_t(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        return true;
    }
    return false;
  }

  bool atEnd() const { return at == bytes.size(); }
  bool failed = false;

private:
  bool fail() {
    failed = true;
    return false;
  }
  std::span<const uint8_t> bytes;
  size_t at = 0;
};

std::string text(std::span<const uint8_t> bytes) {
  return std::string(reinterpret_cast<const char *>(bytes.data()), bytes.size());
}

struct TensorSummary {
  std::string name;
  int64_t dataType = 0;
  std::vector<int64_t> dims;
  std::span<const uint8_t> raw, packed;
  int rawFields = 0, typedFields = 0;
  bool external = false;
  bool segmented = false;
  std::map<std::string, std::string> externalEntries;
  uint64_t elements = 0;
};

class Slimmer {
public:
  Slimmer(const MappedFile &file, const ModelOptions &options) : file(file), options(options) {}

  Result<SlimModel> run() {
    SlimModel result;
    slim = &result;
    if (!walk(Kind::Model, file.bytes(), result.bytes, 0, /*detachable=*/true))
      return error;
    return result;
  }

private:
  bool fail(ErrorCode code, std::string message, std::string hint) {
    error = {code, std::move(message), std::move(hint)};
    return false;
  }
  bool malformed(std::span<const uint8_t> message) {
    size_t offset = message.data() ? message.data() - file.bytes().data() : 0;
    std::string foreign = describeForeignFile(file.bytes());
    return fail(ErrorCode::ModelUnreadable,
                "'" + file.path() + "' is not an ONNX model, or it is cut short: the protobuf message at byte " +
                    std::to_string(offset) + " is broken",
                foreign.empty() ? "fetch or export the model again" : foreign);
  }

  bool walk(Kind kind, std::span<const uint8_t> message, std::string &out, int depth, bool detachable) {
    if (depth > maxDepth)
      return fail(ErrorCode::ModelLimits,
                  "the model nests graphs more than " + std::to_string(maxDepth / 3) + " levels deep", "");
    if (kind == Kind::Tensor)
      return tensor(message, out, detachable);
    // Constant nodes are the ones whose op_type says so; it may stand after the attribute.
    if (kind == Kind::Node && detachable)
      detachable = isConstantNode(message);
    Reader reader(message);
    Field field;
    std::string child;
    while (reader.next(field)) {
      Kind childType;
      if (field.wireType != 2 || !childKind(kind, field.number, childType)) {
        if (kind == Kind::Attribute && field.number != 1)
          detachable = detachable && field.number != 21; // a reference to a function's attribute
        out.append(text(field.whole));
        continue;
      }
      if (childType == Kind::Node && ++nodes > maxNodes)
        return fail(ErrorCode::ModelLimits, "the model has more than " + std::to_string(maxNodes) + " nodes", "");
      bool childDetachable = detachable;
      switch (childType) {
      case Kind::Graph:
        childDetachable = detachable && kind == Kind::Model;
        break;
      case Kind::Function:
      case Kind::SparseTensor:
        childDetachable = false;
        break;
      default:
        break;
      }
      child.clear();
      std::string nested;
      if (!walk(childType, field.payload, nested, depth + 1, childDetachable))
        return false;
      appendVarint(out, uint64_t(field.number) << 3 | 2);
      appendVarint(out, nested.size());
      out.append(nested);
    }
    return !reader.failed || malformed(message);
  }

  static bool isConstantNode(std::span<const uint8_t> message) {
    Reader reader(message);
    Field field;
    bool constant = false, standard = true;
    while (reader.next(field)) {
      if (field.number == 4 && field.wireType == 2)
        constant = text(field.payload) == "Constant";
      if (field.number == 7 && field.wireType == 2)
        standard = field.payload.empty() || text(field.payload) == "ai.onnx";
    }
    return constant && standard;
  }

  bool summarize(std::span<const uint8_t> message, TensorSummary &t) {
    Reader reader(message);
    Field field;
    while (reader.next(field)) {
      switch (field.number) {
      case 1: // dims, packed or not
        if (field.wireType == 0) {
          t.dims.push_back(static_cast<int64_t>(field.value));
        } else if (field.wireType == 2) {
          Reader packed(field.payload);
          while (!packed.atEnd()) {
            uint64_t value;
            if (!packed.varint(value))
              return malformed(field.payload);
            t.dims.push_back(static_cast<int64_t>(value));
            if (t.dims.size() > maxRank)
              break;
          }
        }
        if (t.dims.size() > maxRank)
          return fail(ErrorCode::ModelLimits,
                      "tensor '" + t.name + "' has more than " + std::to_string(maxRank) + " dimensions", "");
        break;
      case 2:
        t.dataType = static_cast<int64_t>(field.value);
        break;
      case 3:
        t.segmented = true;
        break;
      case 4:
      case 10: // float_data, double_data
        ++t.typedFields;
        if (field.wireType == 2)
          t.packed = field.payload;
        break;
      case 5:
      case 6:
      case 7:
      case 11:
        ++t.typedFields;
        break;
      case 9:
        ++t.rawFields;
        t.raw = field.payload;
        break;
      case 13: {
        if (field.wireType != 2)
          break;
        Reader entry(field.payload);
        Field part;
        std::string key, value;
        while (entry.next(part))
          (part.number == 1 ? key : value) = text(part.payload);
        if (entry.failed)
          return malformed(field.payload);
        t.externalEntries[key] = value;
        break;
      }
      case 12: // our own mark must not come from the file
        if (text(field.payload).starts_with(markPrefix))
          return fail(ErrorCode::ModelMalformed, "tensor '" + t.name + "' carries a reserved doc_string", "");
        break;
      case 14:
        t.external = field.value == 1;
        break;
      default:
        break;
      }
    }
    if (reader.failed)
      return malformed(message);
    t.elements = 1;
    for (int64_t dim : t.dims) {
      if (dim < 0)
        return fail(ErrorCode::ModelMalformed, "tensor '" + t.name + "' has a negative dimension",
                    "export the model again");
      if (dim != 0 && t.elements > uint64_t(std::numeric_limits<int64_t>::max()) / 16 / dim)
        return fail(ErrorCode::ModelMalformed, "the dimensions of tensor '" + t.name + "' overflow",
                    "export the model again");
      t.elements *= dim;
    }
    return true;
  }

  /// What is wrong with a tensor matters only if something uses it: the error goes with the tensor.
  bool tensor(std::span<const uint8_t> message, std::string &out, bool detachable) {
    TensorSummary t;
    t.name = tensorName(message);
    size_t before = out.size();
    if (copyTensor(t, message, out, detachable))
      return true;
    if (error.code == ErrorCode::ModelUnreadable)
      return false;
    out.resize(before);
    t.dims.clear();
    detach(t, "", 0, 0, out);
    slim->detached.back().error = error;
    return true;
  }

  static std::string tensorName(std::span<const uint8_t> message) {
    Reader reader(message);
    Field field;
    std::string name;
    while (reader.next(field))
      if (field.number == 8 && field.wireType == 2)
        name = text(field.payload.subspan(0, std::min<size_t>(field.payload.size(), 4096)));
    return name;
  }

  bool copyTensor(TensorSummary &t, std::span<const uint8_t> message, std::string &out, bool detachable) {
    if (!summarize(message, t))
      return false;
    std::string who = "tensor '" + t.name + "'";
    if (t.segmented)
      return fail(ErrorCode::ModelMalformed, who + " is segmented, which no ONNX release supports", "");
    unsigned width = dataTypeBytes(static_cast<int>(t.dataType));
    if (t.rawFields > 1 || (t.rawFields == 1 && t.typedFields > 0 && !t.packed.empty()))
      return fail(ErrorCode::ModelMalformed, who + " gives its data twice", "export the model again");
    if (t.rawFields == 1 && width != 0 && t.raw.size() != t.elements * width)
      return fail(ErrorCode::ModelMalformed,
                  who + " has " + std::to_string(t.raw.size()) + " bytes of data, its shape needs " +
                      std::to_string(t.elements * width),
                  "export the model again");
    if (t.external)
      return externalTensor(t, width, message, out, detachable);
    if (detachable && width != 0 && t.elements > uint64_t(options.maxInlineElements)) {
      std::span<const uint8_t> data;
      if (t.rawFields == 1)
        data = t.raw;
      else if (t.typedFields == 1 && t.packed.size() == t.elements * width &&
               (t.dataType == ::onnx::TensorProto::FLOAT || t.dataType == ::onnx::TensorProto::DOUBLE))
        data = t.packed;
      if (!data.empty()) {
        detach(t, file.path(), data.data() - file.bytes().data(), data.size(), out);
        return true;
      }
    }
    out.append(text(message));
    return true;
  }

  static bool parseNumber(const std::string &text, uint64_t &value) {
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc() && end == text.data() + text.size();
  }

  bool externalTensor(const TensorSummary &t, unsigned width, std::span<const uint8_t> message, std::string &out,
                      bool detachable) {
    std::string who = "tensor '" + t.name + "'";
    if (!detachable)
      return fail(ErrorCode::ExternalData, who + " has external data, but is not a weight of the main graph",
                  "save the model with external data for initializers only");
    if (width == 0)
      return fail(ErrorCode::ValueTypeUnsupported,
                  who + " has external data of type " + dataTypeName(static_cast<int>(t.dataType)) +
                      ", which has no form on the machine",
                  "convert the weight to float32");
    if (t.rawFields || t.typedFields)
      return fail(ErrorCode::ModelMalformed, who + " gives its data twice, inside and outside the file", "");
    auto entry = [&](const char *key) {
      auto found = t.externalEntries.find(key);
      return found == t.externalEntries.end() ? std::string() : found->second;
    };
    std::string location = entry("location");
    auto &data = externalFiles[location];
    if (!data) {
      if (!file.folder())
        return fail(ErrorCode::ExternalData,
                    "external data '" + location.substr(0, 200) + "', for " + who +
                        ", has no place: the model is given as bytes",
                    "give the model as a file, or name the folder that its external data is in");
      auto opened = MappedFile::openBelow(*file.folder(), location);
      if (!opened) {
        error = opened.error();
        error.message += ", for " + who;
        return false;
      }
      data = opened.take();
    }
    uint64_t offset = 0, length = t.elements * width;
    if (!entry("offset").empty() && !parseNumber(entry("offset"), offset))
      return fail(ErrorCode::ExternalData, who + " has the external offset '" + entry("offset") + "'", "");
    uint64_t stated = length;
    if (!entry("length").empty() && !parseNumber(entry("length"), stated))
      return fail(ErrorCode::ExternalData, who + " has the external length '" + entry("length") + "'", "");
    // Exporters write a length of 0 where they leave it to the shape.
    if (stated != length && stated != 0)
      return fail(ErrorCode::ExternalData,
                  who + " has " + std::to_string(stated) + " bytes of external data, its shape needs " +
                      std::to_string(length),
                  "export the model again");
    uint64_t size = data->bytes().size();
    if (offset > size || length > size - offset)
      return fail(ErrorCode::ExternalData,
                  who + " reads bytes " + std::to_string(offset) + " to " + std::to_string(offset + length) + " of '" +
                      location + "', which has " + std::to_string(size),
                  "fetch or export the external data again");
    if (t.elements > uint64_t(options.maxInlineElements)) {
      detach(t, data->path(), offset, length, out);
      return true;
    }
    header(t, out);
    appendVarint(out, 9 << 3 | 2);
    appendVarint(out, length);
    out.append(text(data->bytes().subspan(offset, length)));
    return true;
  }

  static void header(const TensorSummary &t, std::string &out) {
    for (int64_t dim : t.dims) {
      appendVarint(out, 1 << 3);
      appendVarint(out, static_cast<uint64_t>(dim));
    }
    appendVarint(out, 2 << 3);
    appendVarint(out, static_cast<uint64_t>(t.dataType));
    appendVarint(out, 8 << 3 | 2);
    appendVarint(out, t.name.size());
    out.append(t.name);
  }

  void detach(const TensorSummary &t, const std::string &path, uint64_t offset, uint64_t length, std::string &out) {
    header(t, out);
    std::string mark = detachedMark(slim->detached.size());
    appendVarint(out, 12 << 3 | 2);
    appendVarint(out, mark.size());
    out.append(mark);
    slim->detached.push_back({t.name, static_cast<int>(t.dataType), t.dims, path, offset, length, std::nullopt});
  }

  const MappedFile &file;
  const ModelOptions &options;
  std::map<std::string, std::unique_ptr<MappedFile>> externalFiles;
  SlimModel *slim = nullptr;
  uint64_t nodes = 0;
  Diagnostic error{};
};

} // namespace

std::string frontend::detachedMark(size_t index) { return std::string(markPrefix) + std::to_string(index); }

int64_t frontend::detachedIndex(const ::onnx::TensorProto &tensor) {
  std::string_view doc = tensor.doc_string();
  if (!doc.starts_with(markPrefix) || tensor.has_raw_data() || tensor.float_data_size() || tensor.double_data_size())
    return -1;
  int64_t index = -1;
  doc.remove_prefix(markPrefix.size());
  auto [end, code] = std::from_chars(doc.data(), doc.data() + doc.size(), index);
  return code == std::errc() && end == doc.data() + doc.size() ? index : -1;
}

unsigned frontend::dataTypeBytes(int dataType) {
  using T = ::onnx::TensorProto;
  switch (dataType) {
  case T::UINT8:
  case T::INT8:
  case T::BOOL:
  case T::FLOAT8E4M3FN:
  case T::FLOAT8E4M3FNUZ:
  case T::FLOAT8E5M2:
  case T::FLOAT8E5M2FNUZ:
    return 1;
  case T::UINT16:
  case T::INT16:
  case T::FLOAT16:
  case T::BFLOAT16:
    return 2;
  case T::FLOAT:
  case T::INT32:
  case T::UINT32:
    return 4;
  case T::DOUBLE:
  case T::INT64:
  case T::UINT64:
  case T::COMPLEX64:
    return 8;
  case T::COMPLEX128:
    return 16;
  default:
    return 0;
  }
}

Result<SlimModel> frontend::slimModel(const MappedFile &file, const ModelOptions &options) {
  if (file.bytes().empty())
    return Diagnostic{ErrorCode::ModelUnreadable, "'" + file.path() + "' is empty", "fetch or export the model again"};
  if (file.bytes().size() >= maxFile)
    return Diagnostic{ErrorCode::ModelLimits, "'" + file.path() + "' is 2 GiB or larger, which protobuf cannot hold",
                      "save the model with external data"};
  return Slimmer(file, options).run();
}
