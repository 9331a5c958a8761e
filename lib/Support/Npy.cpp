// The format: "\x93NUMPY", version, length of a header, the header (a Python dictionary literal with `descr`,
// `fortran_order` and `shape`, padded with blanks to a multiple of 64), the data. The header is parsed as the literal
// that NumPy writes and nothing more general.
#include "wafer/Support/Npy.h"

#include "wafer/Support/OutputFile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>

using namespace wafer;

/// NumPy's spelling of element types. bfloat16 is not NumPy's own: arrays of ml_dtypes.bfloat16 are saved as two raw
/// bytes.
static constexpr std::pair<HostType, const char *> kDescriptions[] = {
    {HostType::F32, "<f4"}, {HostType::F64, "<f8"}, {HostType::F16, "<f2"}, {HostType::BF16, "|V2"},
    {HostType::I8, "|i1"},  {HostType::I16, "<i2"}, {HostType::I32, "<i4"}, {HostType::I64, "<i8"},
    {HostType::U8, "|u1"},  {HostType::U16, "<u2"}, {HostType::U32, "<u4"}, {HostType::U64, "<u8"},
    {HostType::Bool, "|b1"}};

static const char *descr(HostType type) {
  for (auto [known, text] : kDescriptions)
    if (known == type)
      return text;
  return "?";
}

namespace {
class HeaderParser {
public:
  HeaderParser(std::string_view text) : text(text) {}

  /// Empty if all is well, else what is wrong.
  std::string parse(HostTensor &tensor) {
    bool haveType = false, haveOrder = false, haveShape = false;
    if (!take('{'))
      return "its header is no dictionary";
    while (!take('}')) {
      std::string_view key;
      if (!quoted(key) || !take(':'))
        return "its header is no dictionary";
      if (key == "descr" && !haveType) {
        std::string_view value;
        if (!quoted(value))
          return "its element type is not a simple one";
        for (auto [type, text] : kDescriptions)
          if (value == text || (type == HostType::BF16 && value == "<V2"))
            tensor.type = type, haveType = true;
        if (!haveType)
          return "elements of type '" + std::string(value.substr(0, 16)) +
                 "' are not supported; little-endian floats, integers, bool and bfloat16 (as V2) are";
      } else if (key == "fortran_order" && !haveOrder) {
        haveOrder = true;
        if (word("True"))
          return "it is in Fortran order";
        if (!word("False"))
          return "its header is malformed at fortran_order";
      } else if (key == "shape" && !haveShape) {
        haveShape = true;
        if (!take('('))
          return "its header is malformed at shape";
        while (!take(')')) {
          int64_t extent;
          if (!number(extent))
            return "its header is malformed at shape";
          tensor.shape.push_back(extent);
          if (tensor.shape.size() > 32)
            return "it has more than 32 dimensions";
          if (!take(',') && peek() != ')')
            return "its header is malformed at shape";
        }
      } else {
        return "its header has the unknown key '" + std::string(key.substr(0, 16)) + "'";
      }
      if (!take(',') && peek() != '}')
        return "its header is no dictionary";
    }
    return haveType && haveOrder && haveShape ? "" : "its header lacks descr, fortran_order or shape";
  }

private:
  void blanks() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n'))
      ++at;
  }
  char peek() {
    blanks();
    return at < text.size() ? text[at] : '\0';
  }
  bool take(char c) {
    if (peek() != c)
      return false;
    ++at;
    return true;
  }
  bool word(std::string_view w) {
    blanks();
    if (text.substr(at, w.size()) != w)
      return false;
    at += w.size();
    return true;
  }
  bool quoted(std::string_view &value) {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      return false;
    size_t end = text.find(quote, at + 1);
    if (end == std::string_view::npos)
      return false;
    value = text.substr(at + 1, end - at - 1);
    at = end + 1;
    return true;
  }
  bool number(int64_t &value) {
    blanks();
    size_t first = at;
    value = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      value = value * 10 + (text[at] - '0');
      if (value > (int64_t(1) << 40))
        return false;
    }
    return at != first;
  }

  std::string_view text;
  size_t at = 0;
};
} // namespace

Result<HostTensor> wafer::parseNpy(std::span<const uint8_t> bytes, const std::string &name) {
  auto bad = [&](const std::string &what) {
    return Diagnostic{ErrorCode::TensorFileInvalid, name + ": " + what, "write it with numpy.save"};
  };
  if (bytes.size() < 10 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    return bad("is no .npy file");
  unsigned version = bytes[6];
  size_t start = version == 1 ? 10 : 12, length;
  if (version == 1)
    length = bytes[8] | bytes[9] << 8;
  else if ((version == 2 || version == 3) && bytes.size() >= 12)
    length = bytes[8] | bytes[9] << 8 | bytes[10] << 16 | size_t(bytes[11]) << 24;
  else
    return bad("is of version " + std::to_string(version) + " of the format");
  if (length > bytes.size() - start)
    return bad("its header is cut off");
  HostTensor tensor;
  std::string problem = HeaderParser({reinterpret_cast<const char *>(bytes.data()) + start, length}).parse(tensor);
  if (!problem.empty())
    return bad(problem);
  size_t have = bytes.size() - start - length;
  uint64_t want = elementBytes(tensor.type);
  bool empty = false;
  for (int64_t extent : tensor.shape)
    empty |= extent == 0;
  for (int64_t extent : tensor.shape) {
    if (!empty && want > (uint64_t(1) << 62) / uint64_t(extent))
      return bad("its shape " + shapeText(tensor.shape) + " is beyond all memory");
    want *= extent;
  }
  if (empty)
    want = 0;
  if (have != want)
    return bad("its shape " + shapeText(tensor.shape) + " wants " + std::to_string(want) + " bytes of data, it has " +
               std::to_string(have));
  tensor.bytes.assign(bytes.end() - have, bytes.end());
  return tensor;
}

Result<HostTensor> wafer::readNpy(const std::string &path) {
  auto failure = [&](const std::string &what) {
    return Diagnostic{ErrorCode::TensorFileUnreadable, path + ": " + what, ""};
  };
  struct stat info;
  if (stat(path.c_str(), &info) != 0)
    return failure(std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return failure("not a regular file");
  FILE *file = std::fopen(path.c_str(), "rb");
  if (!file)
    return failure(std::strerror(errno));
  std::vector<uint8_t> bytes(info.st_size);
  size_t got = std::fread(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  if (got != bytes.size())
    return failure("cannot be read to its end");
  return parseNpy(bytes, path);
}

std::vector<uint8_t> wafer::npyBytes(const HostTensor &tensor) {
  std::string shape = "(";
  for (int64_t extent : tensor.shape)
    shape += std::to_string(extent) + ", ";
  if (tensor.shape.size() > 1)
    shape.resize(shape.size() - 2);
  else if (tensor.shape.size() == 1)
    shape.resize(shape.size() - 1);
  std::string header =
      std::string("{'descr': '") + descr(tensor.type) + "', 'fortran_order': False, 'shape': " + shape + "), }";
  size_t total = (10 + header.size() + 1 + 63) / 64 * 64;
  header.resize(total - 11, ' ');
  header += '\n';
  std::vector<uint8_t> bytes = {
      0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, uint8_t(header.size()), uint8_t(header.size() >> 8)};
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), tensor.bytes.begin(), tensor.bytes.end());
  return bytes;
}

Status wafer::writeNpy(const std::string &path, const HostTensor &tensor) {
  std::vector<uint8_t> bytes = npyBytes(tensor);
  OutputFile file(path);
  file.write(bytes.data(), bytes.size());
  if (int error = file.finish())
    return Diagnostic{ErrorCode::TensorFileUnwritable, path + ": " + std::strerror(error),
                      "check the folder's permissions and free space"};
  return Status::ok();
}
