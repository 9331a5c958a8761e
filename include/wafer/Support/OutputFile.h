// A file that is there whole or not at all.
#ifndef WAFER_SUPPORT_OUTPUTFILE_H
#define WAFER_SUPPORT_OUTPUTFILE_H

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace wafer {

/// Replaces the file at `path` when it is finished; until then, and if it never is, what stands there stays.
class OutputFile {
public:
  explicit OutputFile(std::string path);
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  ~OutputFile();

  /// False if it cannot be written; finish() says why.
  bool write(const void *data, size_t size);
  bool write(std::string_view text) { return write(text.data(), text.size()); }
  /// 0, or the errno that says why the file is not there.
  int finish();

private:
  int fail();

  std::string path, temporary;
  FILE *file = nullptr;
  bool replaces = false;
  int error = 0;
};

} // namespace wafer

#endif // WAFER_SUPPORT_OUTPUTFILE_H
