// Long work on behalf of Python: without the interpreter's lock, and ended by Ctrl-C.
#ifndef WAFER_PYTHON_BINDINGS_FOLLOW_H
#define WAFER_PYTHON_BINDINGS_FOLLOW_H

#include "wafer-c/wafer.h"

#include <nanobind/nanobind.h>

#include <functional>

namespace wafer::python {

/// Throws what an error says, as a waferc.Error, and destroys it; does nothing without one.
void raise(WaferError *error);

/// Runs `work` in a thread of its own. The caller's thread, in which alone Python sees signals, wakes now and then: it
/// hands what is done to `progress(text, fraction or None)` if that is not None, and looks for signals. What either
/// raises ends the work, and is raised.
void follow(nanobind::object progress, const std::function<WaferError *(const WaferCallbacks *)> &work);

} // namespace wafer::python

#endif // WAFER_PYTHON_BINDINGS_FOLLOW_H
