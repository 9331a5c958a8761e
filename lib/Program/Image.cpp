// The container: header, sections, manifest. What the manifest means is verified in Verify.cpp.
//
// The manifest stands last so that a writer can stream sections of known place before it knows their checksums, and so
// that a truncated file has lost its manifest: it can never pass for a shorter valid one.
#include "wafer/Program/Image.h"

#include "wafer/Support/OutputFile.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace wafer;

image::DataType wafer::carriedType(image::DataType declared) {
  switch (declared) {
  case image::F32:
  case image::F64:
  case image::F16:
  case image::BF16:
    return image::F32;
  default:
    return image::I32;
  }
}

HostType wafer::hostType(image::DataType type) {
  switch (type) {
  case image::F32:
    return HostType::F32;
  case image::I32:
    return HostType::I32;
  case image::I64:
    return HostType::I64;
  case image::F64:
    return HostType::F64;
  case image::F16:
    return HostType::F16;
  case image::BF16:
    return HostType::BF16;
  case image::I8:
    return HostType::I8;
  case image::I16:
    return HostType::I16;
  case image::U8:
    return HostType::U8;
  case image::U16:
    return HostType::U16;
  case image::U32:
    return HostType::U32;
  case image::U64:
    return HostType::U64;
  default:
    return HostType::Bool;
  }
}

namespace {
// Little-endian, like everything in the file; the emulator runs on little-endian hosts only.
struct Header {
  char magic[8];
  uint32_t version;
  uint32_t headerBytes;
  uint64_t fileBytes;
  uint64_t manifestOffset;
  uint64_t manifestBytes;
  uint64_t manifestChecksum;
  uint64_t reserved;
  uint64_t headerChecksum; // of the bytes before it
};
static_assert(sizeof(Header) == 64);
constexpr char kMagic[8] = {'W', 'A', 'F', 'E', 'R', 'I', 'M', 'G'};
constexpr uint64_t kMaxManifestBytes = uint64_t(256) << 20;
constexpr int kMaxSections = 1 << 20;

uint64_t alignUp(uint64_t value) { return (value + kImageAlignment - 1) / kImageAlignment * kImageAlignment; }
} // namespace

static Diagnostic invalid(const std::string &name, const std::string &what) {
  return {ErrorCode::ImageInvalid, name + ": " + what, "compile the model again"};
}

//===- Writing ------------------------------------------------------------===//

uint32_t ImageWriter::addSection(std::span<const uint8_t> bytes) {
  sections.push_back(bytes);
  return sections.size() - 1;
}

uint32_t ImageWriter::addOwnedSection(std::vector<uint8_t> bytes) {
  owned.push_back(std::make_unique<std::vector<uint8_t>>(std::move(bytes)));
  return addSection(std::span<const uint8_t>(*owned.back()));
}

uint32_t ImageWriter::addOwnedSection(const std::vector<uint32_t> &words) {
  std::vector<uint8_t> bytes(words.size() * 4);
  if (!bytes.empty())
    std::memcpy(bytes.data(), words.data(), bytes.size());
  return addOwnedSection(std::move(bytes));
}

/// An image says the oldest version that can say it, for the sake of builds that read no other.
static uint32_t oldestVersionFor(const image::Manifest &manifest) {
  for (const image::Region &region : manifest.regions())
    for (const image::WeightSlice &slice : region.weights())
      if (slice.box().middle_x() > 1 || slice.box().middle_y() > 1)
        return 3;
  return kOldestImageVersion;
}

ImageWriter::Layout ImageWriter::layOut() {
  Layout layout;
  uint64_t offset = sizeof(Header);
  manifest.clear_sections();
  for (std::span<const uint8_t> bytes : sections) {
    offset = alignUp(offset);
    image::Section &section = *manifest.add_sections();
    section.set_offset(offset);
    section.set_size(bytes.size());
    section.set_xxh3(XXH3_64bits(bytes.data(), bytes.size()));
    offset += bytes.size();
  }
  layout.manifestOffset = alignUp(offset);
  layout.manifest = manifest.SerializeAsString(); // no maps: the bytes follow from the fields
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = oldestVersionFor(manifest);
  header.headerBytes = sizeof(Header);
  header.fileBytes = layout.manifestOffset + layout.manifest.size();
  header.manifestOffset = layout.manifestOffset;
  header.manifestBytes = layout.manifest.size();
  header.manifestChecksum = XXH3_64bits(layout.manifest.data(), layout.manifest.size());
  header.headerChecksum = XXH3_64bits(&header, offsetof(Header, headerChecksum));
  layout.header.resize(sizeof header);
  std::memcpy(layout.header.data(), &header, sizeof header);
  return layout;
}

/// Feeds the file's bytes in order, padding included, to `put`.
template <typename Put>
static bool emit(std::span<const std::span<const uint8_t>> sections, std::span<const uint8_t> header,
                 const std::string &manifest, Put put) {
  static constexpr uint8_t zeros[kImageAlignment] = {};
  uint64_t at = 0;
  auto append = [&](const void *data, uint64_t size) {
    at += size;
    return size == 0 || put(data, size);
  };
  bool good = append(header.data(), header.size());
  for (std::span<const uint8_t> bytes : sections)
    good = good && append(zeros, alignUp(at) - at) && append(bytes.data(), bytes.size());
  return good && append(zeros, alignUp(at) - at) && append(manifest.data(), manifest.size());
}

std::vector<uint8_t> ImageWriter::bytes() {
  Layout layout = layOut();
  std::vector<uint8_t> out;
  emit(sections, layout.header, layout.manifest, [&](const void *data, uint64_t size) {
    const auto *bytes = static_cast<const uint8_t *>(data);
    out.insert(out.end(), bytes, bytes + size);
    return true;
  });
  return out;
}

Status ImageWriter::write(const std::string &path) {
  Layout layout = layOut();
  OutputFile file(path);
  emit(sections, layout.header, layout.manifest,
       [&](const void *data, uint64_t size) { return file.write(data, size); });
  if (int error = file.finish())
    return Diagnostic{ErrorCode::ImageUnwritable, path + ": cannot write: " + std::strerror(error),
                      "check the folder's permissions and free space"};
  return Status::ok();
}

//===- Reading ------------------------------------------------------------===//

Result<Image> Image::open(const std::string &path) {
  auto failure = [&](const std::string &what) {
    return Diagnostic{ErrorCode::ImageUnreadable, path + ": " + what, "name a .wafer file made by wafer-compile"};
  };
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return failure(std::strerror(errno));
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return failure("not a regular file");
  }
  uint64_t size = info.st_size;
  if (size < sizeof(Header)) {
    ::close(fd);
    return invalid(path, "too short for a program image (" + std::to_string(size) + " bytes)");
  }
  void *map = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  ::close(fd);
  if (map == MAP_FAILED)
    return failure(std::string("cannot map: ") + std::strerror(errno));
  std::shared_ptr<const uint8_t> data(static_cast<const uint8_t *>(map),
                                      [size](const uint8_t *p) { munmap(const_cast<uint8_t *>(p), size); });
  return parse(std::move(data), size, path);
}

Result<Image> Image::fromBytes(std::vector<uint8_t> bytes) {
  uint64_t size = bytes.size();
  if (size < sizeof(Header))
    return invalid("image", "too short for a program image (" + std::to_string(size) + " bytes)");
  // Sections are read as words: keep the file's alignment in memory.
  auto *copy = static_cast<uint8_t *>(std::aligned_alloc(kImageAlignment, alignUp(size)));
  std::memcpy(copy, bytes.data(), size);
  std::shared_ptr<const uint8_t> data(copy, [](const uint8_t *p) { std::free(const_cast<uint8_t *>(p)); });
  return parse(std::move(data), size, "image");
}

Result<Image> Image::parse(std::shared_ptr<const uint8_t> data, uint64_t size, const std::string &name) {
  Header header;
  std::memcpy(&header, data.get(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0)
    return Diagnostic{ErrorCode::ImageInvalid, name + ": not a program image (its first bytes are others)",
                      "name a .wafer file made by wafer-compile"};
  if (header.version < kOldestImageVersion || header.version > kImageVersion)
    return Diagnostic{ErrorCode::ImageVersion,
                      name + ": image version " + std::to_string(header.version) + ", this build reads versions " +
                          std::to_string(kOldestImageVersion) + " to " + std::to_string(kImageVersion),
                      "compile the model again with the wafer-compile of this build"};
  if (header.headerBytes != sizeof(Header) ||
      header.headerChecksum != XXH3_64bits(&header, offsetof(Header, headerChecksum)))
    return Diagnostic{ErrorCode::ImageChecksum, name + ": the header's checksum is wrong", "compile the model again"};
  if (header.fileBytes != size)
    return invalid(name, "the file has " + std::to_string(size) + " bytes, its header says " +
                             std::to_string(header.fileBytes));
  if (header.manifestOffset < sizeof(Header) || header.manifestOffset % kImageAlignment ||
      header.manifestOffset > size || header.manifestBytes != size - header.manifestOffset || header.reserved)
    return invalid(name, "the manifest's place is wrong");
  if (header.manifestBytes > kMaxManifestBytes)
    return invalid(name, "the manifest has more than 256 MiB");
  const uint8_t *manifestBytes = data.get() + header.manifestOffset;
  if (XXH3_64bits(manifestBytes, header.manifestBytes) != header.manifestChecksum)
    return Diagnostic{ErrorCode::ImageChecksum, name + ": the manifest's checksum is wrong", "compile the model again"};
  auto manifest = std::make_shared<image::Manifest>();
  if (!manifest->ParseFromArray(manifestBytes, static_cast<int>(header.manifestBytes)))
    return invalid(name, "the manifest cannot be parsed");
  if (manifest->sections_size() > kMaxSections)
    return invalid(name, "more than a million sections");
  uint64_t end = sizeof(Header);
  for (int i = 0; i != manifest->sections_size(); ++i) {
    const image::Section &section = manifest->sections(i);
    // In order and disjoint, so that no byte has two meanings.
    if (section.offset() != alignUp(end) || section.offset() > header.manifestOffset ||
        section.size() > header.manifestOffset - section.offset())
      return invalid(name, "section " + std::to_string(i) + " lies outside its place in the file");
    end = section.offset() + section.size();
    if (XXH3_64bits(data.get() + section.offset(), section.size()) != section.xxh3())
      return Diagnostic{ErrorCode::ImageChecksum, name + ": the checksum of section " + std::to_string(i) + " is wrong",
                        "compile the model again"};
  }
  if (alignUp(end) != header.manifestOffset)
    return invalid(name, "bytes between the last section and the manifest");
  for (uint64_t at = sizeof(Header), i = 0; at != header.manifestOffset; ++i) {
    // Padding is zero: every byte of the file is either checked or checksummed.
    bool last = static_cast<int>(i) == manifest->sections_size();
    uint64_t next = last ? header.manifestOffset : manifest->sections(i).offset();
    for (; at != next; ++at)
      if (data.get()[at])
        return invalid(name, "padding that is not zero");
    if (!last)
      at = next + manifest->sections(i).size();
  }
  Image image;
  image.data = std::move(data);
  image.size = size;
  image.manifest_ = std::move(manifest);
  return image;
}

std::span<const uint8_t> Image::section(uint32_t index) const {
  if (index >= static_cast<uint32_t>(manifest_->sections_size()))
    return {};
  const image::Section &section = manifest_->sections(index);
  return {data.get() + section.offset(), section.size()};
}
