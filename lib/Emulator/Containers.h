// Containers of the emulator's state.
#ifndef WAFER_LIB_EMULATOR_CONTAINERS_H
#define WAFER_LIB_EMULATOR_CONTAINERS_H

#include <cstddef>
#include <utility>
#include <vector>

namespace wafer::emulator {

/// A single-threaded reference count inside the object.
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
      delete p;
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

/// A queue that costs nothing while it is empty: there are as many as PEs and colors.
template <typename T> class Fifo {
public:
  bool empty() const { return head == items.size(); }
  size_t size() const { return items.size() - head; }
  T &operator[](size_t i) { return items[head + i]; }
  const T &operator[](size_t i) const { return items[head + i]; }
  T &front() { return items[head]; }
  const T &front() const { return items[head]; }
  auto begin() { return items.begin() + head; }
  auto end() { return items.end(); }
  auto begin() const { return items.begin() + head; }
  auto end() const { return items.end(); }
  void push(T item) {
    if (head > 16 && head * 2 > items.size())
      compact();
    items.push_back(std::move(item));
  }
  void pop(size_t count = 1) {
    for (size_t i = 0; i != count; ++i)
      items[head + i] = T();
    head += count;
    if (head == items.size())
      compact();
  }

private:
  void compact() {
    items.erase(items.begin(), items.begin() + head);
    head = 0;
  }
  std::vector<T> items;
  size_t head = 0;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CONTAINERS_H
