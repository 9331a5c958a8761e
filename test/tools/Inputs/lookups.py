"""Writes lookup.onnx, rows of a table by index, and remainder.onnx, with inputs in and out of range, into a folder."""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])


def save(name, node, inputs, output, weights=()):
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*output)],
        list(weights),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, folder / f"{name}.onnx")


table = numpy_helper.from_array(np.arange(20, dtype=np.float32).reshape(5, 4), "table")
lookup = helper.make_node("Gather", ["table", "i"], ["y"], name="embedding")
save("lookup", lookup, [("i", TensorProto.INT64, [3])], ("y", TensorProto.FLOAT, [3, 4]), [table])
for name, index in (("inside", -5), ("above", 5), ("below", -6), ("beyond", 1 << 31)):
    np.save(folder / f"{name}.npy", np.array([0, index, 4], np.int64))

inputs = [("x", TensorProto.INT32, [3]), ("d", TensorProto.INT32, [3])]
save(
    "remainder", helper.make_node("Mod", ["x", "d"], ["y"], name="mod"), inputs, ("y", TensorProto.INT32, [3])
)
np.save(folder / "numbers.npy", np.array([7, 8, 9], np.int32))
np.save(folder / "divisors.npy", np.array([2, 0, 4], np.int32))
