"""Writes the model of compile.test: a symbolic dimension, a big weight, an If on an input, awkward names."""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


def branch(op):
    node = helper.make_node(op, ["h"], ["z"], name='act {"a": 1}')
    return helper.make_graph([node], op, [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)])


weight = numpy_helper.from_array(np.arange(2048, dtype=np.float32).reshape(4, 512), "big/weight:0")
limit = numpy_helper.from_array(np.array(8000, np.int64), "limit")
nodes = [
    helper.make_node("MatMul", ["x", "big/weight:0"], ["h"], name="mm"),
    helper.make_node("Greater", ["rate", "limit"], ["fast"], name="compare"),
    helper.make_node(
        "If", ["fast"], ["y"], name="choose", then_branch=branch("Tanh"), else_branch=branch("Exp")
    ),
]
graph = helper.make_graph(
    nodes,
    "g",
    [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4]),
        helper.make_tensor_value_info("rate", TensorProto.INT64, []),
    ],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 512])],
    [weight, limit],
)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), sys.argv[1])
