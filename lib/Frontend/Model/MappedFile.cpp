// Opening model files and their external data.
//
// A model names its external data by relative path. The path comes from an untrusted file, so it must not reach
// anything outside the model's folder: every component is opened by itself, below the descriptor of its parent and
// without following links, and what is opened in the end must be a regular file with a single name.
#include "Internal.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace wafer;
using namespace wafer::frontend;

namespace {
struct Descriptor {
  int fd = -1;
  explicit Descriptor(int fd) : fd(fd) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() { reset(-1); }
  void reset(int next) {
    if (fd >= 0)
      close(fd);
    fd = next;
  }
};
} // namespace

Result<std::unique_ptr<MappedFile>> MappedFile::map(int fd, const std::string &path, ErrorCode code) {
  struct stat info;
  if (fstat(fd, &info) != 0)
    return Diagnostic{code, "cannot read '" + path + "': " + std::strerror(errno), ""};
  if (!S_ISREG(info.st_mode))
    return Diagnostic{code, "'" + path + "' is not a regular file", "name a file"};
  auto file = std::unique_ptr<MappedFile>(new MappedFile);
  file->name = path;
  size_t slash = path.rfind('/');
  file->beside = slash == std::string::npos ? "" : slash == 0 ? "/" : path.substr(0, slash);
  file->size = static_cast<size_t>(info.st_size);
  if (file->size == 0)
    return file;
  void *address = mmap(nullptr, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED)
    return Diagnostic{code, "cannot map '" + path + "': " + std::strerror(errno), ""};
  file->data = static_cast<const uint8_t *>(address);
  file->mapped = true;
  return file;
}

Result<std::unique_ptr<MappedFile>> MappedFile::view(const ModelSource &source) {
  auto file = std::unique_ptr<MappedFile>(new MappedFile);
  file->name = source.name;
  file->beside = source.folder;
  file->data = source.bytes->data();
  file->size = source.bytes->size();
  return file;
}

MappedFile::~MappedFile() {
  if (mapped)
    munmap(const_cast<uint8_t *>(data), size);
}

Result<std::unique_ptr<MappedFile>> MappedFile::open(const std::string &path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.fd < 0)
    return Diagnostic{ErrorCode::ModelUnreadable, "cannot open '" + path + "': " + std::strerror(errno), ""};
  return map(fd.fd, path, ErrorCode::ModelUnreadable);
}

Result<std::unique_ptr<MappedFile>> MappedFile::openBelow(const std::string &folder, const std::string &location) {
  auto refuse = [&](const std::string &why, const std::string &hint) {
    return Diagnostic{ErrorCode::ExternalData, "external data '" + location.substr(0, 200) + "' " + why, hint};
  };
  if (location.empty())
    return refuse("has no location", "the model names no file for it");
  if (location.find('\0') != std::string::npos || location.size() > 4096)
    return refuse("has a malformed location", "");
  if (location[0] == '/')
    return refuse("has an absolute path", "external data must lie in the model's folder");
  std::string root = folder.empty() ? "." : folder;
  Descriptor fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.fd < 0)
    return refuse("cannot be opened: '" + root + "': " + std::strerror(errno), "");
  size_t begin = 0;
  while (true) {
    size_t end = location.find('/', begin);
    bool last = end == std::string::npos;
    std::string part = location.substr(begin, last ? std::string::npos : end - begin);
    if (part == "..")
      return refuse("leaves the model's folder", "external data must lie in the model's folder");
    if (last && (part.empty() || part == "."))
      return refuse("names a folder", "");
    if (!part.empty() && part != ".") {
      int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY);
      int next = openat(fd.fd, part.c_str(), flags);
      if (next < 0 && (errno == ELOOP || errno == ENOTDIR))
        return refuse("goes through a symbolic link or a file", "replace the link by the file itself");
      if (next < 0)
        return refuse(std::string("cannot be opened: ") + std::strerror(errno),
                      "put the file beside the model, as it was when the model was saved");
      fd.reset(next);
    }
    if (last)
      break;
    begin = end + 1;
  }
  struct stat info;
  if (fstat(fd.fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink > 1)
    return refuse("has more than one name (hard links)",
                  "replace it by a copy: another name may lie outside the folder");
  return map(fd.fd, folder.empty() ? location : folder + "/" + location, ErrorCode::ExternalData);
}

std::string frontend::describeForeignFile(std::span<const uint8_t> bytes) {
  auto starts = [&](std::string_view magic) {
    return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
  };
  if (starts("\x1f\x8b"))
    return "it is gzip-compressed: unpack it first";
  if (starts("PK\x03\x04"))
    return "it is a zip archive (a PyTorch checkpoint?): export the model to ONNX";
  if (starts("\x80\x02") || starts("\x80\x03") || starts("\x80\x04") || starts("\x80\x05"))
    return "it is a Python pickle: export the model to ONNX";
  if (starts("<!DOCTYPE") || starts("<!doctype") || starts("<html") || starts("<HTML"))
    return "it is an HTML page: the download went wrong";
  if (starts("version https://git-lfs"))
    return "it is a Git LFS pointer: run 'git lfs pull'";
  if (starts("GGUF"))
    return "it is a GGUF file: export the model to ONNX";
  if (starts("\x7f"
             "ELF"))
    return "it is an executable";
  if (starts("{") || starts("["))
    return "it looks like JSON";
  return "";
}
