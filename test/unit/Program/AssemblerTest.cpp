#include "wafer/Program/Assembler.h"
#include "wafer/Program/Disassembler.h"

#include <gtest/gtest.h>
#include <random>

using namespace wafer;
using namespace wafer::isa;

static void expectRoundTrip(const Instruction &instruction) {
  std::vector<uint32_t> words;
  Status status = encode(instruction, words);
  ASSERT_TRUE(status) << status.error().str();
  EXPECT_EQ(words.size(), instruction.words()) << print(instruction);
  auto back = decode(words);
  ASSERT_TRUE(back) << print(instruction);
  EXPECT_EQ(*back, instruction) << print(instruction) << " against " << print(*back);
}

static void expectRefused(const Instruction &instruction) {
  std::vector<uint32_t> words;
  Status status = encode(instruction, words);
  EXPECT_FALSE(status) << print(instruction);
  EXPECT_TRUE(words.empty());
}

/// Every opcode of a form.
static std::vector<Opcode> opcodesOf(Form form) {
  std::vector<Opcode> out;
  for (unsigned op = 0; op != 256; ++op)
    if (const OpcodeInfo *info = opcodeInfo(uint8_t(op)); info && info->form == form)
      out.push_back(Opcode(op));
  return out;
}

TEST(Instruction, ScalarsRoundTripAtTheirLimits) {
  for (Opcode op : opcodesOf(Form::Plain))
    expectRoundTrip({.opcode = op});
  for (Opcode op : opcodesOf(Form::Jump))
    for (int offset : {-(1 << 23), -1, 0, (1 << 23) - 1})
      expectRoundTrip({.opcode = op, .imm = offset});
  for (Opcode op : opcodesOf(Form::Branch))
    for (int offset : {-8192, 0, 8191})
      expectRoundTrip({.opcode = op, .ra = 31, .rb = 1, .imm = offset});
  for (Opcode op : opcodesOf(Form::Immediate))
    for (int imm : {-8192, -1, 8191})
      expectRoundTrip({.opcode = op, .rd = 31, .ra = 17, .imm = imm});
  for (Opcode op : opcodesOf(Form::Register))
    expectRoundTrip({.opcode = op, .rd = 31, .ra = 30, .rb = 29});
  for (int imm : {-(1 << 18), (1 << 18) - 1})
    expectRoundTrip({.opcode = Opcode::Li, .rd = 9, .imm = imm});
  for (int imm : {INT32_MIN, -1, INT32_MAX})
    expectRoundTrip({.opcode = Opcode::Liw, .rd = 9, .imm = imm});
  expectRoundTrip({.opcode = Opcode::Trap, .ra = 5, .imm = (1 << 19) - 1});
  expectRoundTrip({.opcode = Opcode::Coord, .rd = 5, .imm = 1});
}

TEST(Instruction, EveryScalarOpcodeHasAForm) {
  EXPECT_EQ(opcodesOf(Form::Branch).size(), 4u);
  EXPECT_EQ(opcodesOf(Form::Register).size(), 14u);
  EXPECT_EQ(opcodesOf(Form::Immediate).size(), 19u);
}

TEST(Instruction, NestsAndDescriptorsRoundTrip) {
  for (uint8_t rank = 1; rank <= kMaxRank; ++rank)
    for (bool isRegister : {false, true}) {
      Instruction nest{.opcode = Opcode::Nest, .rank = rank};
      Instruction desc{.opcode = Opcode::Desc,
                       .rank = rank,
                       .descriptor = 15,
                       .baseIsRegister = isRegister,
                       .base = uint16_t(isRegister ? 31 : 0xffff)};
      Instruction recv{.opcode = Opcode::Recvw, .rank = rank, .descriptor = 13, .color = 23};
      for (unsigned d = 0; d != rank; ++d) {
        nest.extents[d] = recv.lower[d] = isRegister == (d % 2 == 0) ? Operand::reg(31 - d) : Operand::imm(16383 - d);
        desc.extents[d] = recv.extents[d] = d % 2 ? Operand::imm(-16384 + int(d)) : Operand::reg(d);
      }
      expectRoundTrip(nest);
      expectRoundTrip(desc);
      expectRoundTrip(recv);
    }
}

TEST(Instruction, VectorsRoundTrip) {
  const VectorOperand kinds[] = {VectorOperand::none(), VectorOperand::reg(31), VectorOperand::desc(15),
                                 VectorOperand::fabric(23)};
  unsigned seen = 0;
  for (unsigned op = 0; op != 256; ++op) {
    if (!vectorOpInfo(uint8_t(op)))
      continue;
    ++seen;
    EXPECT_GE(vectorArity(VectorOp(op)), 1u);
    for (unsigned turn = 0; turn != 4; ++turn)
      expectRoundTrip({.opcode = Opcode::Vec,
                       .thread = uint8_t(turn * 2 + 1),
                       .op = VectorOp(op),
                       .type = ElementType(turn % 2),
                       .control = Control(turn % 3),
                       .operands = {kinds[turn], kinds[(turn + 1) % 4], kinds[(turn + 2) % 4], kinds[(turn + 3) % 4]}});
  }
  EXPECT_EQ(seen, std::size(kVectorOps));
  for (uint8_t thread = 0; thread != kThreads; ++thread)
    expectRoundTrip({.opcode = Opcode::Wait, .thread = thread});
}

TEST(Instruction, FieldsThatDoNotFitAreRefused) {
  expectRefused({.opcode = Opcode::Addi, .rd = 1, .ra = 1, .imm = 8192});
  expectRefused({.opcode = Opcode::Addi, .rd = 32, .ra = 1});
  expectRefused({.opcode = Opcode::Li, .rd = 1, .imm = 1 << 18});
  expectRefused({.opcode = Opcode::Coord, .rd = 1, .imm = 2});
  expectRefused({.opcode = Opcode::Nest, .rank = 0});
  expectRefused({.opcode = Opcode::Nest, .rank = 5});
  expectRefused({.opcode = Opcode::Nest, .rank = 1, .extents = {Operand::imm(16384)}});
  expectRefused({.opcode = Opcode::Desc, .rank = 1, .descriptor = 16});
  expectRefused({.opcode = Opcode::Wait, .thread = 8});
  expectRefused({.opcode = Opcode::Vec, .op = VectorOp(99)});
  expectRefused({.opcode = Opcode::Vec, .operands = {VectorOperand::desc(16)}});
}

TEST(Instruction, DecodingIsStrictAndEncodesBack) {
  EXPECT_FALSE(decode({}));
  const uint32_t unknown[] = {0xff000000}, stray[] = {0x00000001}, cut[] = {0x11080000};
  EXPECT_FALSE(decode(unknown));
  EXPECT_FALSE(decode(stray));
  EXPECT_FALSE(decode(cut)) << "liw without its value";
  std::mt19937 random(1);
  for (int i = 0; i != 20000; ++i) {
    uint32_t words[5];
    for (uint32_t &word : words)
      word = random();
    words[0] = (words[0] & 0x00ffffff) | (random() % 0x58) << 24;
    if (auto instruction = decode(words)) {
      std::vector<uint32_t> again;
      ASSERT_TRUE(encode(*instruction, again));
      EXPECT_TRUE(std::equal(again.begin(), again.end(), words));
    }
  }
}

TEST(Assembler, ResolvesLabelsBothWays) {
  Assembler a;
  auto loop = a.label(), done = a.label();
  a.li(5, 0);
  a.bind(loop);
  a.branch(Opcode::Bge, 5, 6, done);
  a.addi(5, 5, 1);
  a.jmp(loop);
  a.bind(done);
  a.halt();
  auto words = a.finish();
  ASSERT_TRUE(words);
  EXPECT_EQ(disassemble(*words), "  li r5, 0\n.L0:\n  bge r5, r6, .L1\n  addi r5, r5, 1\n  jmp .L0\n.L1:\n  halt\n");
  EXPECT_EQ(a.positionOf(loop), 1u);
}

TEST(Assembler, PicksTheShortForm) {
  Assembler a;
  a.li(1, 262143);
  EXPECT_EQ(a.position(), 1u);
  a.li(1, 262144);
  EXPECT_EQ(a.position(), 3u);
}

TEST(Assembler, PrintsVectorCode) {
  Assembler a;
  a.nest({4, Operand::reg(7)});
  a.desc(0, 4096, {0, 1});
  a.desc(1, Assembler::Base::reg(3), {Operand::reg(2), 1});
  a.vec(VectorOp::Fma, ElementType::F32, VectorOperand::desc(1), VectorOperand::desc(0), VectorOperand::reg(4),
        VectorOperand::desc(1));
  a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::fabric(3), VectorOperand::desc(0), {}, {}, 2, Control::Reset);
  a.vec(VectorOp::Mov, ElementType::F32, {}, VectorOperand::fabric(4));
  a.recvw(5, 1, {8, 8}, {Operand::reg(3), 0});
  a.wait(2);
  a.scalar(Opcode::Ldh, 6, 1, 4);
  a.trap(6, 0);
  auto words = a.finish();
  ASSERT_TRUE(words);
  EXPECT_EQ(disassemble(*words, {false, {}, {{0, "bad index"}}, {}}), R"(  nest (4, r7)
  desc d0, 4096 [0, 1]
  desc d1, r3 [r2, 1]
  vec.fma.f32 d1, d0, r4, d1
  vec.mov.i32 c3, d0 thread 2 reset
  vec.mov.f32 -, c4
  recvw d1, c5 of (8, 8) from (r3, 0)
  wait 2
  ldh r6, 4(r1)
  trap r6, 0 ; bad index
)");
}

TEST(Assembler, ReportsWhatDoesNotFit) {
  Assembler unbound;
  unbound.jmp(unbound.label());
  EXPECT_FALSE(unbound.finish());

  Assembler far;
  auto end = far.label();
  far.branch(Opcode::Beq, 0, 0, end);
  for (int i = 0; i != 8192; ++i)
    far.ret();
  far.bind(end);
  auto words = far.finish();
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().code, ErrorCode::InstructionField);

  Assembler wide;
  wide.addi(1, 1, 8192);
  EXPECT_FALSE(wide.finish());
}

TEST(Disassembler, SurvivesGarbage) {
  const uint32_t words[] = {0xdeadbeef, 0x01000005, 0x00000000, 0x11080000};
  EXPECT_EQ(disassemble(words), "  .word 0xdeadbeef\n  jmp .+5\n  halt\n  .word 0x11080000\n");
}
