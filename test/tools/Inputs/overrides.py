"""Writes models and tensors for the options that pin inputs down, into the folder that is given.

unused.onnx   y = x + x, with inputs that nothing reads: a mask, words, a tensor of open shape
constant.onnx y = x + c, with c of shape [n, 2]
empty.onnx    y = Concat(x, c), with c of shape [n, 3]
nothing.onnx  y = x * w of shape [1, 0, 2], z = x + x of shape [1, 0, 3]
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

folder = pathlib.Path(sys.argv[1])


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def write(name, nodes, inputs, outputs):
    graph = helper.make_graph(nodes, "g", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, folder / f"{name}.onnx")


write(
    "unused",
    [helper.make_node("Add", ["x", "x"], ["y"])],
    [
        value("x", TensorProto.FLOAT, [2]),
        value("mask", TensorProto.FLOAT, [2]),
        value("words", TensorProto.STRING, [2]),
        value("open", TensorProto.FLOAT, ["batch"]),
    ],
    [value("y", TensorProto.FLOAT, [2])],
)
write(
    "constant",
    [helper.make_node("Add", ["x", "c"], ["y"])],
    [value("x", TensorProto.FLOAT, [1, 2]), value("c", TensorProto.FLOAT, ["n", 2])],
    [value("y", TensorProto.FLOAT, ["n", 2])],
)
write(
    "empty",
    [helper.make_node("Concat", ["x", "c"], ["y"], axis=0)],
    [value("x", TensorProto.FLOAT, ["m", 3]), value("c", TensorProto.FLOAT, ["n", 3])],
    [value("y", TensorProto.FLOAT, [None, 3])],
)
write(
    "nothing",
    [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Add", ["x", "x"], ["z"])],
    [value("x", TensorProto.FLOAT, [1, 0, 3]), value("w", TensorProto.FLOAT, [3, 2])],
    [value("y", TensorProto.FLOAT, [1, 0, 2]), value("z", TensorProto.FLOAT, [1, 0, 3])],
)
np.save(folder / "x103.npy", np.zeros((1, 0, 3), np.float32))
np.save(folder / "w32.npy", np.ones((3, 2), np.float32))
np.save(folder / "x2.npy", np.array([1, 2], np.float32))
np.save(folder / "x12.npy", np.array([[1, 2]], np.float32))
np.save(folder / "words.npy", np.array(["a", "b"]))
np.save(folder / "c.npy", np.array([[10, 20], [30, 40]], np.float32))
np.save(folder / "c64.npy", np.array([[10, 20]], np.float64))
np.save(folder / "c3.npy", np.array([[10, 20, 30]], np.float32))
np.save(folder / "none.npy", np.zeros((0, 3), np.float32))
np.save(folder / "one.npy", np.array([[1, 2, 3]], np.float32))
