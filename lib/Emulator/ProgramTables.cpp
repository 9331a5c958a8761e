#include "ProgramTables.h"

#include "wafer/Target/ResourceModel.h"

#include <algorithm>
#include <map>

using namespace wafer;
using namespace wafer::emulator;

InstructionCosts::InstructionCosts(const Profile &p)
    : ScalarCosts{ticks(p.scalarOp), ticks(p.scalarMemory), ticks(p.branch), 0} {
  const ResourceModel model(p);
  for (const isa::VectorOpInfo &info : isa::kVectorOps) {
    const unsigned op = unsigned(info.op);
    setup[op] = ticks(model.vectorCycles(info.op, 0));
    element[op] = ticks(model.vectorCycles(info.op, 1)) - setup[op];
  }
  // Some machines have no vector form of it: a helper's cost if the profile gives one.
  auto helperOr = [&](isa::VectorOp op, Ticks otherwise) {
    double cost = p.helperCyclesPerElement[unsigned(op)];
    return cost > 0 ? ticks(cost) : otherwise;
  };
  fmaI32 = helperOr(isa::VectorOp::Fma, element[unsigned(isa::VectorOp::Fma)]);
  divide = helperOr(isa::VectorOp::Div, ticks(p.scalarOp));
}

/// The site of each instruction; new ones are added to `sites`.
static std::vector<uint32_t> locate(const RegionTables &tables, uint32_t number, std::vector<Site> &sites) {
  const std::vector<DecodedInstruction> &code = tables.verified->code.instructions;
  const auto &locations = tables.region->locations();
  std::vector<uint32_t> result(code.size(), kNone);
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> siteOf;
  int at = -1;
  for (size_t k = 0; k != code.size(); ++k) {
    while (at + 1 < locations.size() && locations[at + 1].first_word() <= code[k].word)
      ++at;
    if (at < 0)
      continue;
    const image::Location &location = locations[at];
    auto [site, isNew] = siteOf.try_emplace({location.name(), location.kernel()}, sites.size());
    if (isNew)
      sites.push_back({number, location.name(), location.kernel()});
    result[k] = site->second;
  }
  return result;
}

/// Counts the registers and descriptors that an instruction names.
static void countNames(const isa::Instruction &i, RegionTables &tables) {
  auto registerAt = [&](uint32_t number) { tables.registers = std::max(tables.registers, number + 1); };
  auto descriptorAt = [&](uint32_t number) { tables.descriptors = std::max(tables.descriptors, number + 1); };
  for (uint8_t number : {i.rd, i.ra, i.rb})
    registerAt(number);
  if (i.baseIsRegister)
    registerAt(i.base);
  for (const auto *sizes : {&i.extents, &i.lower})
    for (const isa::Operand &size : *sizes)
      if (size.isRegister)
        registerAt(size.value);
  for (const isa::VectorOperand &operand : i.operands) {
    if (operand.kind == isa::OperandKind::Register)
      registerAt(operand.index);
    if (operand.kind == isa::OperandKind::Descriptor)
      descriptorAt(operand.index);
  }
  if (i.opcode == isa::Opcode::Desc || i.opcode == isa::Opcode::Recvw)
    descriptorAt(i.descriptor);
  if (i.opcode == isa::Opcode::Call)
    tables.callDepth = isa::kCallDepth;
}

ProgramTables::ProgramTables(const VerifiedProgram &program)
    : coreOfPe(size_t(program.width) * program.height, kNone), costs(program.profile), kernels(selectKernels()) {
  const image::Manifest &manifest = program.image.manifest();
  regions.resize(manifest.regions_size());
  for (size_t index = 0; index != regions.size(); ++index) {
    RegionTables &region = regions[index];
    region.region = &manifest.regions(static_cast<int>(index));
    region.verified = &program.regions[index];
    const image::Rect &rect = region.region->rect();
    region.x = rect.x(), region.y = rect.y(), region.w = rect.w(), region.h = rect.h();
    region.firstCore = cores;
    region.cores = region.w * region.h;
    for (uint32_t y = 0; y != region.h; ++y)
      for (uint32_t x = 0; x != region.w; ++x)
        coreOfPe[size_t(region.y + y) * program.width + region.x + x] = cores++;
    region.location = locate(region, index, sites);
    for (const DecodedInstruction &d : region.verified->code.instructions)
      countNames(d.i, region);
  }
}
