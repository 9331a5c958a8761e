// Contexts part where their PEs go different ways, and join where these meet.
#include "Contexts.h"

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
  auto some = [&](const Indices &line, auto has) {
    List list;
    std::copy_if(line.begin(), line.end(), std::back_inserter(list), has);
    return Indices::of(std::move(list), line.extent());
  };
  std::vector<PeSet> products;
  if (condition.kind() == Value::ByColumn) {
    products.push_back({some(set.columns, [&](uint16_t x) { return isWanted(x, 0); }), set.rows});
    return products;
  }
  if (condition.kind() == Value::ByRow) {
    products.push_back({set.columns, some(set.rows, [&](uint16_t y) { return isWanted(0, y); })});
    return products;
  }
  const auto rows = linesByContent(set.rows, set.columns, [&](uint16_t y, uint16_t x) { return isWanted(x, y); });
  const auto columns = linesByContent(set.columns, set.rows, isWanted);
  const bool byRow = rows.size() <= columns.size();
  for (const auto &[content, lines] : byRow ? rows : columns) {
    const List &xs = byRow ? content : lines, &ys = byRow ? lines : content;
    products.push_back({Indices::of(xs, set.columns.extent()), Indices::of(ys, set.rows.extent())});
  }
  return products;
}

/// Behind a branch that some PEs take; the context itself becomes one of the parts.
void Contexts::split(Context &context, const Value &taken, uint32_t target) {
  context.stale = ~0u;
  const PeSet whole = context.set;
  const uint32_t behind = context.pc;
  const Ticks before = context.pending;
  Context *part = nullptr;
  for (bool jump : {true, false})
    for (PeSet &set : productsWhere(whole, taken, jump)) {
      part = part ? contexts.emplace_back(std::make_unique<Context>(context)).get() : &context;
      part->set = std::move(set);
      part->pc = jump ? target : behind;
      part->pending = before + (jump ? costs.branch : costs.scalar);
      ++splitCount;
    }
  --splitCount; // one of the parts is no new one
  changed = true;
}

//===- Merge --------------------------------------------------------------===//

/// Joins what stands where the context stands, as far as it is columns times rows; true if any were joined.
bool Contexts::mergeWith(Context &context) {
  std::vector<Context *> here;
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
  for (Context *other : others)
    into.stale |= other->stale;
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
