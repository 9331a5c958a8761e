#include "Indices.h"

#include <bit>
#include <numeric>

using namespace wafer::emulator;

Indices Indices::all(uint32_t extent) {
  std::vector<uint16_t> list(extent);
  std::iota(list.begin(), list.end(), uint16_t(0));
  return of(std::move(list), extent);
}

static uint64_t hashOf(const std::vector<uint64_t> &bits) {
  uint64_t hash = 0;
  for (uint64_t block : bits)
    hash = (std::rotl(hash, 29) ^ block) * 0x9e3779b97f4a7c15u;
  return hash;
}

Indices Indices::of(std::vector<uint16_t> ascending, uint32_t extent) {
  Node *node = new Node;
  node->extent = extent;
  node->bits.assign((extent + 63) / 64, 0);
  for (uint16_t i : ascending)
    node->bits[i / 64] |= uint64_t(1) << i % 64;
  node->list = std::move(ascending);
  node->hash = hashOf(node->bits);
  return Indices(node);
}

bool Indices::operator==(const Indices &other) const {
  if (node.get() == other.node.get())
    return true;
  if (!node || !other.node)
    return extent() == other.extent();
  return node->hash == other.node->hash && node->extent == other.node->extent && node->list == other.node->list;
}

bool Indices::meets(const Indices &other) const {
  if (empty() || other.empty())
    return false;
  for (size_t block = 0; block != node->bits.size(); ++block)
    if (node->bits[block] & other.node->bits[block])
      return true;
  return false;
}

/// f(bits, other bits) gives the bits of the result, 64 at a time.
template <typename F> Indices Indices::combined(const Indices &other, F f) const {
  if (node.get() == other.node.get() && node)
    return f(uint64_t(1), uint64_t(1)) ? *this : of({}, extent());
  Node *result = new Node;
  result->extent = node ? node->extent : other.extent();
  result->bits.resize((result->extent + 63) / 64);
  for (size_t block = 0; block != result->bits.size(); ++block) {
    uint64_t bits = f(node ? node->bits[block] : 0, other.node ? other.node->bits[block] : 0);
    result->bits[block] = bits;
    for (; bits; bits &= bits - 1)
      result->list.push_back(static_cast<uint16_t>(block * 64 + std::countr_zero(bits)));
  }
  result->hash = hashOf(result->bits);
  return Indices(result);
}

Indices Indices::operator|(const Indices &other) const {
  return combined(other, [](uint64_t a, uint64_t b) { return a | b; });
}
Indices Indices::operator&(const Indices &other) const {
  if (other.isAll() && node)
    return *this;
  if (isAll() && other.node)
    return other;
  return combined(other, [](uint64_t a, uint64_t b) { return a & b; });
}
Indices Indices::operator-(const Indices &other) const {
  return combined(other, [](uint64_t a, uint64_t b) { return a & ~b; });
}
