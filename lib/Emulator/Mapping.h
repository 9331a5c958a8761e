// Zeroed memory of this host that costs nothing before it is touched.
#ifndef WAFER_LIB_EMULATOR_MAPPING_H
#define WAFER_LIB_EMULATOR_MAPPING_H

#include <cstddef>
#include <sys/mman.h>
#include <utility>

namespace wafer::emulator {

class Mapping {
public:
  Mapping() = default;
  Mapping(Mapping &&other) noexcept { *this = std::move(other); }
  Mapping &operator=(Mapping &&other) noexcept {
    std::swap(start, other.start);
    std::swap(bytes, other.bytes);
    return *this;
  }
  ~Mapping() {
    if (start)
      munmap(start, bytes);
  }

  /// False if this host has no room. Nothing is mapped for 0 bytes.
  bool open(size_t count) {
    if (!count)
      return true;
    void *p = mmap(nullptr, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
      return false;
    start = p, bytes = count;
    return true;
  }
  /// From now on, a write ends the process.
  void protect() {
    if (start)
      mprotect(start, bytes, PROT_READ);
  }
  /// Fewer, larger pages, which are touched whole.
  void preferHugePages() {
    if (start)
      madvise(start, bytes, MADV_HUGEPAGE);
  }

  void *get() const { return start; }
  size_t size() const { return bytes; }

private:
  void *start = nullptr;
  size_t bytes = 0;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_MAPPING_H
