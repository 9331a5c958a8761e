"""Writes a model with two nodes that waferc does not support, and two that it does."""

import sys

import onnx
from onnx import TensorProto, helper

nodes = [
    helper.make_node("Relu", ["x"], ["a"], name="fine"),
    helper.make_node("RandomNormalLike", ["a"], ["b"], name="the first"),
    helper.make_node("Multinomial", ["x"], ["y"], name="the second"),
    helper.make_node("Abs", ["b"], ["z"], name="fine too"),
]
graph = helper.make_graph(
    nodes,
    "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 4])],
    [
        helper.make_tensor_value_info("y", TensorProto.INT32, [4, 1]),
        helper.make_tensor_value_info("z", TensorProto.FLOAT, [4, 4]),
    ],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), sys.argv[1])
