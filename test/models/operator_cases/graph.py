"""Cases of operators.py: graph."""

import numpy as np

from .case import chain, node, values
from .elementwise import X

chain("graph", "an input used twice", [node("Mul", ["x", "x"], ["y"])], {"x": X})
chain(
    "graph",
    "a residual",
    [node("MatMul", ["x", "w"], ["a"]), node("Relu", ["a"], ["b"]), node("Add", ["b", "x"], ["y"])],
    {"x": values(6, 24)},
    {"w": values(24, 24, seed=1)},
)
chain(
    "graph",
    "two outputs, one of them inside",
    [node("Relu", ["x"], ["a"]), node("Split", ["a"], ["y", "z"], axis=0, num_outputs=2)],
    {"x": values(6, 5)},
)
chain(
    "graph",
    "a weight used twice",
    [node("MatMul", ["x", "w"], ["a"]), node("Tanh", ["a"], ["b"]), node("MatMul", ["b", "w"], ["y"])],
    {"x": values(6, 24)},
    {"w": values(24, 24, seed=1)},
)
chain(
    "graph",
    "a multilayer perceptron",
    [
        node("Gemm", ["x", "w1", "b1"], ["a"]),
        node("Relu", ["a"], ["b"]),
        node("Gemm", ["b", "w2", "b2"], ["c"]),
        node("Softmax", ["c"], ["y"]),
    ],
    {"x": values(1, 40)},
    {
        "w1": values(40, 64, seed=1),
        "b1": values(64, seed=2),
        "w2": values(64, 10, seed=3),
        "b2": values(10, seed=4),
    },
)
chain(
    "graph",
    "squeeze and excite",
    [
        node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        node("GlobalAveragePool", ["a"], ["b"]),
        node("Conv", ["b", "v"], ["c"]),
        node("HardSigmoid", ["c"], ["d"]),
        node("Mul", ["a", "d"], ["y"]),
    ],
    {"x": values(1, 3, 10, 12)},
    {"w": values(8, 3, 3, 3, seed=1), "v": values(8, 8, 1, 1, seed=2)},
)
chain(
    "graph",
    "shape arithmetic",
    [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"], axis=0),
        node("Unsqueeze", ["n", "axis"], ["n1"]),
        node("Concat", ["n1", "minus"], ["t"], axis=0),
        node("Reshape", ["x", "t"], ["y"]),
    ],
    {"x": values(4, 3, 5)},
    {"zero": np.int64(0), "axis": np.array([0]), "minus": np.array([-1])},
)
