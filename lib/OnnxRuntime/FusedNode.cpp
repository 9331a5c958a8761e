#include "FusedNode.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <span>

using namespace wafer;
using namespace wafer::ort;

FusedNode::FusedNode(std::unique_ptr<Programs> programs, std::vector<std::string> inputs,
                     std::vector<std::string> outputs)
    : OrtNodeComputeInfo{}, programs(std::move(programs)), inputs(std::move(inputs)), outputs(std::move(outputs)) {
  ort_version_supported = kApiVersion;
  OrtNodeComputeInfo::CreateState = [](OrtNodeComputeInfo *self, OrtNodeComputeContext *,
                                       void **state) noexcept -> OrtStatus * {
    *state = self; // all that a run needs is here, and is safe between threads
    return nullptr;
  };
  OrtNodeComputeInfo::Compute = [](OrtNodeComputeInfo *self, void *,
                                   OrtKernelContext *context) noexcept -> OrtStatus * {
    return guarded([&] { static_cast<FusedNode *>(self)->compute(context); });
  };
  OrtNodeComputeInfo::ReleaseState = [](OrtNodeComputeInfo *, void *) noexcept {};
}

namespace {

/// The tensors of a run, as waferc takes them. What they point to is here or in the run's context.
struct Tensors {
  std::vector<WaferTensor> list;
  std::deque<std::vector<int64_t>> shapes; // whose addresses last

  void add(const std::string &name, int type, std::vector<int64_t> shape, void *data, size_t size) {
    const std::vector<int64_t> &kept = shapes.emplace_back(std::move(shape));
    list.push_back({name.c_str(), static_cast<WaferType>(type), kept.size(), kept.data(), data, size});
  }
};

Tensors tensorsOf(OrtKernelContext *context, const std::vector<std::string> &names) {
  Tensors result;
  size_t count = 0;
  check(api->KernelContext_GetInputCount(context, &count));
  for (size_t i = 0; i != std::min(count, names.size()); ++i) {
    const OrtValue *value = nullptr;
    check(api->KernelContext_GetInput(context, i, &value));
    if (!value)
      continue;
    HostType type = hostTypeOf(value);
    const void *data = nullptr;
    size_t size = 0;
    check(api->GetTensorData(value, &data));
    check(api->GetTensorSizeInBytes(value, &size));
    result.add(names[i], type.element, std::move(type.shape), const_cast<void *>(data), size);
  }
  return result;
}

/// The bytes of ONNX Runtime's tensor for an output; nothing if it wants none.
std::optional<std::span<char>> outputBytes(OrtKernelContext *context, size_t index, const std::string &name,
                                           const std::vector<int64_t> &shape, int type) {
  OrtValue *value = nullptr;
  check(api->KernelContext_GetOutput(context, index, shape.data(), shape.size(), &value));
  if (!value)
    return std::nullopt;
  if (int expected = hostTypeOf(value).element; expected != type)
    throw Failure(ORT_FAIL, "waferc: output '" + name + "' is of ONNX's type " + std::to_string(type) +
                                ", ONNX Runtime expects " + std::to_string(expected));
  void *data = nullptr;
  size_t size = 0;
  check(api->GetTensorSizeInBytes(value, &size));
  check(api->GetTensorMutableData(value, &data));
  return std::span(static_cast<char *>(data), size);
}

} // namespace

void FusedNode::compute(OrtKernelContext *context) {
  const Tensors given = tensorsOf(context, inputs);
  std::shared_ptr<Program> program = programs->forInputs(given.list);
  Tensors taken;
  std::vector<WaferTensor> passed;
  for (const WaferTensor &tensor : given.list)
    if (program->takes(tensor.name))
      passed.push_back(tensor);

  // Outputs go where ONNX Runtime wants them, but for those whose extent the run decides: these are copied.
  struct Open {
    size_t index, of; // of the node and of the program
    std::vector<char> bytes;
  };
  std::deque<Open> open;
  for (size_t i = 0; i != waferProgramOutputCount(program->get()); ++i) {
    WaferTensorInfo info = waferProgramOutput(program->get(), i);
    auto found = std::find(outputs.begin(), outputs.end(), info.name);
    if (found == outputs.end())
      continue;
    size_t index = static_cast<size_t>(found - outputs.begin());
    std::vector<int64_t> shape(info.shape, info.shape + info.rank);
    if (info.openDim >= 0) {
      size_t size = 8; // no element is larger
      for (int64_t extent : shape)
        size *= static_cast<size_t>(extent);
      Open &buffer = open.emplace_back(Open{index, i, std::vector<char>(size)});
      taken.add(*found, info.type, std::move(shape), buffer.bytes.data(), size);
    } else if (auto bytes = outputBytes(context, index, *found, shape, info.type)) {
      taken.add(*found, info.type, std::move(shape), bytes->data(), bytes->size());
    }
  }
  Program::Lease session(*program);
  WaferRunOptions run{/*countCycles=*/0, /*maxCycles=*/0};
  require(waferSessionRun(session.get(), passed.data(), passed.size(), taken.list.data(), taken.list.size(), &run,
                          nullptr));
  for (Open &buffer : open) {
    WaferTensorInfo info = waferProgramOutput(program->get(), buffer.of);
    std::vector<int64_t> shape(info.rank);
    require(waferSessionOutputShape(session.get(), info.name, shape.data()));
    if (auto bytes = outputBytes(context, buffer.index, info.name, shape, info.type))
      std::copy_n(buffer.bytes.begin(), bytes->size(), bytes->begin());
  }
}
