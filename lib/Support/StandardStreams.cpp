#include "wafer/Support/StandardStreams.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>

using namespace wafer;

Result<std::vector<uint8_t>> wafer::readStandardInput() {
  std::vector<uint8_t> bytes;
  for (size_t size = 0;;) {
    if (bytes.size() - size < 65536)
      bytes.resize(size * 2 + 65536);
    ssize_t done = read(STDIN_FILENO, bytes.data() + size, bytes.size() - size);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return Diagnostic{ErrorCode::ToolUsage, std::string("cannot read standard input: ") + std::strerror(errno), ""};
    size += static_cast<size_t>(done);
    if (done == 0) {
      bytes.resize(size);
      return bytes;
    }
  }
}

Status wafer::writeStandardOutput(std::string_view bytes) {
  int error = std::fflush(stdout) == 0 ? 0 : errno;
  while (!error && !bytes.empty()) {
    ssize_t done = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (done >= 0)
      bytes.remove_prefix(static_cast<size_t>(done));
    else if (errno != EINTR)
      error = errno;
  }
  if (error)
    return Diagnostic{ErrorCode::ToolUsage, std::string("cannot write to standard output: ") + std::strerror(error),
                      ""};
  return Status::ok();
}
