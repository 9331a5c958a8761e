// Who runs, and for how long. SplitMerge.cpp parts contexts and joins them, Step.cpp executes an instruction.
#include "Contexts.h"

using namespace wafer;
using namespace wafer::emulator;

Contexts::Contexts(const VerifiedRegion &region, uint32_t width, uint32_t height, const ScalarCosts &costs,
                   std::span<const uint32_t> locations, ContextClient &client)
    : code(region.code.instructions), entry(region.code.entry), width(width), height(height), costs(costs),
      locations(locations), client(client), xs(Value::columns(width)), ys(Value::rows(height)) {}

void Contexts::start(uint64_t limit) {
  contexts.clear();
  auto &context = contexts.emplace_back(std::make_unique<Context>());
  context->set = {Indices::all(width), Indices::all(height)};
  context->pc = entry;
  stepLimit = limit;
  stop = progress = false;
  ticks = executed = splitCount = mergeCount = 0;
}

void Contexts::wake(Context &context) {
  context.state = Context::Ready;
  changed = true;
}

void Contexts::retry() {
  for (auto &context : contexts)
    if (context->state == Context::Stalled)
      wake(*context);
}

bool Contexts::run() {
  progress = false;
  while (!stop) {
    Context *first = pick();
    if (!first)
      break;
    if (mergeWith(*first))
      continue;
    for (Context *context : here)
      if (!stop)
        runWhileFirst(*context);
  }
  return progress;
}

//===- Who is first -------------------------------------------------------===//

/// By place in the program, outermost call first. Who is inside a call comes before what follows it.
static bool isBefore(const Context &a, const Context &b) {
  const unsigned depth = std::min(a.depth, b.depth);
  for (unsigned i = 0; i != depth; ++i)
    if (a.calls[i] != b.calls[i])
      return a.calls[i] < b.calls[i];
  if (a.depth == b.depth)
    return a.pc < b.pc;
  return a.depth > depth ? a.calls[depth] <= b.pc : a.pc < b.calls[depth];
}

Context *Contexts::pick() {
  Context *first = nullptr;
  for (auto &context : contexts)
    if (context->state == Context::Ready && (!first || isBefore(*context, *first)))
      first = context.get();
  return first;
}

/// The context is before `next` while its pc is below this, until it calls or returns.
uint32_t Contexts::fenceFor(const Context &context) const {
  constexpr uint32_t kAlways = ~0u;
  if (!next)
    return kAlways;
  const unsigned depth = std::min(context.depth, next->depth);
  for (unsigned i = 0; i != depth; ++i)
    if (context.calls[i] != next->calls[i])
      return context.calls[i] < next->calls[i] ? kAlways : 0;
  if (context.depth == next->depth)
    return next->pc;
  if (context.depth < next->depth)
    return next->calls[depth];
  return context.calls[depth] <= next->pc ? kAlways : 0;
}

/// Runs a context until it is no longer the first. Others at the same instruction, with which it makes no columns times
/// rows, do not hold it up: in step they would go one instruction at a time. They meet again where the next one is.
void Contexts::runWhileFirst(Context &context) {
  next = nullptr;
  for (auto &other : contexts)
    if (other->state == Context::Ready && isBefore(context, *other) && (!next || isBefore(*other, *next)))
      next = other.get();
  fence = fenceFor(context);
  changed = false;
  pes = context.set.size();
  while (step(context) && context.pc < fence && !changed)
    ;
}

void Contexts::remove(const Context &context) {
  std::erase_if(contexts, [&](const auto &other) { return other.get() == &context; });
  changed = true;
}
