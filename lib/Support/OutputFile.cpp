// What is written goes to a file without a name in the same folder (Linux's O_TMPFILE), which gets its name when it is
// complete: a tool that is stopped in between, by whatever signal, leaves nothing half-written, nor a temporary file. A
// file system that knows no nameless files gets a temporary name instead. Devices and pipes are written to as they are.
#include "wafer/Support/OutputFile.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace wafer;

namespace {
/// Places that are no files of ours, whatever stat says: /dev/stdout may lead to one that somebody else has open.
bool isSystem(const std::string &path) { return path.starts_with("/dev/") || path.starts_with("/proc/"); }

std::string descriptorPath(int fd) { return "/proc/self/fd/" + std::to_string(fd); }
} // namespace

OutputFile::OutputFile(std::string name) : path(std::move(name)) {
  struct stat info;
  bool exists = ::stat(path.c_str(), &info) == 0;
  int fd;
  if (isSystem(path) || (exists && !S_ISREG(info.st_mode))) {
    fd = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  } else {
    replaces = true;
    // Through a link, the file that it leads to.
    if (char *real = exists ? ::realpath(path.c_str(), nullptr) : nullptr) {
      path = real;
      std::free(real);
    }
    size_t slash = path.rfind('/');
    std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    fd = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (fd >= 0 && ::access(descriptorPath(fd).c_str(), F_OK) != 0) {
      ::close(fd);
      fd = -1;
    }
    if (fd < 0) {
      temporary = path + ".tmp" + std::to_string(::getpid());
      fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    }
  }
  file = fd < 0 ? nullptr : ::fdopen(fd, "wb");
  if (!file)
    fail();
}

OutputFile::~OutputFile() {
  if (file)
    std::fclose(file);
  if (!temporary.empty())
    ::unlink(temporary.c_str());
}

int OutputFile::fail() {
  if (!error)
    error = errno ? errno : EIO;
  return error;
}

bool OutputFile::write(const void *data, size_t size) {
  if (!error && std::fwrite(data, 1, size, file) != size)
    fail();
  return !error;
}

int OutputFile::finish() {
  if (!error && std::fflush(file) != 0)
    fail();
  if (error)
    return error;
  // The file is closed, which may fail, before it gets its name; a nameless one lives on by a second descriptor.
  const bool nameless = replaces && temporary.empty();
  const int fd = nameless ? ::dup(::fileno(file)) : -1;
  bool good = std::fclose(file) == 0 && (!nameless || fd >= 0);
  file = nullptr;
  if (good && nameless) {
    std::string from = descriptorPath(fd);
    auto link = [&](const std::string &name) {
      return ::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    // Only what is there already needs a second name, for as long as it takes to exchange the two.
    good = link(path);
    if (!good && errno == EEXIST) {
      temporary = path + ".tmp" + std::to_string(::getpid());
      ::unlink(temporary.c_str());
      good = link(temporary);
    }
  }
  if (good && !temporary.empty())
    good = std::rename(temporary.c_str(), path.c_str()) == 0;
  if (!good)
    fail();
  if (fd >= 0)
    ::close(fd);
  if (!good)
    return error;
  temporary.clear();
  return 0;
}
