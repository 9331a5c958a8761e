"""Writes model.onnx, y = x + x, and tensor files for it, right and wrong, into a folder."""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

folder = pathlib.Path(sys.argv[1])
graph = helper.make_graph(
    [helper.make_node("Add", ["x", "x"], ["y"], name="twice")],
    "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 5])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, 5])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
onnx.save(model, folder / "model.onnx")
good = np.zeros((3, 5), np.float32)
special = good.copy()
special[0] = [np.nan, np.inf, -np.inf, 2.5, -0.0]
np.save(folder / "good.npy", good)
np.save(folder / "special.npy", special)
np.save(folder / "double.npy", good.astype(np.float64))
np.save(folder / "turned.npy", good.T.copy())
np.save(folder / "fortran.npy", np.asfortranarray(good))
np.save(folder / "objects.npy", np.array([1, "a", None], dtype=object), allow_pickle=True)
