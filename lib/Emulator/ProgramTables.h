// What is worked out of a program when it is loaded: which core stands where, what its code is there for, what
// instructions cost. Engines read it, from any number of threads.
#ifndef WAFER_LIB_EMULATOR_PROGRAMTABLES_H
#define WAFER_LIB_EMULATOR_PROGRAMTABLES_H

#include "Fabric.h"
#include "Kernels.h"
#include "Scalars.h"
#include "Ticks.h"
#include "Trace/Tracer.h"
#include "wafer/Program/Box.h"
#include "wafer/Program/Verify.h"

#include <vector>

namespace wafer::emulator {

/// Cycles of instructions, from the profile.
struct InstructionCosts : ScalarCosts {
  explicit InstructionCosts(const Profile &profile);

  Ticks setup[isa::kVectorOpNumbers], element[isa::kVectorOpNumbers];

  /// Of one more element of a vector instruction.
  Ticks elementOf(const isa::Instruction &i) const {
    return i.op == isa::VectorOp::Fma && i.type == isa::ElementType::I32 ? fmaI32 : element[unsigned(i.op)];
  }

private:
  Ticks fmaI32;
};

struct RegionTables {
  const image::Region *region = nullptr;
  const VerifiedRegion *verified = nullptr;
  uint32_t firstCore = 0, cores = 0;
  uint32_t x = 0, y = 0, w = 0, h = 0;
  std::vector<uint32_t> location; // by instruction: index into ProgramTables::sites, or kNone
  /// Registers, descriptors and levels of calls that the code names: what a core has of each.
  uint32_t registers = 1, descriptors = 0, callDepth = 0;

  /// The part of the image that all cores share: code and constants.
  std::span<const uint8_t> readOnly(const VerifiedProgram &program) const {
    return program.image.section(region->code_section());
  }
};

struct ProgramTables {
  explicit ProgramTables(const VerifiedProgram &program);

  /// Calls load(core of the region, word address, words, count, stride) for all pieces of a region's weights.
  template <typename Load>
  static void forEachWeight(const VerifiedProgram &program, const RegionTables &region, Load load) {
    for (const image::WeightSlice &slice : region.region->weights()) {
      const image::Weight &weight = program.image.manifest().weights(slice.weight());
      const auto *source =
          reinterpret_cast<const uint32_t *>(program.image.section(weight.section()).data() + weight.section_offset());
      for (uint32_t i = 0; i != region.cores; ++i)
        placeBox(slice.box(), i % region.w, i / region.w)
            .forEachRow([&](int64_t element, int64_t word, int64_t n, int64_t stride) {
              load(i, slice.address() / 4 + word, source + element, n, stride);
            });
    }
  }

  std::vector<RegionTables> regions;
  std::vector<Site> sites;        // what code is there for, in all regions
  uint32_t cores = 0;             // of all regions, numbered one region after the other, row by row
  std::vector<uint32_t> coreOfPe; // by mesh position; kNone where no program runs
  const InstructionCosts costs;
  const KernelFunction kernels; // of this host
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_PROGRAMTABLES_H
