// random-programs [--count N] [--from N] [--print N]: random programs on both engines.
#include "RandomProgram.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace wafer::random_programs;

int main(int argc, char **argv) {
  uint64_t from = 0, count = 1000;
  for (int i = 1; i + 1 < argc; i += 2) {
    const uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (!std::strcmp(argv[i], "--count"))
      count = value;
    else if (!std::strcmp(argv[i], "--from"))
      from = value;
    else if (!std::strcmp(argv[i], "--print"))
      return std::printf("%s\n", text(generate(value)).c_str()) < 0;
  }
  const uint64_t differ = runMany(from, count, true);
  std::printf("%llu of %llu programs differ\n", (unsigned long long)differ, (unsigned long long)count);
  return differ != 0;
}
