// Protobuf's wire format, as far as an ONNX model needs it. The plugin lives in processes that have protobuf libraries
// of their own, in versions that nobody knows; a message is numbered fields, and these lines write them.
#ifndef WAFER_LIB_ONNXRUNTIME_WIREWRITER_H
#define WAFER_LIB_ONNXRUNTIME_WIREWRITER_H

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace wafer::ort {

/// A message that grows field by field.
class Message {
public:
  void number(int field, int64_t value) {
    tag(field, 0);
    varint(static_cast<uint64_t>(value));
  }
  void real(int field, float value) {
    tag(field, 5);
    uint32_t bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift != 32; shift += 8)
      bytes.push_back(static_cast<char>(bits >> shift));
  }
  void text(int field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    bytes.append(value);
  }
  void message(int field, const Message &value) { text(field, value.bytes); }

  std::string take() { return std::move(bytes); }

private:
  void tag(int field, int kind) { varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(kind)); }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      bytes.push_back(static_cast<char>(value | 0x80));
    bytes.push_back(static_cast<char>(value));
  }

  std::string bytes;
};

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_WIREWRITER_H
