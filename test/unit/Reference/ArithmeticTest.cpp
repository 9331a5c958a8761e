// What an element computes: the reference, from docs/isa.md, against the emulator's kernels, bit for bit.
#include "Reference/Arithmetic.h"
#include "Emulator/Kernels.h"
#include "wafer/Support/Random.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

using namespace wafer;
using namespace wafer::isa;

namespace {
/// Special numbers, small integers, numbers of all sizes and any bits.
uint32_t someBits(Random &random) {
  static constexpr uint32_t special[] = {0,          0x80000000, 1,          0x80000001, 0x7f800000, 0xff800000,
                                         0x7fc00000, 0x7f800001, 0xffc12345, 0x7fffffff, 0xffffffff, 0x3f800000,
                                         0xbf800000, 0x7f7fffff, 0x00800000, 0x007fffff, 0x4f000000, 0xcf000000,
                                         0x477fe000, 0x477ff000, 0x38800000};
  switch (random.below(6)) {
  case 0:
    return special[random.below(std::size(special))];
  case 1:
    return uint32_t(random.below(80)) - 40;
  case 2: // where most functions bend
    return std::bit_cast<uint32_t>(float(random.unit() * 24 - 12));
  case 3: // halves and units in the last place of short formats
    return std::bit_cast<uint32_t>(float(int(random.below(8192)) - 4096) *
                                   std::ldexp(1.0f, int(random.below(40)) - 30));
  case 4:
    return std::bit_cast<uint32_t>(float(std::ldexp(random.unit() * 2 - 1, int(random.below(140)) - 20)));
  default:
    return uint32_t(random.next());
  }
}
} // namespace

TEST(Reference, ComputesTheBitsOfTheEmulator) {
  const emulator::KernelFunction kernels = emulator::selectKernels();
  for (const VectorOpInfo &info : kVectorOps)
    for (ElementType type : {ElementType::F32, ElementType::I32}) {
      if (!isDefinedOn(info.op, type) || info.op == VectorOp::Iota)
        continue;
      Random random{uint64_t(info.op) * 2 + uint64_t(type)};
      for (int n = 0; n != 20000; ++n) {
        uint32_t word[4] = {0, someBits(random), someBits(random), someBits(random)};
        emulator::KernelCall call{};
        call.op = info.op, call.type = type, call.rank = 1, call.extent[0] = 1;
        for (int k = 0; k != 4; ++k)
          call.operand[k].data = &word[k];
        const emulator::KernelStatus status = kernels(call);
        reference::Fault fault = reference::Fault::None;
        const uint32_t ours = reference::compute(info.op, type, word[1], word[2], word[3], fault);
        ASSERT_EQ(int(status), int(fault))
            << info.name << std::hex << " " << word[1] << " " << word[2] << " " << word[3];
        if (fault == reference::Fault::None)
          ASSERT_EQ(ours, word[0]) << info.name << (type == ElementType::F32 ? ".f32" : ".i32") << std::hex << " "
                                   << word[1] << " " << word[2] << " " << word[3];
      }
    }
}
