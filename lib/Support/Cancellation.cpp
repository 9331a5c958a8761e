#include "wafer/Support/Cancellation.h"

#include <utility>

using namespace wafer;

static thread_local CancellationScope *scopeOfThread = nullptr;

CancellationScope::CancellationScope(std::function<bool()> ask) : ask(std::move(ask)), join(this) {}
CancellationScope::~CancellationScope() = default;

CancellationScope *CancellationScope::current() { return scopeOfThread; }

CancellationScope::Join::Join(CancellationScope *scope) : before(std::exchange(scopeOfThread, scope)) {}
CancellationScope::Join::~Join() { scopeOfThread = before; }

bool wafer::isCancelled() {
  CancellationScope *scope = scopeOfThread;
  if (!scope || !scope->ask)
    return false;
  if (!scope->cancelled && scope->ask())
    scope->cancelled = true;
  return scope->cancelled;
}
