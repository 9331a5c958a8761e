// Mutates program images past their checksums: the manifest, the words of the code and the profile inside are changed,
// and the image is written again.
#include "JsonMutator.h"
#include "LibFuzzer.h"
#include "WireMutator.h"

#include "wafer/Program/Image.h"
#include "wafer/Program/Instruction.h"

using namespace wafer;
using namespace wafer::fuzz;

namespace {

using Words = std::vector<uint32_t>;

struct Parts {
  std::string manifest;
  std::vector<std::vector<uint8_t>> sections;
};

bool takeApart(const uint8_t *data, size_t size, Parts &parts) {
  Result<Image> image = Image::fromBytes({data, data + size});
  if (!image)
    return false;
  parts.manifest = image->manifest().SerializeAsString();
  for (int i = 0; i != image->manifest().sections_size(); ++i) {
    auto section = image->section(i);
    parts.sections.emplace_back(section.begin(), section.end());
  }
  return true;
}

std::string putTogether(const Parts &parts) {
  ImageWriter writer;
  if (!writer.manifest.ParseFromString(parts.manifest))
    return "";
  for (const auto &section : parts.sections)
    writer.addSection(std::span<const uint8_t>(section));
  std::vector<uint8_t> bytes = writer.bytes();
  return std::string(bytes.begin(), bytes.end());
}

/// Some field of an instruction becomes another; the result need not be one that can be encoded.
void mutateInstruction(isa::Instruction &i, Random &random) {
  auto operand = [&](isa::Operand &operand) {
    operand.isRegister = random.oneIn(4);
    operand.value = operand.isRegister ? random.below(32) : static_cast<int32_t>(random.number());
  };
  switch (random.below(9)) {
  case 0:
    i.imm = random.oneIn(2) ? i.imm + random.of({-2, -1, 1, 2}) : static_cast<int32_t>(random.number());
    break;
  case 1:
    random.of({&i.rd, &i.ra, &i.rb})[0] = random.below(32);
    break;
  case 2:
    i.rank = 1 + random.below(4);
    break;
  case 3:
    random.of({&i.descriptor, &i.color, &i.thread})[0] = random.below(16);
    break;
  case 4:
    i.base = static_cast<uint16_t>(random.oneIn(2) ? i.base + random.of({-4, 4, 1}) : random.number());
    break;
  case 5:
    operand(i.extents[random.below(4)]);
    break;
  case 6:
    operand(i.lower[random.below(4)]);
    break;
  case 7: {
    isa::VectorOperand &o = i.operands[random.below(4)];
    if (random.oneIn(2))
      o.kind = static_cast<isa::OperandKind>(random.below(4));
    o.index = random.below(24);
    break;
  }
  default:
    if (random.oneIn(2))
      i.op = static_cast<isa::VectorOp>(random.below(64));
    else if (random.oneIn(2))
      i.type = static_cast<isa::ElementType>(random.below(2));
    else
      i.control = static_cast<isa::Control>(random.below(4));
  }
}

/// Changes one instruction, drops, doubles or moves it. The code keeps its length where it can: addresses do.
void mutateCode(std::vector<uint8_t> &section, Random &random) {
  Words words(section.size() / 4);
  if (words.empty())
    return;
  std::memcpy(words.data(), section.data(), words.size() * 4);
  std::vector<std::pair<size_t, isa::Instruction>> instructions;
  for (size_t at = 0; at < words.size();) {
    auto decoded = isa::decode(std::span<const uint32_t>(words).subspan(at));
    if (!decoded)
      break;
    instructions.push_back({at, *decoded});
    at += decoded->words();
  }
  if (instructions.empty() || random.oneIn(8)) {
    words[random.below(words.size())] ^= 1u << random.below(32);
  } else {
    auto [at, instruction] = random.in(instructions);
    size_t old = instruction.words();
    if (random.oneIn(4))
      instruction = random.in(instructions).second;
    else
      mutateInstruction(instruction, random);
    Words encoded;
    if (!isa::encode(instruction, encoded))
      return;
    if (encoded.size() <= old && !random.oneIn(4)) {
      std::copy(encoded.begin(), encoded.end(), words.begin() + at);
      Words halt;
      (void)isa::encode({}, halt); // fills what is left over
      for (size_t k = encoded.size(); k != old; ++k)
        words[at + k] = halt[0];
    } else {
      if (random.oneIn(2))
        words.erase(words.begin() + at, words.begin() + at + old);
      words.insert(words.begin() + at, encoded.begin(), encoded.end());
    }
  }
  section.resize(words.size() * 4);
  if (!words.empty())
    std::memcpy(section.data(), words.data(), section.size());
}

void mutateParts(Parts &parts, size_t maxSize, Random &random) {
  size_t choice = random.below(8);
  if (choice < 4 && !parts.sections.empty()) {
    mutateCode(random.in(parts.sections), random);
  } else if (choice == 4) {
    image::Manifest manifest;
    std::string profile;
    if (manifest.ParseFromString(parts.manifest) && mutateJson(profile = manifest.target_profile(), maxSize, random)) {
      manifest.set_target_profile(profile);
      parts.manifest = manifest.SerializeAsString();
    }
  } else if (choice == 5 && random.oneIn(4) && !parts.sections.empty()) {
    auto &section = random.in(parts.sections);
    section.resize(random.oneIn(2) ? random.below(section.size() + 1) : section.size() + 4 * random.below(4));
  } else {
    mutateWire(parts.manifest, maxSize, random, mutateBytes);
  }
}

} // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned int seed) {
  Random random(seed);
  Parts parts;
  if (random.oneIn(64) || !takeApart(data, size, parts))
    return LLVMFuzzerMutate(data, size, maxSize);
  for (size_t changes = 1 + random.below(3); changes; --changes)
    mutateParts(parts, maxSize, random);
  std::string image = putTogether(parts);
  if (image.empty() || image.size() > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  return give(image, data, maxSize);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
                                            uint8_t *out, size_t maxSize, unsigned int seed) {
  Random random(seed);
  Parts parts, donor;
  if (!takeApart(data1, size1, parts) || !takeApart(data2, size2, donor))
    return 0;
  if (random.oneIn(3) && !parts.sections.empty() && !donor.sections.empty())
    random.in(parts.sections) = random.in(donor.sections);
  else
    crossWire(parts.manifest, donor.manifest, maxSize, random);
  std::string image = putTogether(parts);
  return image.size() > maxSize ? 0 : give(image, out, maxSize);
}
