// A region for tests of contexts: memory, clocks and vector instructions stand in for the real ones, PE by PE.
#ifndef WAFER_TEST_UNIT_EMULATOR_CLASSES_SCALARREGION_H
#define WAFER_TEST_UNIT_EMULATOR_CLASSES_SCALARREGION_H

#include "Emulator/Classes/Contexts.h"
#include "PlainCores.h"
#include "wafer/Program/Assembler.h"

#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <set>

namespace wafer::test {

using namespace emulator;
using namespace isa;

inline constexpr ScalarCosts kCosts{1024, 2048, 1536, 17};

class ScalarRegion : public ContextClient {
public:
  ScalarRegion(const std::function<void(Assembler &)> &write, uint32_t width, uint32_t height, uint32_t seed = 1)
      : width(width), height(height), random(seed), cores(width * height) {
    Assembler a;
    write(a);
    auto words = a.finish();
    EXPECT_TRUE(words) << words.error().str();
    auto code = decodeProgram(*words, 0, 24, 1);
    EXPECT_TRUE(code) << code.error().str();
    verified.code = code.take();
    locations.resize(verified.code.instructions.size());
    for (size_t k = 0; k != locations.size(); ++k)
      locations[k] = k % 11 == 0 ? ~0u : k / 6 % 4;
    contexts.emplace(verified, width, height, kCosts, locations, *this);
  }

  PlainCore &core(uint32_t x, uint32_t y) { return cores[y * width + x]; }

  /// To the end, waking and retrying until nothing moves.
  void run(uint64_t stepLimit = 1 << 20) {
    contexts->start(stepLimit);
    for (bool ran = true; ran && !contexts->stopped();) {
      ran = contexts->run();
      std::vector<Context *> waiting;
      for (auto &context : contexts->all())
        if (context->state == Context::Waiting)
          waiting.push_back(context.get());
      std::shuffle(waiting.begin(), waiting.end(), random);
      for (Context *context : waiting)
        if (random() % 2 || context == waiting.front())
          contexts->wake(*context), ran = true;
      if (stalled)
        contexts->retry(), ran = true, stalled = false;
    }
  }

  /// Runs both ways; memory is the same at the beginning.
  void expectAsPlain() {
    std::vector<PlainCore> plain = cores;
    run();
    ASSERT_FALSE(error);
    EXPECT_TRUE(contexts->all().empty());
    uint64_t instructions = 0;
    for (uint32_t y = 0; y != height; ++y)
      for (uint32_t x = 0; x != width; ++x) {
        PlainCore &p = plain[y * width + x];
        const PlainCore &c = core(x, y);
        p.x = x, p.y = y;
        ASSERT_FALSE(p.run(verified.code.instructions, locations, kCosts, 1 << 20));
        instructions += p.instructions;
        SCOPED_TRACE(std::to_string(x) + ", " + std::to_string(y));
        ASSERT_TRUE(std::equal(p.regs, p.regs + 32, c.regs));
        ASSERT_EQ(p.memory, c.memory);
        ASSERT_EQ(p.clock, c.clock);
        ASSERT_EQ(p.busy, c.busy);
        ASSERT_EQ(p.vectors, c.vectors);
      }
    EXPECT_EQ(contexts->instructions(), instructions);
  }

  template <typename F> void forEach(const Context &c, F f) {
    for (uint16_t y : c.set.rows)
      for (uint16_t x : c.set.columns)
        f(core(x, y), x, y);
  }

  bool load(Context &c, const Value &address, unsigned bytes, bool signExtend, Value &out) override {
    std::vector<uint32_t> words;
    bool inside = true;
    EXPECT_EQ(address.kind(), address.resolved(c.set).kind());
    forEach(c, [&](PlainCore &core, uint32_t x, uint32_t y) {
      const uint32_t at = address.at(x, y);
      inside &= at % bytes == 0 && at < kMemoryBytes;
      const uint32_t word = inside ? core.memory[at / 4] : 0;
      words.push_back(bytes == 4 ? word : scalar::halfOf(word, at, signExtend));
    });
    out = Value::byPe(c.set, words);
    return inside;
  }
  bool store(Context &c, const Value &address, const Value &word) override {
    bool inside = true;
    forEach(c, [&](PlainCore &core, uint32_t x, uint32_t y) {
      const uint32_t at = address.at(x, y);
      inside &= at % 4 == 0 && at < kMemoryBytes;
      if (inside)
        core.memory[at / 4] = word.at(x, y);
    });
    return inside;
  }
  Issue vector(Context &c, const DecodedInstruction &d) override {
    EXPECT_NE(c.state, Context::Halted);
    if (stalls && random() % 3 == 0) {
      stalled = true;
      return Issue::Stalls;
    }
    settle(c);
    const auto &descriptor = c.descriptors[d.i.operands[0].index];
    ranks.insert(c.nestRank);
    const Value given = c.reg(d.i.operands[1].index);
    EXPECT_EQ(given.kind(), given.resolved(c.set).kind()); // the cheapest form, after splits and merges
    forEach(c, [&](PlainCore &core, uint32_t x, uint32_t y) {
      std::vector<int32_t> &seen = core.vectors.emplace_back();
      for (int k = 0; k < c.nestRank; ++k)
        seen.push_back(c.nest[k].resolved(c.set).at(x, y));
      seen.push_back(descriptor.base.resolved(c.set).at(x, y));
      for (int k = 0; k < descriptor.rank; ++k)
        seen.push_back(descriptor.stride[k].at(x, y));
      seen.push_back(given.at(x, y));
      seen.push_back(static_cast<int32_t>(d.word));
      core.clock += 5;
    });
    sizes.push_back(c.set.size());
    return stalls && random() % 3 == 0 ? Issue::Waits : Issue::Done;
  }
  Issue wait(Context &c, uint8_t) override {
    settle(c);
    const uint32_t what = stalls ? random() % 3 : 0;
    stalled |= what == 1;
    return what == 0 ? Issue::Done : what == 1 ? Issue::Stalls : Issue::Waits;
  }
  void halted(Context &c) override {
    settle(c);
    EXPECT_EQ(c.state, Context::Halted);
    for (unsigned r = 0; r != kScalarRegisters; ++r) {
      const Value value = c.reg(r);
      forEach(c, [&](PlainCore &core, uint32_t x, uint32_t y) { core.regs[r] = value.at(x, y); });
    }
  }
  void settle(Context &c) override {
    forEach(c, [&](PlainCore &core, uint32_t, uint32_t) { core.clock += c.pending; });
    c.pending = 0;
  }
  void located(Context &c, uint32_t location) override {
    settle(c);
    forEach(c, [&](PlainCore &core, uint32_t, uint32_t) {
      EXPECT_EQ(core.location, c.location);
      core.enter(location);
    });
  }
  void failed(const Context &, ErrorCode code) override { error = code; }
  bool cancelled(Context &c) override {
    EXPECT_EQ(c.pending, 0);
    return ++asked == patience;
  }

  const uint32_t width, height;
  std::mt19937 random;
  VerifiedRegion verified;
  std::vector<uint32_t> locations;
  std::vector<PlainCore> cores;
  std::optional<Contexts> contexts;
  std::optional<ErrorCode> error;
  bool stalls = false, stalled = false;
  int asked = 0, patience = 1 << 30;
  std::vector<size_t> sizes; // PEs of each vector instruction
  std::set<int> ranks;
};

} // namespace wafer::test

#endif // WAFER_TEST_UNIT_EMULATOR_CLASSES_SCALARREGION_H
