// A process that embeds the compiler may copy itself, Python's multiprocessing for instance, while other threads
// compile. The copy has the forking thread only: a mutex that another one held would stay locked in it for ever.
#ifndef WAFER_SUPPORT_FORKSAFEMUTEX_H
#define WAFER_SUPPORT_FORKSAFEMUTEX_H

#include <mutex>

#if defined(__unix__)
#include <pthread.h>
#endif

namespace wafer {

/// The mutex of something that there is once in the process, named by a type: who forks holds it meanwhile, so that the
/// copy finds it open and what it guards whole. Nothing else may be locked, and nobody may fork, under it.
template <typename Guarded> class ForkSafeMutex {
public:
  static std::mutex &get() {
#if defined(__unix__)
    static_cast<void>(registered); // when the program is loaded, before there are threads
#endif
    return mutex;
  }

private:
  static inline std::mutex mutex;
#if defined(__unix__)
  static inline const int registered =
      pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); }, [] { mutex.unlock(); });
#endif
};

} // namespace wafer

#endif // WAFER_SUPPORT_FORKSAFEMUTEX_H
