// The program image as a file: a header, raw aligned sections, a protobuf manifest. docs/program-image.md is normative.
//
//   ImageWriter writer;
//   writer.manifest.set_model_name("...");
//   region.set_code_section(writer.addSection(code));
//   Status status = writer.write("model.wafer");
//
//   Result<Image> image = Image::open("model.wafer"); // framing and checksums verified
//   Result<VerifiedProgram> program = verifyProgram(...); // Verify.h: meaning verified
#ifndef WAFER_PROGRAM_IMAGE_H
#define WAFER_PROGRAM_IMAGE_H

#include "wafer/Program/manifest.pb.h"
#include "wafer/Support/Diagnostic.h"
#include "wafer/Support/Tensor.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace wafer {

constexpr uint32_t kImageVersion = 3, kOldestImageVersion = 2;
constexpr uint64_t kImageAlignment = 64;

/// What the words are that carry a tensor's elements on the machine: F32 or I32.
image::DataType carriedType(image::DataType declared);
/// What the host has a tensor as.
HostType hostType(image::DataType declared);

class ImageWriter {
public:
  /// Everything but `sections`, which the writer fills in.
  image::Manifest manifest;

  /// Adds a section and returns its index. The bytes are not copied and must live until write().
  uint32_t addSection(std::span<const uint8_t> bytes);
  uint32_t addSection(std::span<const uint32_t> words) {
    return addSection(std::span(reinterpret_cast<const uint8_t *>(words.data()), words.size() * 4));
  }
  /// Adds a section that the writer owns.
  uint32_t addOwnedSection(std::vector<uint8_t> bytes);
  uint32_t addOwnedSection(const std::vector<uint32_t> &words);

  /// Writes the file under a temporary name beside `path`, then renames it: a failed write leaves no half image.
  Status write(const std::string &path);
  /// The same bytes in memory.
  std::vector<uint8_t> bytes();

private:
  struct Layout {
    std::vector<uint8_t> header; // 64 bytes
    std::string manifest;
    uint64_t manifestOffset;
  };
  Layout layOut();

  std::vector<std::span<const uint8_t>> sections;
  std::vector<std::unique_ptr<std::vector<uint8_t>>> owned;
};

/// An image whose framing is verified: header, checksums, section bounds. Copies share the bytes; sections stay where
/// they are.
class Image {
public:
  /// Maps the file. Its bytes must not change while the image lives.
  static Result<Image> open(const std::string &path);
  static Result<Image> fromBytes(std::vector<uint8_t> bytes);

  const image::Manifest &manifest() const { return *manifest_; }
  std::span<const uint8_t> section(uint32_t index) const;
  uint64_t fileBytes() const { return size; }
  /// The file as it is.
  std::span<const uint8_t> bytes() const { return {data.get(), size}; }

private:
  static Result<Image> parse(std::shared_ptr<const uint8_t> data, uint64_t size, const std::string &name);

  std::shared_ptr<const uint8_t> data;
  uint64_t size = 0;
  std::shared_ptr<const image::Manifest> manifest_;
};

} // namespace wafer

#endif // WAFER_PROGRAM_IMAGE_H
