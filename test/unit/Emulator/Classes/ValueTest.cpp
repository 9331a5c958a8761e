// Values against a plain word for each PE.
#include "Emulator/Classes/Value.h"

#include <gtest/gtest.h>
#include <random>

using namespace wafer::emulator;

namespace {

/// A value, and what it is at each PE of its set.
struct Tracked {
  PeSet set;
  Value value;
  std::vector<uint32_t> plain; // by y * width + x; outside of the set, anything
};

class Values : public ::testing::TestWithParam<unsigned> {
protected:
  Values() : random(GetParam()), width(1 + random() % 70), height(1 + random() % 9) {}

  uint32_t pick(uint32_t below) { return random() % below; }
  Indices someOf(const Indices &indices) {
    if (pick(3) == 0)
      return indices;
    std::vector<uint16_t> list;
    const uint32_t chance = pick(5);
    for (uint16_t i : indices)
      if (pick(5) <= chance)
        list.push_back(i);
    if (list.empty())
      list.push_back(indices[pick(indices.size())]);
    return Indices::of(std::move(list), indices.extent());
  }
  PeSet subset(const PeSet &set) { return {someOf(set.columns), someOf(set.rows)}; }
  PeSet whole() { return {Indices::all(width), Indices::all(height)}; }

  /// One of each form, few different words so that forms often collapse.
  Tracked draw(const PeSet &set) {
    Tracked t{set, {}, std::vector<uint32_t>(width * height)};
    const uint32_t words = 1 + pick(3), form = pick(5);
    std::vector<uint32_t> some(std::max(width, height));
    for (uint32_t &word : some)
      word = pick(words) - 1;
    std::vector<uint32_t> perPe;
    for (uint16_t y : set.rows)
      for (uint16_t x : set.columns)
        plainAt(t, x, y) = form == 0   ? some[0]
                           : form == 1 ? some[x]
                           : form == 2 ? some[y]
                           : form == 3 ? x
                                       : pick(words);
    auto take = [&](const Indices &line) {
      std::vector<uint32_t> list;
      for (uint16_t i : line)
        list.push_back(some[i]);
      return list;
    };
    for (uint16_t y : set.rows)
      for (uint16_t x : set.columns)
        perPe.push_back(plainAt(t, x, y));
    t.value = form == 0   ? Value(some[0])
              : form == 1 ? Value::byColumn(set.columns, take(set.columns))
              : form == 2 ? Value::byRow(set.rows, take(set.rows))
              : form == 3 ? Value::columns(width)
                          : Value::byPe(set, perPe);
    return t;
  }

  uint32_t &plainAt(Tracked &t, uint32_t x, uint32_t y) { return t.plain[y * width + x]; }
  uint32_t plainAt(const Tracked &t, uint32_t x, uint32_t y) { return t.plain[y * width + x]; }

  /// Right at each PE, and in the form that its words allow.
  void expect(const Tracked &t) {
    bool byColumn = true, byRow = true;
    std::vector<uint32_t> places;
    for (uint16_t y : t.set.rows)
      for (uint16_t x : t.set.columns) {
        ASSERT_EQ(t.value.at(x, y), plainAt(t, x, y)) << x << ", " << y;
        byColumn &= plainAt(t, x, y) == plainAt(t, x, t.set.rows.front());
        byRow &= plainAt(t, x, y) == plainAt(t, t.set.columns.front(), y);
        places.push_back(plainAt(t, x, y));
      }
    const Value value = t.value.resolved(t.set);
    EXPECT_EQ(value.kind(), byColumn && byRow ? Value::Uniform
                            : byColumn        ? Value::ByColumn
                            : byRow           ? Value::ByRow
                                              : Value::ByPe);
    for (uint16_t y : t.set.rows)
      for (uint16_t x : t.set.columns)
        ASSERT_EQ(value.at(x, y), plainAt(t, x, y));
    EXPECT_TRUE(same(t.set, value, t.value));
    std::vector<uint32_t> found, different;
    each(t.set, t.value, [&](uint32_t word) { found.push_back(word); });
    for (uint16_t y : t.set.rows)
      for (uint16_t x : t.set.columns)
        if ((!byColumn || y == t.set.rows.front()) && (!byRow || x == t.set.columns.front()))
          different.push_back(plainAt(t, x, y));
    EXPECT_EQ(found, different);
    auto isLess = [](uint32_t a, uint32_t b) { return static_cast<int32_t>(a) < static_cast<int32_t>(b); };
    const auto [low, high] = minmax(t.set, t.value);
    EXPECT_EQ(low, static_cast<int32_t>(*std::min_element(places.begin(), places.end(), isLess)));
    EXPECT_EQ(high, static_cast<int32_t>(*std::max_element(places.begin(), places.end(), isLess)));
  }

  std::mt19937 random;
  uint32_t width, height;
};

TEST_P(Values, AreRightInTheCheapestForm) {
  for (int i = 0; i != 20; ++i) {
    Tracked t = draw(subset(whole()));
    expect(t);
    t.set = subset(t.set);
    expect(t);
    t.value = t.value.resolved(t.set);
    expect(t);
  }
}

TEST_P(Values, AreComputedForTheSetAlone) {
  for (int i = 0; i != 20; ++i) {
    const PeSet set = subset(whole());
    Tracked a = draw(set), b = draw(set);
    Tracked result{subset(set), {}, a.plain};
    for (uint16_t y : set.rows)
      for (uint16_t x : set.columns)
        plainAt(result, x, y) = plainAt(a, x, y) * 3 - plainAt(b, x, y);
    result.value = map(result.set, a.value, b.value, [](uint32_t p, uint32_t q) { return p * 3 - q; });
    expect(result);
    for (uint32_t &word : result.plain)
      word = ~word;
    result.value = map(result.set, result.value, [](uint32_t p) { return ~p; });
    expect(result);
    EXPECT_EQ(same(set, a.value, b.value), [&] {
      for (uint16_t y : set.rows)
        for (uint16_t x : set.columns)
          if (plainAt(a, x, y) != plainAt(b, x, y))
            return false;
      return true;
    }());
  }
}

/// Splits and merges, over and over, with and without reading in between.
TEST_P(Values, ArePutTogetherFromPieces) {
  Tracked t = draw(whole());
  for (int i = 0; i != 60; ++i) {
    std::vector<Value::Piece> pieces;
    const Indices columns = someOf(t.set.columns), rows = someOf(t.set.rows);
    for (const PeSet &part :
         {PeSet{columns, rows}, PeSet{columns, t.set.rows - rows}, PeSet{t.set.columns - columns, rows},
          PeSet{t.set.columns - columns, t.set.rows - rows}}) {
      if (part.empty())
        continue;
      Tracked other = draw(part);
      if (pick(3)) { // unchanged
        other.value = t.value;
      } else {
        for (uint16_t y : part.rows)
          for (uint16_t x : part.columns)
            plainAt(t, x, y) = plainAt(other, x, y);
      }
      pieces.push_back({part, other.value});
    }
    t.value = Value::merged(pieces);
    if (pick(8) == 0)
      expect(t);
    if (pick(12) == 0)
      t.value = t.value.resolved(t.set);
  }
  expect(t);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Values, ::testing::Range(0u, 40u));

TEST(Value, OfRoleSplitsIsByColumnAgain) {
  const PeSet all{Indices::all(8), Indices::all(4)};
  const PeSet head{Indices::of({0}, 8), all.rows}, rest{all.columns - head.columns, all.rows};
  const Value x = Value::columns(8);
  const Value::Piece pieces[] = {{head, Value(7)}, {rest, map(rest, x, [](uint32_t v) { return v + 1; })}};
  const Value merged = Value::merged(pieces);
  EXPECT_EQ(merged.kind(), Value::Pieces);
  EXPECT_EQ(merged.resolved(all).kind(), Value::ByColumn);
  EXPECT_EQ(merged.resolved(head).kind(), Value::Uniform);
  EXPECT_EQ(merged.at(0, 2), 7u);
  EXPECT_EQ(merged.at(5, 2), 6u);
}

TEST(Value, IsTheSameForRowsThatComputedItApart) {
  const PeSet all{Indices::all(8), Indices::all(4)};
  const PeSet top{all.columns, Indices::of({0, 1}, 4)}, bottom{all.columns, Indices::of({2, 3}, 4)};
  auto twice = [](uint32_t v) { return v * 2; };
  const Value x = Value::columns(8);
  const Value::Piece pieces[] = {{top, map(top, x, twice)}, {bottom, map(bottom, x, twice)}};
  EXPECT_EQ(Value::merged(pieces).resolved(all).kind(), Value::ByColumn);
}

TEST(Value, DoesNotKeepThePastOfARegisterThatNobodyReads) {
  const PeSet all{Indices::all(8), Indices::all(4)};
  const PeSet head{Indices::of({0}, 8), all.rows}, rest{all.columns - head.columns, all.rows};
  Value value = Value::columns(8);
  for (uint32_t i = 0; i != 200000; ++i) { // as deep a list of pieces would overflow the stack
    const Value::Piece pieces[] = {{head, Value(i)}, {rest, value}};
    value = Value::merged(pieces);
  }
  EXPECT_EQ(value.at(0, 1), 199999u);
  EXPECT_EQ(value.at(5, 1), 5u);
}

} // namespace
