// Bytes as a file that only this process sees, for interfaces that map files.
#ifndef WAFER_TEST_FUZZ_MEMORYFILE_H
#define WAFER_TEST_FUZZ_MEMORYFILE_H

#include "Fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

namespace wafer::fuzz {

class MemoryFile {
public:
  MemoryFile(const uint8_t *data, size_t size) : fd(memfd_create("input", MFD_CLOEXEC)) {
    require(fd >= 0 && write(fd, data, size) == static_cast<ssize_t>(size), "the host has room for a file");
  }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;
  ~MemoryFile() { close(fd); }

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd); }

private:
  int fd;
};

} // namespace wafer::fuzz

#endif // WAFER_TEST_FUZZ_MEMORYFILE_H
