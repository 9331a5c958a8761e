// Containers of the emulator's state.
#ifndef WAFER_LIB_EMULATOR_CONTAINERS_H
#define WAFER_LIB_EMULATOR_CONTAINERS_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace wafer::emulator {

template <typename T> void release(T *unused) { delete unused; }

/// A single-threaded reference count inside the object. `release` says what becomes of it at the end.
template <typename T> class Ref {
public:
  Ref() = default;
  Ref(T *p) : p(p) { grab(); }
  Ref(const Ref &o) : p(o.p) { grab(); }
  Ref(Ref &&o) noexcept : p(o.p) { o.p = nullptr; }
  Ref &operator=(Ref o) noexcept {
    std::swap(p, o.p);
    return *this;
  }
  ~Ref() {
    if (p && --p->references == 0)
      release(p);
  }
  T *operator->() const { return p; }
  T &operator*() const { return *p; }
  T *get() const { return p; }
  explicit operator bool() const { return p; }

private:
  void grab() {
    if (p)
      ++p->references;
  }
  T *p = nullptr;
};

/// A queue whose first item needs no memory of its own: there are as many as PEs and colors, and most hold one. It does
/// not move.
template <typename T> class Fifo {
public:
  Fifo() = default;
  Fifo(const Fifo &) = delete;
  ~Fifo() {
    clear();
    if (items != own())
      std::free(items);
  }
  bool empty() const { return first == last; }
  size_t size() const { return last - first; }
  T &operator[](size_t i) { return items[first + i]; }
  const T &operator[](size_t i) const { return items[first + i]; }
  T &front() { return items[first]; }
  const T &front() const { return items[first]; }
  T *begin() { return items + first; }
  T *end() { return items + last; }
  const T *begin() const { return items + first; }
  const T *end() const { return items + last; }
  void push(T item) {
    if (last == room)
      makeRoom();
    new (items + last) T(std::move(item));
    ++last;
  }
  void pop(size_t count = 1) {
    for (size_t i = 0; i != count; ++i)
      items[first++].~T();
    if (first == last)
      first = last = 0;
  }
  /// Keeps its memory.
  void clear() { pop(size()); }

private:
  T *own() { return reinterpret_cast<T *>(storage); }

  /// To the front if that half is free, else to a larger place.
  void makeRoom() {
    T *to = items;
    if (first < (room + 1) / 2) {
      room *= 2;
      if (!(to = static_cast<T *>(std::malloc(room * sizeof(T)))))
        throw std::bad_alloc();
    }
    const uint32_t count = last - first;
    for (uint32_t i = 0; i != count; ++i) {
      new (to + i) T(std::move(items[first + i]));
      items[first + i].~T();
    }
    if (to != items && items != own())
      std::free(items);
    items = to, first = 0, last = count;
  }

  T *items = own();
  uint32_t first = 0, last = 0, room = 1;
  alignas(T) std::byte storage[sizeof(T)];
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CONTAINERS_H
