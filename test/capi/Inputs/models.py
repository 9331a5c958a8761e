"""Writes relu.onnx, tile.onnx, whose second input decides the shape, and refused.onnx with two nodes that have no
lowering, into a folder."""

import pathlib
import sys

import onnx
from onnx import TensorProto, helper

folder = pathlib.Path(sys.argv[1])


def save(name, nodes, inputs, outputs):
    graph = helper.make_graph(nodes, "g", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, folder / name)


info = helper.make_tensor_value_info
x, y = info("x", TensorProto.FLOAT, [3, 5]), info("y", TensorProto.FLOAT, [3, 5])
save("relu.onnx", [helper.make_node("Relu", ["x"], ["y"], name="relu")], [x], [y])
x, y = info("x", TensorProto.FLOAT, [2, 2]), info("y", TensorProto.FLOAT, None)
repeats = info("repeats", TensorProto.INT64, [2])
save("tile.onnx", [helper.make_node("Tile", ["x", "repeats"], ["y"], name="tile")], [x, repeats], [y])
x, y = info("x", TensorProto.FLOAT, [3, 5]), info("y", TensorProto.FLOAT, [3, 5])
noise = helper.make_node("RandomNormalLike", ["x"], ["a"], name="noise")
more = helper.make_node("RandomNormalLike", ["b"], ["y"], name="more noise")
save("refused.onnx", [noise, helper.make_node("Relu", ["a"], ["b"], name="relu"), more], [x], [y])
