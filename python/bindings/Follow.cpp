#include "Follow.h"

#include <nanobind/stl/string.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace nb = nanobind;
using namespace wafer::python;

void wafer::python::raise(WaferError *error) {
  if (!error)
    return;
  std::string json = waferErrorJson(error);
  waferErrorDestroy(error);
  nb::object exception = nb::module_::import_("waferc.errors").attr("error_of")(json);
  PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(exception.ptr())), exception.ptr());
  throw nb::python_error();
}

namespace {

struct Followed {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<std::string, double>> told; // since the last look
  bool done = false;
  std::atomic<bool> cancelled = false;
  WaferError *error = nullptr;
};

void tell(void *user, const char *text, double fraction) {
  auto &followed = *static_cast<Followed *>(user);
  std::lock_guard lock(followed.mutex);
  // Of fractions only the last one matters.
  if (!followed.told.empty() && fraction >= 0 && followed.told.back().second >= 0)
    followed.told.pop_back();
  followed.told.emplace_back(text, fraction);
}

int isCancelled(void *user) { return static_cast<Followed *>(user)->cancelled; }

} // namespace

void wafer::python::follow(nb::object progress, const std::function<WaferError *(const WaferCallbacks *)> &work) {
  Followed followed;
  const bool wantsProgress = !progress.is_none();
  WaferCallbacks callbacks{&followed, wantsProgress ? tell : nullptr, isCancelled};
  bool raised = false;
  std::thread thread([&] {
    WaferError *error = work(&callbacks);
    std::lock_guard lock(followed.mutex);
    followed.error = error;
    followed.done = true;
    followed.changed.notify_all();
  });
  for (bool done = false; !done;) {
    std::vector<std::pair<std::string, double>> told;
    {
      nb::gil_scoped_release release;
      std::unique_lock lock(followed.mutex);
      followed.changed.wait_for(lock, std::chrono::milliseconds(50), [&] { return followed.done; });
      done = followed.done;
      told.swap(followed.told);
    }
    if (raised)
      continue;
    raised = PyErr_CheckSignals() != 0;
    for (const auto &[text, fraction] : told) {
      if (raised)
        break;
      PyObject *result = fraction < 0 ? PyObject_CallFunction(progress.ptr(), "sO", text.c_str(), Py_None)
                                      : PyObject_CallFunction(progress.ptr(), "sd", text.c_str(), fraction);
      raised = result == nullptr;
      Py_XDECREF(result);
    }
    followed.cancelled = raised;
  }
  {
    nb::gil_scoped_release release;
    thread.join();
  }
  if (raised) {
    waferErrorDestroy(followed.error);
    throw nb::python_error();
  }
  raise(followed.error);
}
