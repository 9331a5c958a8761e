// What a vector instruction computes, of all its elements or of a part: with the kernels of this host.
#include "Engine.h"
#include "Window.h"

#include <algorithm>
#include <cstring>

using namespace wafer;
using namespace wafer::emulator;
using namespace wafer::isa;

/// Elements [begin, begin + count) in nest order; fabric operands stand at `words[k]`, element `begin` first.
void Engine::executeRange(Op &op, uint64_t begin, uint64_t count, uint32_t *const *words) {
  const Instruction &i = op.instruction->i;
  if (i.operands[0].kind == OperandKind::None)
    return; // dropped
  KernelCall call = op.call;
  auto isFabric = [&](int k) { return i.operands[k].kind == OperandKind::Fabric; };
  auto runPart = [&] {
    switch (tables.kernels(call)) {
    case KernelStatus::Done:
      break;
    case KernelStatus::DivideByZero:
      failAt(cores[op.core], ErrorCode::ProgramDivideByZero, "a vector instruction divides an integer by zero", "");
      break;
    case KernelStatus::Overflow:
      failAt(cores[op.core], ErrorCode::ProgramOverflow, "a value of 64 bits in the model does not fit 32",
             "the machine's integers have 32 bits; keep what the model computes at run time within them");
      break;
    }
  };
  if (begin == 0 && count == op.n) {
    for (int k = 0; k != 4; ++k)
      if (isFabric(k))
        call.operand[k].data = words[k];
    runPart();
    return;
  }
  // Row by row of the innermost dimension.
  const int rank = call.rank, last = rank - 1;
  int64_t inner = call.extent[last];
  for (uint64_t at = begin; at < begin + count && !stopped();) {
    uint64_t row = at / inner, column = at % inner;
    uint64_t length = std::min<uint64_t>(inner - column, begin + count - at);
    int64_t position[4] = {0, 0, 0, 0};
    for (int d = last - 1; d >= 0; --d) {
      position[d] = row % call.extent[d];
      row /= call.extent[d];
    }
    position[last] = column;
    KernelCall part = call;
    part.rank = 1;
    part.extent[0] = length;
    int64_t iota = uint32_t(call.iotaBase);
    for (int k = 0; k != 4; ++k) {
      int64_t offset = 0;
      for (int d = 0; d != rank; ++d)
        offset += position[d] * op.call.operand[k].stride[d];
      if (k == 1)
        iota += offset;
      if (isFabric(k))
        part.operand[k].data = words[k] + (at - begin);
      else if (part.operand[k].data)
        part.operand[k].data += offset;
      part.operand[k].stride[0] = op.call.operand[k].stride[last];
    }
    part.iotaBase = static_cast<int32_t>(iota);
    std::swap(call, part);
    runPart();
    std::swap(call, part);
    at += length;
  }
}

/// Wavelets [begin, begin + count) of the block: what falls into the window is stored.
void Engine::executeWindow(Op &op, uint64_t begin, uint64_t count, const uint32_t *from) {
  const KernelCall &call = op.call;
  const Window window(call.rank, call.extent, op.block, op.lower, call.operand[0].stride);
  window.forEachRun(begin, count, [&](const WindowRun &run) {
    uint32_t *to = call.operand[0].data + run.offset;
    if (run.stride == 1)
      std::memcpy(to, from + run.from, run.count * 4);
    else
      for (int64_t k = 0; k != run.count; ++k)
        to[k * run.stride] = from[run.from + k];
  });
}
