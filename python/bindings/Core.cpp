// waferc._core: the C interface for Python. What a user of Python sees is written in Python, on top of this.
#include "Follow.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>

namespace nb = nanobind;
using namespace nb::literals;
using namespace wafer::python;

namespace {

/// An array without a copy: dense, of any type.
using Buffer = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using MutableBuffer = nb::ndarray<nb::c_contig, nb::device::cpu>;

/// A name, an element type (ONNX's number), a shape, and the elements.
using Given = std::tuple<std::string, int, std::vector<int64_t>, Buffer>;
using Taken = std::tuple<std::string, int, std::vector<int64_t>, MutableBuffer>;

template <typename Tuple> std::vector<WaferTensor> tensorsOf(const std::vector<Tuple> &list) {
  std::vector<WaferTensor> tensors;
  for (const auto &[name, type, shape, buffer] : list)
    tensors.push_back({name.c_str(), static_cast<WaferType>(type), shape.size(), shape.data(),
                       const_cast<void *>(static_cast<const void *>(buffer.data())), buffer.nbytes()});
  return tensors;
}

/// name, type, shape, open dimension or None.
using Info = std::tuple<std::string, int, std::vector<int64_t>, std::optional<int64_t>>;

Info infoOf(const WaferTensorInfo &info) {
  return {info.name,
          info.type,
          {info.shape, info.shape + info.rank},
          info.openDim < 0 ? std::nullopt : std::optional(info.openDim)};
}

struct Program {
  explicit Program(WaferProgram *program) : handle(program, waferProgramDestroy) {}
  std::unique_ptr<WaferProgram, void (*)(WaferProgram *)> handle;
};

struct Session {
  explicit Session(const Program &program) : handle(nullptr, waferSessionDestroy) {
    WaferSession *made = nullptr;
    WaferError *error;
    {
      nb::gil_scoped_release release;
      error = waferSessionCreate(program.handle.get(), &made);
    }
    raise(error);
    handle.reset(made);
  }
  std::unique_ptr<WaferSession, void (*)(WaferSession *)> handle;
};

using Setting = std::pair<std::string, std::string>;

Program compile(nb::object model, std::optional<std::string> name, std::optional<std::string> folder,
                const std::vector<Setting> &settings, const std::vector<Given> &constants, nb::object progress) {
  std::unique_ptr<WaferOptions, void (*)(WaferOptions *)> options(waferOptionsCreate(), waferOptionsDestroy);
  for (const auto &[key, value] : settings)
    raise(waferOptionsSet(options.get(), key.c_str(), value.c_str()));
  for (const WaferTensor &constant : tensorsOf(constants))
    raise(waferOptionsSetConstant(options.get(), &constant));
  WaferProgram *program = nullptr;
  if (nb::isinstance<nb::bytes>(model)) {
    nb::bytes bytes = nb::borrow<nb::bytes>(model);
    follow(progress, [&](const WaferCallbacks *callbacks) {
      return waferCompileBytes(bytes.data(), bytes.size(), name ? name->c_str() : nullptr,
                               folder ? folder->c_str() : nullptr, options.get(), callbacks, &program);
    });
  } else {
    std::string path = nb::cast<std::string>(model);
    follow(progress, [&](const WaferCallbacks *callbacks) {
      return waferCompileFile(path.c_str(), options.get(), callbacks, &program);
    });
  }
  return Program(program);
}

std::string describe(nb::object model, std::optional<std::string> name, std::optional<std::string> folder) {
  char *json = nullptr;
  if (nb::isinstance<nb::bytes>(model)) {
    nb::bytes bytes = nb::borrow<nb::bytes>(model);
    raise(waferDescribeModel(name ? name->c_str() : "<model>", bytes.data(), bytes.size(),
                             folder ? folder->c_str() : nullptr, &json));
  } else {
    raise(waferDescribeModel(nb::cast<std::string>(model).c_str(), nullptr, 0, nullptr, &json));
  }
  std::string text = json;
  waferTextDestroy(json);
  return text;
}

std::optional<std::string> explain(const std::string &code) {
  std::unique_ptr<char, void (*)(char *)> text(waferExplain(code.c_str()), waferTextDestroy);
  return text ? std::optional<std::string>(text.get()) : std::nullopt;
}

Program openProgram(const std::string &path) {
  WaferProgram *program = nullptr;
  WaferError *error;
  {
    nb::gil_scoped_release release;
    error = waferProgramOpen(path.c_str(), &program);
  }
  raise(error);
  return Program(program);
}

Program programFromBytes(nb::bytes bytes) {
  WaferProgram *program = nullptr;
  raise(waferProgramFromBytes(bytes.data(), bytes.size(), &program));
  return Program(program);
}

nb::bytes bytesOf(const Program &program) {
  size_t size;
  const void *data = waferProgramBytes(program.handle.get(), &size);
  return nb::bytes(data, size);
}

template <typename Count, typename At> auto listOf(const Program &program, Count count, At at) {
  std::vector<decltype(at(program.handle.get(), size_t(0)))> list;
  for (size_t i = 0; i != count(program.handle.get()); ++i)
    list.push_back(at(program.handle.get(), i));
  return list;
}

std::vector<Info> inputsOf(const Program &program) {
  return listOf(program, waferProgramInputCount,
                [](const WaferProgram *p, size_t i) { return infoOf(waferProgramInput(p, i)); });
}
std::vector<Info> outputsOf(const Program &program) {
  return listOf(program, waferProgramOutputCount,
                [](const WaferProgram *p, size_t i) { return infoOf(waferProgramOutput(p, i)); });
}
std::vector<std::string> ignoredOf(const Program &program) {
  return listOf(program, waferProgramIgnoredInputCount,
                [](const WaferProgram *p, size_t i) { return std::string(waferProgramIgnoredInput(p, i)); });
}

void run(Session &session, const std::vector<Given> &inputs, const std::vector<Taken> &outputs, int countCycles,
         double maxCycles, nb::object progress) {
  std::vector<WaferTensor> given = tensorsOf(inputs), taken = tensorsOf(outputs);
  WaferRunOptions options{countCycles, maxCycles};
  follow(progress, [&](const WaferCallbacks *callbacks) {
    return waferSessionRun(session.handle.get(), given.data(), given.size(), taken.data(), taken.size(), &options,
                           callbacks);
  });
}

void trace(Session &session, std::optional<std::string> path, std::optional<std::string> pes) {
  raise(waferSessionTrace(session.handle.get(), path ? path->c_str() : nullptr, pes ? pes->c_str() : nullptr));
}

void useThreads(Session &session, unsigned threads) { raise(waferSessionThreads(session.handle.get(), threads)); }

std::vector<int64_t> outputShape(const Session &session, const std::string &name, size_t rank) {
  std::vector<int64_t> shape(rank);
  raise(waferSessionOutputShape(session.handle.get(), name.c_str(), shape.data()));
  return shape;
}

/// name, form, help, repeated.
std::vector<std::tuple<std::string, std::string, std::string, bool>> compileOptions() {
  std::vector<std::tuple<std::string, std::string, std::string, bool>> list;
  for (size_t i = 0; i != waferOptionCount(); ++i)
    list.emplace_back(waferOptionName(i), waferOptionForm(i), waferOptionHelp(i), waferOptionIsRepeated(i) != 0);
  return list;
}

} // namespace

NB_MODULE(_core, m) {
  m.attr("CYCLES_EXACT") = int(WAFER_CYCLES_EXACT);
  m.doc() = "The C interface of waferc. Use the package waferc.";
  nb::class_<Program>(m, "Program", "A compiled program.")
      .def("bytes", bytesOf, "The program image.")
      .def(
          "report", [](const Program &p) { return waferProgramReport(p.handle.get()); }, "JSON, or nothing.")
      .def("inputs", inputsOf, "(name, ONNX element type, shape, None) of each.")
      .def("outputs", outputsOf, "(name, ONNX element type, shape, open dimension or None) of each.")
      .def("ignored_inputs", ignoredOf, "Names of the model's inputs that no output depends on.");
  nb::class_<Session>(m, "Session", "An emulated machine with a program in it.")
      .def(nb::init<const Program &>(), "program"_a)
      .def("run", run, "inputs"_a, "outputs"_a, "count_cycles"_a, "max_cycles"_a, "progress"_a.none(),
           "One inference; tensors are (name, ONNX element type, shape, dense array).")
      .def("trace", trace, "path"_a.none(), "pes"_a.none(),
           "The file that each run writes a trace to, and whose instructions are in it: \"X,Y,WxH\".")
      .def("use_threads", useThreads, "threads"_a, "That a run may use; 0: as many as this host has processors.")
      .def("output_shape", outputShape, "name"_a, "rank"_a, "Of the last run.")
      .def("stats", [](Session &s) { return waferSessionStats(s.handle.get()); }, "JSON of the last run.");
  m.def("compile", compile, "model"_a, "name"_a.none(), "folder"_a.none(), "settings"_a, "constants"_a,
        "progress"_a.none(), "Compiles a path, or bytes.");
  m.def("describe", describe, "model"_a, "name"_a.none(), "folder"_a.none(),
        "What a path or bytes of a model take and give, as JSON.");
  m.def("open", openProgram, "path"_a, "Opens a program image.");
  m.def("from_bytes", programFromBytes, "image"_a, "Opens the bytes of a program image.");
  m.def(
      "save_report",
      [](const std::string &json, const std::string &path) { raise(waferReportSave(json.c_str(), path.c_str())); },
      "json"_a, "path"_a, "Writes a report: a page if the path ends with .html, else the JSON.");
  m.def("compile_options", compileOptions, "(name, form, help, repeated) of each option of compile().");
  m.def("explain", explain, "code"_a, "What an error code means and what to do about it, or nothing.");
  m.def("version", waferVersion);
}
