"""waferc: compile ONNX models for a wafer-scale machine, and run them on its emulator.

    program = waferc.compile("model.onnx", mesh="16x16")
    session = waferc.InferenceSession(program)
    (y,) = session.run(None, {"x": x})
    session.stats()["cycles"]

What only a run knows, as open dimensions, InferenceSession("model.onnx") compiles for at the first run.
"""

from ._core import version as _version
from .errors import Error, explain
from .program import Program, compile, compile_options
from .session import InferenceSession, TensorInfo

__version__ = _version()
__all__ = ["Error", "InferenceSession", "Program", "TensorInfo", "compile", "compile_options", "explain"]
