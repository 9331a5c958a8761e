#include "Indices.h"

#include "PerThread.h"

#include <bit>
#include <numeric>

using namespace wafer::emulator;

namespace wafer::emulator {
struct Indices::Pool {
  std::vector<Node *> nodes;
  ~Pool() {
    for (Node *node : nodes)
      delete node;
  }
};
} // namespace wafer::emulator

Indices::Node *Indices::newNode(uint32_t extent) {
  Pool *pool = perThread<Pool>();
  Node *node;
  if (!pool || pool->nodes.empty()) {
    node = new Node;
  } else {
    node = pool->nodes.back();
    pool->nodes.pop_back();
    node->list.clear();
  }
  node->extent = extent;
  return node;
}

void Indices::free(Node *node) {
  if (Pool *pool = perThread<Pool>())
    pool->nodes.push_back(node);
  else
    delete node;
}

Indices Indices::all(uint32_t extent) {
  Node *node = newNode(extent);
  node->list.resize(extent);
  std::iota(node->list.begin(), node->list.end(), uint16_t(0));
  node->index();
  return Indices(node);
}

static uint64_t hashOf(const std::vector<uint64_t> &bits) {
  uint64_t hash = 0;
  for (uint64_t block : bits)
    hash = (std::rotl(hash, 29) ^ block) * 0x9e3779b97f4a7c15u;
  return hash;
}

void Indices::Node::index() {
  bits.assign((extent + 63) / 64, 0);
  for (uint16_t i : list)
    bits[i / 64] |= uint64_t(1) << i % 64;
  hash = hashOf(bits);
}

Indices Indices::of(std::span<const uint16_t> ascending, uint32_t extent) {
  Node *node = newNode(extent);
  node->list.assign(ascending.begin(), ascending.end());
  node->index();
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
    return f(uint64_t(1), uint64_t(1)) ? *this : of(std::span<const uint16_t>(), extent());
  Node *result = newNode(node ? node->extent : other.extent());
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
  if (!empty() && !other.empty()) {
    if (other.isAll())
      return *this;
    if (isAll())
      return other;
  }
  return combined(other, [](uint64_t a, uint64_t b) { return a & b; });
}
Indices Indices::operator-(const Indices &other) const {
  return combined(other, [](uint64_t a, uint64_t b) { return a & ~b; });
}
