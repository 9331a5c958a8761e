// What a thread keeps for its own use: memory that was given back, to be taken again.
#ifndef WAFER_LIB_EMULATOR_CLASSES_PERTHREAD_H
#define WAFER_LIB_EMULATOR_CLASSES_PERTHREAD_H

namespace wafer::emulator {

/// The thread's own T, made when it is first asked for. Null once the thread is ending and it is gone: an emulator may
/// outlive it, one that is freed when the process ends, say.
template <typename T> T *perThread() {
  static thread_local bool gone = false;
  struct Holder {
    T value;
    ~Holder() { gone = true; }
  };
  if (gone)
    return nullptr;
  static thread_local Holder holder;
  return &holder.value;
}

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_PERTHREAD_H
