#include "Internal.h"

#include "wafer/Emulator/StatsJson.h"

#include <cstring>

using namespace wafer;
using namespace wafer::capi;

WaferError *waferSessionCreate(const WaferProgram *program, WaferSession **session) {
  return guarded([&]() -> WaferError * {
    if (!program || !session)
      return misuse("there is no program, or no place for the session");
    Result<std::unique_ptr<Emulator>> emulator = Emulator::create(program->loaded);
    if (!emulator)
      return errorOf(emulator.error());
    auto made = std::make_unique<WaferSession>();
    made->emulator = emulator.take();
    *session = made.release();
    return nullptr;
  });
}

void waferSessionDestroy(WaferSession *session) { delete session; }

/// The place of an output among the program's, or an error.
static WaferError *findOutput(const Emulator &emulator, const char *name, size_t &index) {
  for (index = 0; name && index != emulator.outputs().size(); ++index)
    if (emulator.outputs()[index].name == name)
      return nullptr;
  return errorOf({ErrorCode::InputUnknown, "no output '" + std::string(name ? name : "") + "'",
                  "waferProgramOutput lists what there is"});
}

/// Checked before a long run is made for nothing.
static WaferError *checkOutput(const Emulator &emulator, const WaferTensor &given) {
  size_t index;
  std::optional<TensorView> view;
  if (WaferError *error = viewOf(&given, view))
    return error;
  if (WaferError *error = findOutput(emulator, given.name, index))
    return error;
  const TensorInfo &info = emulator.outputs()[index];
  size_t bytes = elementBytes(info.type);
  for (int64_t extent : info.shape)
    bytes *= static_cast<size_t>(extent);
  if (view->type != info.type)
    return errorOf({ErrorCode::InputType,
                    "output '" + info.name + "' is " + hostTypeName(info.type) + ", not " + hostTypeName(view->type),
                    "give a buffer of that type"});
  if (given.size < bytes)
    return errorOf({ErrorCode::InputShape,
                    "output '" + info.name + "' takes " + std::to_string(bytes) + " bytes, the buffer has " +
                        std::to_string(given.size),
                    "give a larger buffer"});
  return nullptr;
}

WaferError *waferSessionTrace(WaferSession *session, const char *path, const char *pes) {
  return guarded([&]() -> WaferError * {
    if (!session)
      return misuse("there is no session");
    session->trace.reset();
    if (!path)
      return nullptr;
    TraceOptions trace{path, std::nullopt};
    if (pes) {
      Result<PeRect> rect = parsePeRect(pes);
      if (!rect)
        return errorOf(rect.error());
      trace.pes = *rect;
    }
    session->trace = std::move(trace);
    return nullptr;
  });
}

WaferError *waferSessionThreads(WaferSession *session, unsigned threads) {
  return guarded([&]() -> WaferError * {
    if (!session)
      return misuse("there is no session");
    session->threads = threads;
    return nullptr;
  });
}

WaferError *waferSessionRun(WaferSession *session, const WaferTensor *inputs, size_t inputCount,
                            const WaferTensor *outputs, size_t outputCount, const WaferRunOptions *options,
                            const WaferCallbacks *callbacks) {
  return guarded([&]() -> WaferError * {
    if (!session || (inputCount && !inputs) || (outputCount && !outputs))
      return misuse("there is no session, or inputs or outputs are missing");
    Emulator &emulator = *session->emulator;
    for (size_t i = 0; i != inputCount; ++i) {
      if (inputs[i].name && emulator.isIgnored(inputs[i].name))
        continue; // of whatever type
      std::optional<TensorView> view;
      if (WaferError *error = viewOf(&inputs[i], view))
        return error;
      if (Status status = emulator.setInput(inputs[i].name, *view); !status)
        return errorOf(status.error());
    }
    for (size_t i = 0; i != outputCount; ++i)
      if (WaferError *error = checkOutput(emulator, outputs[i]))
        return error;
    RunOptions run;
    run.trace = session->trace;
    run.threads = session->threads;
    if (options) {
      const bool exact = options->countCycles == WAFER_CYCLES_EXACT && !run.trace;
      run.timing = exact ? Timing::Exact : options->countCycles || run.trace ? Timing::Stream : Timing::Off;
      run.maxCycles = options->maxCycles;
    }
    if (callbacks && callbacks->progress)
      run.progress = [=](uint64_t halted, uint64_t cores) {
        callbacks->progress(callbacks->user, "running", static_cast<double>(halted) / static_cast<double>(cores));
      };
    if (callbacks && callbacks->isCancelled)
      run.isCancelled = [=] { return callbacks->isCancelled(callbacks->user) != 0; };
    session->shapes.clear();
    Status status = emulator.run(run);
    session->stats = statsJson(emulator.stats());
    if (!status)
      return errorOf(status.error());
    std::vector<std::vector<int64_t>> shapes(emulator.outputs().size());
    for (size_t i = 0; i != outputCount; ++i) {
      Result<HostTensor> tensor = emulator.output(outputs[i].name);
      if (!tensor)
        return errorOf(tensor.error());
      if (!tensor->bytes.empty())
        std::memcpy(outputs[i].data, tensor->bytes.data(), tensor->bytes.size());
      size_t index;
      if (WaferError *error = findOutput(emulator, outputs[i].name, index))
        return error;
      shapes[index] = std::move(tensor->shape);
    }
    // Those that nobody asked for, too; where the run decides on an extent, it is with the words.
    for (size_t i = 0; i != shapes.size(); ++i) {
      const TensorInfo &info = emulator.outputs()[i];
      if (!shapes[i].empty() || info.shape.empty())
        continue;
      if (!info.openDim) {
        shapes[i] = info.shape;
        continue;
      }
      Result<HostTensor> tensor = emulator.output(info.name);
      if (!tensor)
        return errorOf(tensor.error());
      shapes[i] = std::move(tensor->shape);
    }
    session->shapes = std::move(shapes);
    return nullptr;
  });
}

WaferError *waferSessionOutputShape(const WaferSession *session, const char *name, int64_t *shape) {
  return guarded([&]() -> WaferError * {
    size_t index;
    if (!session || !shape)
      return misuse("there is no session, or no place for the shape");
    if (WaferError *error = findOutput(*session->emulator, name, index))
      return error;
    if (session->shapes.empty())
      return misuse("there was no successful run");
    std::copy(session->shapes[index].begin(), session->shapes[index].end(), shape);
    return nullptr;
  });
}

const char *waferSessionStats(WaferSession *session) { return session->stats.c_str(); }
