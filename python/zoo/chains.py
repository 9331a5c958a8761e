"""Chains of any length: models to measure how compile time grows with the number of nodes."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def _model(nodes, weights, shape, name: str) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, shape)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def elementwise(count: int) -> onnx.ModelProto:
    """`count` nodes on f32[64, 64]; multiplications, additions, Relu and Tanh in turn, no two constants alike."""
    random = np.random.default_rng(0)
    nodes, weights, value = [], [], "x"
    for index in range(count):
        kind = ("Mul", "Add", "Relu", "Sub", "Tanh")[index % 5]
        inputs = [value]
        if kind in ("Mul", "Add", "Sub"):
            low, high = (0.8, 1.25) if kind == "Mul" else (-0.1, 0.1)
            constant = np.float32(random.uniform(low, high))
            weights.append(numpy_helper.from_array(np.asarray(constant), f"c{index}"))
            inputs.append(f"c{index}")
        value = f"v{index}"
        nodes.append(helper.make_node(kind, inputs, [value], name=f"node{index}"))
    return _model(nodes, weights, [64, 64], "elementwise")


def matmul(count: int) -> onnx.ModelProto:
    """`count` products of f32[16, 64] with weights of 64 x 64 that keep its length."""
    random = np.random.default_rng(0)
    nodes, weights, value = [], [], "x"
    for index in range(count):
        rotation, _ = np.linalg.qr(random.standard_normal((64, 64)))
        weights.append(numpy_helper.from_array(rotation.astype(np.float32), f"w{index}"))
        nodes.append(helper.make_node("MatMul", [value, f"w{index}"], [f"v{index}"], name=f"node{index}"))
        value = f"v{index}"
    return _model(nodes, weights, [16, 64], "matmul")
