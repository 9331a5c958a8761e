// What there is for a color at a router.
#ifndef WAFER_LIB_EMULATOR_ROUTERTABLE_H
#define WAFER_LIB_EMULATOR_ROUTERTABLE_H

#include "wafer/Program/Isa.h"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace wafer::emulator {

/// A T by router and color, made when it is first asked for; it does not move. Programs use few colors of a router, and
/// the same ones as its neighbors: a look-up goes by color and row of 16 routers, and what nobody asks for costs half a
/// byte.
template <typename T> class RouterTable {
public:
  explicit RouterTable(size_t routers) : blocksOfColor((routers + kBlock - 1) / kBlock) {}

  struct Entry {
    T &item;
    bool isNew;
  };
  Entry at(uint32_t router, uint8_t color) {
    std::vector<std::unique_ptr<Block>> &blocks = colors[color];
    if (blocks.empty())
      blocks.resize(blocksOfColor);
    std::unique_ptr<Block> &block = blocks[router / kBlock];
    if (!block)
      block = std::make_unique<Block>();
    T *&item = (*block)[router % kBlock];
    if (item)
      return {*item, false};
    item = &items.emplace_back();
    return {*item, true};
  }

  const T *find(uint32_t router, uint8_t color) const {
    const std::vector<std::unique_ptr<Block>> &blocks = colors[color];
    const Block *block = blocks.empty() ? nullptr : blocks[router / kBlock].get();
    return block ? (*block)[router % kBlock] : nullptr;
  }

  /// All there are, in the order in which they were made.
  auto begin() { return items.begin(); }
  auto end() { return items.end(); }
  auto begin() const { return items.begin(); }
  auto end() const { return items.end(); }

private:
  static constexpr unsigned kBlock = 16;
  using Block = std::array<T *, kBlock>;

  const size_t blocksOfColor;
  std::array<std::vector<std::unique_ptr<Block>>, isa::kMaxColors> colors;
  std::deque<T> items;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_ROUTERTABLE_H
