// What is known of the tiles that a search looks at.
#ifndef WAFER_LIB_ROUTE_TILEMAP_H
#define WAFER_LIB_ROUTE_TILEMAP_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace wafer {

/// A value for each tile of a mesh, in pages of neighbors that are made when one of them is first asked for: searches
/// look at few of a wafer's tiles, and at these again and again.
template <typename T> class TileMap {
public:
  explicit TileMap(int64_t tiles) : pages(static_cast<size_t>((tiles + kTiles - 1) / kTiles)) {}

  T &operator[](int64_t tile) {
    std::unique_ptr<Page> &page = pages[static_cast<size_t>(tile / kTiles)];
    if (!page)
      page = std::make_unique<Page>();
    return (*page)[static_cast<size_t>(tile % kTiles)];
  }

  /// As it was left, or as none was made.
  const T &known(int64_t tile) const {
    static const T kNone{};
    const std::unique_ptr<Page> &page = pages[static_cast<size_t>(tile / kTiles)];
    return page ? (*page)[static_cast<size_t>(tile % kTiles)] : kNone;
  }

private:
  static constexpr int64_t kTiles = 64;
  using Page = std::array<T, kTiles>;
  std::vector<std::unique_ptr<Page>> pages;
};

} // namespace wafer

#endif // WAFER_LIB_ROUTE_TILEMAP_H
