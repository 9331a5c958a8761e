// Contexts part where their PEs go different ways, and join where these meet.
#include "Contexts.h"

#include <array>
#include <map>

using namespace wafer;
using namespace wafer::emulator;

//===- Split --------------------------------------------------------------===//

namespace {
using List = std::vector<uint16_t>;
}

/// Lines (rows, or columns) by what they have: those that have the same make one product.
template <typename Has>
static std::map<List, List> linesByContent(const Indices &lines, const Indices &across, Has has) {
  std::map<List, List> groups;
  for (uint16_t line : lines) {
    List content;
    for (uint16_t i : across)
      if (has(line, i))
        content.push_back(i);
    if (!content.empty())
      groups[std::move(content)].push_back(line);
  }
  return groups;
}

/// The PEs of a set where a condition is not 0 (or is), as disjoint products: rows that have the same columns together,
/// or columns that have the same rows, whichever makes fewer.
static std::vector<PeSet> productsWhere(const PeSet &set, const Value &condition, bool wanted) {
  auto isWanted = [&](uint16_t x, uint16_t y) { return (condition.at(x, y) != 0) == wanted; };
  const auto rows = linesByContent(set.rows, set.columns, [&](uint16_t y, uint16_t x) { return isWanted(x, y); });
  const auto columns = linesByContent(set.columns, set.rows, isWanted);
  const bool byRow = rows.size() <= columns.size();
  std::vector<PeSet> products;
  for (const auto &[content, lines] : byRow ? rows : columns) {
    const List &xs = byRow ? content : lines, &ys = byRow ? lines : content;
    products.push_back({Indices::of(xs, set.columns.extent()), Indices::of(ys, set.rows.extent())});
  }
  return products;
}

/// Where a condition that is not uniform is not 0, and where it is.
static std::array<std::vector<PeSet>, 2> partBy(const PeSet &set, const Value &condition) {
  if (condition.kind() == Value::ByPe)
    return {productsWhere(set, condition, true), productsWhere(set, condition, false)};
  const bool byColumn = condition.kind() == Value::ByColumn;
  const Indices &line = byColumn ? set.columns : set.rows;
  List lists[2];
  for (List &list : lists)
    list.reserve(line.size());
  const uint16_t *at = line.begin();
  each(set, condition, [&](uint32_t word) { lists[word == 0].push_back(*at++); });
  auto product = [&](List &list) {
    Indices part = Indices::of(std::move(list), line.extent());
    return std::vector<PeSet>{byColumn ? PeSet{std::move(part), set.rows} : PeSet{set.columns, std::move(part)}};
  };
  return {product(lists[0]), product(lists[1])};
}

/// Behind a branch that some PEs take; the context itself becomes one of the parts.
void Contexts::split(Context &context, const Value &taken, uint32_t target) {
  context.stale = ~0u;
  const uint32_t behind = context.pc;
  const Ticks before = context.pending;
  auto parts = partBy(context.set, taken);
  Context *part = nullptr;
  for (bool jump : {true, false})
    for (PeSet &set : parts[!jump]) {
      part = part ? contexts.emplace_back(std::make_unique<Context>(context)).get() : &context;
      part->set = std::move(set);
      part->pc = jump ? target : behind;
      part->pending = before + (jump ? costs.branch : costs.scalar);
      ++splitCount;
    }
  --splitCount; // one of the parts is no new one
  changed = true;
}

void Contexts::part(Context &context, const PeSet &some) {
  context.stale = ~0u;
  Context &part = *contexts.emplace_back(std::make_unique<Context>(context));
  part.set = some;
  context.set = context.set - some;
  ++splitCount;
  wake(part);
}

//===- Merge --------------------------------------------------------------===//

/// Finds what stands where a context stands, and joins it as far as it is columns times rows; true if any were joined.
bool Contexts::mergeWith(Context &context) {
  here.clear();
  for (auto &other : contexts)
    if (other->state == Context::Ready && other->pc == context.pc && other->sameCalls(context))
      here.push_back(other.get());
  bool any = false;
  for (bool again = here.size() > 1; again;) {
    again = false;
    for (size_t i = 0; i < here.size(); ++i)
      for (bool rows : {true, false}) {
        Context &into = *here[i];
        auto line = [&](const Context &c, bool which) -> const Indices & { return which ? c.set.rows : c.set.columns; };
        // All that have the same rows (or columns) as this one.
        auto beside = std::stable_partition(here.begin() + i + 1, here.end(),
                                            [&](Context *other) { return !(line(*other, rows) == line(into, rows)); });
        if (beside == here.end())
          continue;
        const std::vector<Context *> others(beside, here.end());
        here.erase(beside, here.end());
        Indices across = line(into, !rows);
        for (const Context *other : others)
          across = across | line(*other, !rows);
        mergeInto(into, others, rows ? PeSet{across, into.set.rows} : PeSet{into.set.columns, across});
        any = again = true;
      }
  }
  return any;
}

void Contexts::mergeInto(Context &into, std::span<Context *const> others, PeSet set) {
  std::vector<Context *> all{&into};
  all.insert(all.end(), others.begin(), others.end());
  auto agree = [&](auto field) {
    return std::all_of(others.begin(), others.end(), [&](Context *other) { return field(*other) == field(into); });
  };
  // Inside of calls they agree already: the call that they have in common is where they work.
  if (!agree([](const Context &c) { return c.location; }))
    for (Context *context : all)
      if (context->location != locations[into.pc]) {
        client.located(*context, locations[into.pc]);
        context->location = locations[into.pc];
      }
  if (!agree([](const Context &c) { return c.pending; }))
    for (Context *context : all)
      if (context->pending)
        client.settle(*context);
  std::vector<Value::Piece> pieces;
  auto join = [&](auto value) { // true if it differs
    Value &mine = value(into);
    if (std::all_of(others.begin(), others.end(), [&](Context *other) { return value(*other).identical(mine); }))
      return false;
    pieces.clear();
    for (Context *context : all)
      pieces.push_back({context->set, value(*context)});
    mine = Value::merged(pieces);
    return true;
  };
  auto joinRank = [&](auto rank) { return agree(rank) ? rank(into) : Context::kMixedRank; };
  for (unsigned r = 1; r != isa::kScalarRegisters; ++r)
    if (join([r](Context &c) -> Value & { return c.regs[r]; }))
      into.stale |= 1u << r;
  into.nestRank = joinRank([](const Context &c) { return c.nestRank; });
  for (int k = 0; k < into.nestRank; ++k)
    join([k](Context &c) -> Value & { return c.nest[k]; });
  for (unsigned d = 0; d != isa::kDescriptorRegisters; ++d) {
    auto &descriptor = into.descriptors[d];
    descriptor.rank = joinRank([d](const Context &c) { return c.descriptors[d].rank; });
    if (descriptor.rank <= 0)
      continue;
    join([d](Context &c) -> Value & { return c.descriptors[d].base; });
    for (int k = 0; k < descriptor.rank; ++k)
      join([d, k](Context &c) -> Value & { return c.descriptors[d].stride[k]; });
  }
  for (Context *other : others) {
    into.steps = std::max(into.steps, other->steps);
    remove(*other);
    ++mergeCount;
  }
  into.set = std::move(set);
}
