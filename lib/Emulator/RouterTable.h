// What there is for a color at a router.
#ifndef WAFER_LIB_EMULATOR_ROUTERTABLE_H
#define WAFER_LIB_EMULATOR_ROUTERTABLE_H

#include "wafer/Program/Isa.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace wafer::emulator {

/// A T by router and color, made when it is first asked for; it does not move. Programs use few colors of a mesh's
/// routers, and those of neighbors: a look-up is two steps, by color and row of 16 routers, and what nobody asks for
/// costs half a byte.
template <typename T> class RouterTable {
public:
  explicit RouterTable(size_t routers) : blocksOfColor((routers + kBlock - 1) / kBlock) {}
  RouterTable(const RouterTable &) = delete;
  ~RouterTable() { clear(); }

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
      block.reset(new Block); // its items stay as they are
    const unsigned slot = router % kBlock;
    T *item = block->item(slot);
    if (block->made >> slot & 1)
      return {*item, false};
    block->made |= 1u << slot;
    return {*new (item) T(), true};
  }

  const T *find(uint32_t router, uint8_t color) const {
    const std::vector<std::unique_ptr<Block>> &blocks = colors[color];
    const Block *block = blocks.empty() ? nullptr : blocks[router / kBlock].get();
    return block && block->made >> router % kBlock & 1 ? block->item(router % kBlock) : nullptr;
  }

  /// Calls visit(router, color, item) for all there are, by color, then by router.
  template <typename Visit> void forEach(Visit visit) { forEachOf<T>(visit); }
  template <typename Visit> void forEach(Visit visit) const { forEachOf<const T>(visit); }

  /// Nothing is made any more; the memory stays for what comes next.
  void clear() {
    for (std::vector<std::unique_ptr<Block>> &blocks : colors)
      for (std::unique_ptr<Block> &block : blocks) {
        if (!block)
          continue;
        for (unsigned slot = 0; slot != kBlock; ++slot)
          if (block->made >> slot & 1)
            block->item(slot)->~T();
        block->made = 0;
      }
  }

private:
  template <typename Item, typename Visit> void forEachOf(Visit visit) const {
    for (size_t color = 0; color != colors.size(); ++color)
      for (size_t number = 0; number != colors[color].size(); ++number)
        if (Block *block = colors[color][number].get())
          for (unsigned slot = 0; slot != kBlock; ++slot)
            if (block->made >> slot & 1)
              visit(uint32_t(number * kBlock + slot), uint8_t(color), static_cast<Item &>(*block->item(slot)));
  }

  static constexpr unsigned kBlock = 16;
  struct Block {
    uint32_t made = 0; // a bit for each item
    alignas(T) std::byte items[kBlock * sizeof(T)];
    T *item(unsigned slot) { return reinterpret_cast<T *>(items) + slot; }
    const T *item(unsigned slot) const { return reinterpret_cast<const T *>(items) + slot; }
  };

  const size_t blocksOfColor;
  std::array<std::vector<std::unique_ptr<Block>>, isa::kMaxColors> colors;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_ROUTERTABLE_H
