// Ending long work early. Whoever starts it says in a scope how to ask whether it is still wanted; loops that take long
// ask, and end with a failure like any other. A scope holds for the thread that opened it, and for threads that join
// it.
#ifndef WAFER_SUPPORT_CANCELLATION_H
#define WAFER_SUPPORT_CANCELLATION_H

#include <atomic>
#include <functional>

namespace wafer {

class CancellationScope {
public:
  /// `ask` is called from every thread of the work. Without it nothing is cancelled.
  explicit CancellationScope(std::function<bool()> ask);
  ~CancellationScope();
  CancellationScope(const CancellationScope &) = delete;
  CancellationScope &operator=(const CancellationScope &) = delete;

  /// The scope of this thread; null if there is none.
  static CancellationScope *current();

  /// Lets a thread take part in the scope of another one, while this lives.
  class Join {
  public:
    explicit Join(CancellationScope *scope);
    ~Join();
    Join(const Join &) = delete;
    Join &operator=(const Join &) = delete;

  private:
    CancellationScope *before;
  };

private:
  friend bool isCancelled();
  std::function<bool()> ask;
  std::atomic<bool> cancelled = false; // what was once said stays
  Join join;
};

/// Whether the work of this thread is no longer wanted.
bool isCancelled();

} // namespace wafer

#endif // WAFER_SUPPORT_CANCELLATION_H
