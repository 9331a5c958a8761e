"""Cases of operators.py: shape."""

import numpy as np

from .case import case, chain, node, values

case("shape", "2 dimensions", "Transpose", [values(7, 13)])
case("shape", "heads", "Transpose", [values(1, 16, 4, 8)], perm=[0, 2, 1, 3])
case("shape", "channels last", "Transpose", [values(2, 3, 5, 7)], perm=[0, 2, 3, 1])
case("shape", "split", "Reshape", [values(6, 20)], {"s": np.array([6, 4, 5])})
case("shape", "merge", "Reshape", [values(6, 4, 5)], {"s": np.array([-1, 5])})
case("shape", "across rows", "Reshape", [values(6, 10)], {"s": np.array([4, 15])})
case("shape", "0 copies", "Reshape", [values(6, 10)], {"s": np.array([0, 2, -1])})
case("shape", "images", "Flatten", [values(2, 3, 4, 5)], axis=1)
case("shape", "one", "Squeeze", [values(1, 7, 1)], {"a": np.array([0])})
case("shape", "two", "Unsqueeze", [values(7)], {"a": np.array([0, 2])})
case("shape", "first axis", "Concat", [values(2, 5), values(4, 5, seed=1)], axis=0)
case("shape", "last axis", "Concat", [values(3, 2), values(3, 5, seed=1), values(3, 1, seed=2)], axis=1)
case("shape", "with a weight", "Concat", [values(2, 5)], {"w": values(4, 5, seed=1)}, axis=0)
case("shape", "equal parts", "Split", [values(4, 12)], outputs=3, opset=20, axis=1, num_outputs=3)
case("shape", "given parts", "Split", [values(4, 12)], {"s": np.array([2, 7, 3])}, outputs=3, axis=1)
BOUNDS = {"b": np.array([1, 2]), "e": np.array([6, 11]), "a": np.array([0, 1])}
case("shape", "a window", "Slice", [values(7, 13)], BOUNDS)
case("shape", "steps", "Slice", [values(7, 13)], {**BOUNDS, "s": np.array([2, 3])})
case(
    "shape",
    "backwards",
    "Slice",
    [values(7, 13)],
    {"b": np.array([-1]), "e": np.array([-100]), "a": np.array([1]), "s": np.array([-1])},
)
case("shape", "zeros around", "Pad", [values(3, 4)], {"p": np.array([1, 0, 2, 3])})
case("shape", "a value", "Pad", [values(3, 4)], {"p": np.array([0, 1, 0, 1]), "v": np.float32(7)})
# Each part of the result reads another part of the input, which must not come in as its first reader wants it.
for _mode in ("edge", "reflect", "wrap"):
    case("shape", _mode, "Pad", [values(3, 4)], {"p": np.array([2, 1, 1, 3])}, mode=_mode)
case("shape", "negative", "Pad", [values(5, 6)], {"p": np.array([-1, 0, 0, -2])})
case("shape", "two by three", "Tile", [values(3, 4)], {"r": np.array([2, 3])})
case("shape", "blocks of 2", "DepthToSpace", [values(1, 8, 3, 4)], blocksize=2)
case("shape", "blocks of 2", "SpaceToDepth", [values(1, 2, 6, 4)], blocksize=2)

case("shape", "of an input that is not read", "Shape", [values(3, 4)])
case("shape", "nothing", "Slice", [values(3, 4)], {"b": np.array([2]), "e": np.array([1])})
chain(
    "shape",
    "Concat: a part without elements",
    [node("Slice", ["x", "b", "b"], ["none"]), node("Concat", ["none", "x"], ["y"], axis=0)],
    {"x": values(3, 4)},
    {"b": np.array([1])},
)
chain(
    "reduction",
    "ReduceSum: over no elements",
    [node("Slice", ["x", "b", "b"], ["none"]), node("ReduceSum", ["none", "a"], ["y"])],
    {"x": values(3, 4)},
    {"b": np.array([1]), "a": np.array([0])},
)
chain(
    "select",
    "Mul: a value that is no input's",
    [node("Mul", ["x", "zeros"], ["z"]), node("Exp", ["zeros"], ["e"]), node("Add", ["z", "e"], ["y"])],
    {"x": values(3, 4)},
    {"zeros": np.zeros((3, 4), np.float32)},
)
