#include "Internal.h"

#include "wafer/Frontend/Describe.h"

#include <cstdlib>
#include <cstring>
#include <new>

using namespace wafer;
using namespace wafer::capi;

WaferOptions *waferOptionsCreate(void) { return new WaferOptions; }
void waferOptionsDestroy(WaferOptions *options) { delete options; }

WaferError *waferOptionsSet(WaferOptions *options, const char *name, const char *value) {
  return guarded([&]() -> WaferError * {
    if (!options || !name || !value)
      return misuse("an option needs a name and a value");
    if (std::string_view(name) == "emit")
      return misuse("'emit' prints a stage and makes no program: it is for wafer-compile alone");
    if (Status status = driver::setCompileOption(options->compile, name, value); !status) {
      Diagnostic d = status.error();
      d.message = "option '" + std::string(name) + "': " + d.message;
      return errorOf(d);
    }
    return nullptr;
  });
}

WaferError *waferOptionsSetConstant(WaferOptions *options, const WaferTensor *value) {
  return guarded([&]() -> WaferError * {
    if (!options)
      return misuse("there are no options");
    std::optional<TensorView> view;
    if (WaferError *error = viewOf(value, view))
      return error;
    HostTensor tensor{view->type, {view->shape.begin(), view->shape.end()}, {view->bytes.begin(), view->bytes.end()}};
    for (int64_t extent : tensor.shape)
      if (extent < 0 || extent > int64_t(1) << 32)
        return misuse("constant '" + std::string(value->name) + "' has a dimension of " + std::to_string(extent));
    if (static_cast<size_t>(tensor.elements()) * elementBytes(tensor.type) != tensor.bytes.size())
      return misuse("constant '" + std::string(value->name) + "' has " + std::to_string(tensor.bytes.size()) +
                    " bytes, its shape wants others");
    options->compile.frontend.constantTensors[value->name] = std::move(tensor);
    return nullptr;
  });
}

size_t waferOptionCount(void) { return driver::compileOptions().size(); }
// The names and forms are literals.
const char *waferOptionName(size_t index) { return driver::compileOptions()[index].name.data(); }
const char *waferOptionForm(size_t index) { return driver::compileOptions()[index].form.data(); }
const char *waferOptionHelp(size_t index) { return driver::compileOptions()[index].help.c_str(); }
int waferOptionIsRepeated(size_t index) { return driver::compileOptions()[index].repeated; }

static driver::Compilation compilationOf(frontend::ModelSource source, const WaferOptions *options,
                                         const WaferCallbacks *callbacks, bool checkOnly) {
  driver::CompileOptions compile = options ? options->compile : driver::CompileOptions();
  compile.model = std::move(source);
  compile.checkOnly = checkOnly;
  driver::CompileHooks hooks;
  if (callbacks && callbacks->progress)
    hooks.progress = [=](const std::string &text) { callbacks->progress(callbacks->user, text.c_str(), -1); };
  if (callbacks && callbacks->isCancelled)
    hooks.isCancelled = [=] { return callbacks->isCancelled(callbacks->user) != 0; };
  return driver::Compilation(std::move(compile), std::move(hooks));
}

static frontend::ModelSource bytesAsSource(const void *data, size_t size, const char *name, const char *folder) {
  frontend::ModelSource source{name ? name : "<model>", std::span(static_cast<const uint8_t *>(data), size)};
  if (folder)
    source.folder = folder;
  return source;
}

static WaferError *compile(frontend::ModelSource source, const WaferOptions *options, const WaferCallbacks *callbacks,
                           WaferProgram **program) {
  driver::Compilation compilation = compilationOf(std::move(source), options, callbacks, /*checkOnly=*/false);
  if (!compilation.run())
    return errorOf(compilation.diagnostics());
  Result<Image> image = Image::fromBytes(compilation.imageBytes());
  if (!image)
    return errorOf(image.error());
  return makeProgram(image.take(), compilation.report(), program);
}

int waferHasOperator(const char *domain, const char *op, int opset) {
  bool has = false;
  waferErrorDestroy(guarded([&]() -> WaferError * {
    has = domain && op && driver::hasOperator(domain, op, opset);
    return nullptr;
  }));
  return has;
}

WaferError *waferDescribeModel(const char *path, const void *data, size_t size, const char *folder, char **json) {
  return guarded([&]() -> WaferError * {
    if (!path || !json)
      return misuse("a description needs a path and a place for the text");
    frontend::ModelSource source = frontend::ModelSource::file(path);
    if (data) {
      source.bytes = std::span(static_cast<const uint8_t *>(data), size);
      if (folder)
        source.folder = folder;
    }
    Result<std::string> text = frontend::describeModel(source);
    if (!text)
      return errorOf(text.error());
    *json = strdup(text->c_str());
    return *json ? nullptr : throw std::bad_alloc();
  });
}

void waferTextDestroy(char *text) { free(text); }

WaferError *waferCompileFile(const char *path, const WaferOptions *options, const WaferCallbacks *callbacks,
                             WaferProgram **program) {
  return guarded([&]() -> WaferError * {
    if (!path || !program)
      return misuse("a compilation needs a path and a place for the program");
    return compile(frontend::ModelSource::file(path), options, callbacks, program);
  });
}

WaferError *waferCompileBytes(const void *data, size_t size, const char *name, const char *folder,
                              const WaferOptions *options, const WaferCallbacks *callbacks, WaferProgram **program) {
  return guarded([&]() -> WaferError * {
    if ((!data && size) || !program)
      return misuse("a compilation needs a model and a place for the program");
    return compile(bytesAsSource(data, size, name, folder), options, callbacks, program);
  });
}

WaferError *waferCheckBytes(const void *data, size_t size, const char *name, const char *folder,
                            const WaferOptions *options, const WaferCallbacks *callbacks) {
  return guarded([&]() -> WaferError * {
    if (!data && size)
      return misuse("a check needs a model");
    driver::Compilation check =
        compilationOf(bytesAsSource(data, size, name, folder), options, callbacks, /*checkOnly=*/true);
    return check.run() ? nullptr : errorOf(check.diagnostics());
  });
}
