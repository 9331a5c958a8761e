"""What a type checker knows of the package; checked, not run. An ignored error that is none is an error."""

import os
from typing import Any, assert_type

import numpy as np
import waferc

program = waferc.compile("m.onnx", mesh=(16, 16), dims={"n": 1}, constants={"k": np.int64(3)}, seed=1)
assert_type(program, waferc.Program)
assert_type(program.to_bytes(), bytes)
program.save(os.path.join("a", "m.wafer"))

session = waferc.InferenceSession(program)
assert_type(session.run(None, {"x": np.zeros(3)}), list[np.ndarray[tuple[Any, ...], np.dtype[Any]]])
assert_type([value.name for value in session.get_inputs()], list[str])
assert_type(session.stats(), dict[str, Any])

try:
    waferc.compile(b"")
except waferc.Error as error:
    assert_type(error.code, str)
    assert_type(error.hint, str)

waferc.compile(3.5)  # an onnx.ModelProto has no base class to ask for
waferc.compile("m.onnx", mesh=16)  # type: ignore[arg-type]
session.run(None, 3)  # type: ignore[arg-type]
program.save(3)  # type: ignore[arg-type]
waferc.Program.open()  # type: ignore[call-arg]
program.report.save("m.html")
assert_type(program.report["mesh"], Any)
session.run(None, {}, trace="run.pftrace", trace_pes=(0, 0, 2, 1))
session.run(None, {}, trace="run.pftrace", trace_pes="0,0,2x1")  # type: ignore[arg-type]
