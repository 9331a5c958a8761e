#include "Internal.h"

#include "wafer/Driver/Page.h"
#include "wafer/Support/OutputFile.h"

#include <cstring>

using namespace wafer;
using namespace wafer::capi;

WaferError *capi::makeProgram(Image image, std::string report, WaferProgram **program) {
  Result<std::shared_ptr<const LoadedProgram>> loaded = LoadedProgram::open(std::move(image));
  if (!loaded)
    return errorOf(loaded.error());
  auto made = std::make_unique<WaferProgram>();
  made->loaded = loaded.take();
  made->report = std::move(report);
  *program = made.release();
  return nullptr;
}

static WaferError *programOf(Result<Image> image, WaferProgram **program) {
  return image ? makeProgram(image.take(), "", program) : errorOf(image.error());
}

WaferError *waferProgramOpen(const char *path, WaferProgram **program) {
  return guarded([&] {
    return path && program ? programOf(Image::open(path), program) : misuse("there is no path, or no place to put it");
  });
}

WaferError *waferProgramFromBytes(const void *data, size_t size, WaferProgram **program) {
  return guarded([&] {
    if ((!data && size) || !program)
      return misuse("there are no bytes, or no place for the program");
    auto bytes = static_cast<const uint8_t *>(data);
    return programOf(Image::fromBytes({bytes, bytes + size}), program);
  });
}

void waferProgramDestroy(WaferProgram *program) { delete program; }

WaferError *waferProgramSave(const WaferProgram *program, const char *path) {
  return guarded([&]() -> WaferError * {
    if (!program || !path)
      return misuse("there is no program, or no path");
    OutputFile file(path);
    std::span<const uint8_t> bytes = program->loaded->image().bytes();
    file.write(bytes.data(), bytes.size());
    if (int error = file.finish())
      return errorOf({ErrorCode::ImageUnwritable, std::string(path) + ": cannot write: " + std::strerror(error),
                      "check the folder and its free space"});
    return nullptr;
  });
}

const void *waferProgramBytes(const WaferProgram *program, size_t *size) {
  std::span<const uint8_t> bytes = program->loaded->image().bytes();
  *size = bytes.size();
  return bytes.data();
}

const char *waferProgramReport(const WaferProgram *program) { return program->report.c_str(); }

WaferError *waferReportSave(const char *json, const char *path) {
  return guarded([&]() -> WaferError * {
    if (!json || !*json || !path)
      return misuse("there is no report, or no path");
    OutputFile file(path);
    file.write(driver::isPageName(path) ? driver::pageOf(json) : json);
    if (int error = file.finish())
      return errorOf({ErrorCode::ToolUsage, std::string(path) + ": cannot write: " + std::strerror(error),
                      "check the folder and its free space"});
    return nullptr;
  });
}

size_t waferProgramInputCount(const WaferProgram *program) { return program->loaded->inputs().size(); }
WaferTensorInfo waferProgramInput(const WaferProgram *program, size_t index) {
  return infoOf(program->loaded->inputs()[index]);
}
size_t waferProgramOutputCount(const WaferProgram *program) { return program->loaded->outputs().size(); }
WaferTensorInfo waferProgramOutput(const WaferProgram *program, size_t index) {
  return infoOf(program->loaded->outputs()[index]);
}
size_t waferProgramIgnoredInputCount(const WaferProgram *program) { return program->loaded->ignoredInputs().size(); }
const char *waferProgramIgnoredInput(const WaferProgram *program, size_t index) {
  return program->loaded->ignoredInputs()[index].c_str();
}
