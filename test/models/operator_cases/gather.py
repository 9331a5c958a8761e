"""Cases of operators.py: gather, scatter, sort, select."""

import numpy as np

from .case import BOOL, F32, I32, case, chain, integers, node, values
from .elementwise import X

# gather
TABLE = values(50, 12)
case(
    "gather",
    "an embedding",
    "Gather",
    [integers(1, 9, low=0, high=50, dtype=np.int64)],
    {"t": TABLE},
    operands=["t", "x0"],
)
case("gather", "int32 indices", "Gather", [integers(6, low=0, high=50)], {"t": TABLE}, operands=["t", "x0"])
case("gather", "one index", "Gather", [np.int64(7)], {"t": TABLE}, operands=["t", "x0"])
case("gather", "a table at run time", "Gather", [TABLE, integers(2, 3, low=0, high=50, dtype=np.int64)])
case("gather", "constant indices", "Gather", [TABLE], {"i": np.array([3, 3, 49, 0])})
case("gather", "constant indices of columns", "Gather", [TABLE], {"i": np.array([11, 0, 5])}, axis=1)

MANY = values(2, 3, 4, 3, 2, 5)
case(
    "gather",
    "of many dimensions",
    "GatherElements",
    [MANY, integers(2, 3, 2, 3, 2, 5, low=-4, high=4, dtype=np.int64)],
    axis=2,
)
case(
    "gather",
    "one of each row, of some rows",
    "GatherElements",
    [MANY, integers(1, 2, 1, 2, 2, 3, low=0, high=4, dtype=np.int64)],
    axis=2,
)
case("gather", "one element", "GatherElements", [values(5), np.array([-2])])
chain(
    "gather",
    "dimensions that go together",
    [
        node("Exp", ["x"], ["e"]),
        node("ReduceSum", ["e", "last"], ["s"], keepdims=0),
        node("Slice", ["s", "from", "to", "first"], ["half"]),
        node("Concat", ["half", "s"], ["both"], axis=0),
        node("Gather", ["both", "rows"], ["some"], axis=0),
        node("Transpose", ["some"], ["turned"], perm=[1, 2, 3, 4, 0]),
        node("Reshape", ["turned", "shape"], ["y"]),
        node("Mul", ["e", "e"], ["z"]),
    ],
    {"x": values(4, 2, 3, 2, 3, 5), "rows": np.array([0, 5, 2])},
    {
        "last": np.array([5]),
        "from": np.array([1]),
        "to": np.array([3]),
        "first": np.array([0]),
        "shape": np.array([6, 6, 3]),
    },
)

case("gather", "sequences", "ReverseSequence", [values(5, 3, 4), np.array([2, 5, 1])])
case(
    "gather", "a batch", "ReverseSequence", [values(3, 5, 4), np.array([2, 5, 1])], batch_axis=0, time_axis=1
)
KEPT = np.array([True, False, True, True])
chain(
    "gather",
    "TfIdfVectorizer: n-grams",
    [
        node(
            "TfIdfVectorizer",
            ["x"],
            ["y"],
            mode="TFIDF",
            min_gram_length=1,
            max_gram_length=2,
            max_skip_count=2,
            ngram_counts=[0, 3],
            ngram_indexes=[4, 0, 2, 1, 5],
            pool_int64s=[0, 1, 3, 1, 2, 3, 3],
            weights=[0.5, 2.0, 1.5, 3.0, 1.0],
        )
    ],
    {"x": integers(2, 12, low=0, high=4)},
)
case(
    "gather",
    "columns",
    "ArrayFeatureExtractor",
    [values(3, 4)],
    {"i": np.array([[3, 0]])},
    opset=17,
    domain="ai.onnx.ml",
)
case("elementwise", "a threshold", "Binarizer", [X], opset=17, domain="ai.onnx.ml", threshold=0.5)
case("gather", "columns", "Compress", [values(3, 4)], {"c": KEPT}, axis=1)
case("gather", "of everything", "Compress", [values(3, 4)], {"c": KEPT})


# scatter
WHERE = np.array([[1, 0, 2, 1], [0, 2, 0, 0]])
case("scatter", "rows", "ScatterElements", [values(3, 5), WHERE, values(2, 4, seed=1)])
case(
    "scatter",
    "columns",
    "ScatterElements",
    [values(3, 5), WHERE - 1, values(2, 4, seed=1)],
    axis=1,
    reduction="add",
    opset=18,
)
case("scatter", "constant", "ScatterElements", [values(3, 5)], {"i": WHERE, "u": values(2, 4, seed=1)})
case("scatter", "a matrix", "Scatter", [values(3, 5), WHERE, values(2, 4, seed=1)], opset=10)
PLACES = np.array([[[2, 1]], [[0, 3]], [[2, 1]]])
for _reduction in ("none", "add", "mul", "max", "min"):
    case(
        "scatter",
        _reduction,
        "ScatterND",
        [values(3, 4, 5), PLACES, values(3, 1, 5, seed=1)],
        opset=18,
        reduction=_reduction,
    )
    case(
        "scatter",
        f"{_reduction}, constant",
        "ScatterND",
        [values(3, 4, 5), values(3, 1, 5, seed=1)],
        {"i": PLACES},
        operands=["x0", "i", "x1"],
        opset=18,
        reduction=_reduction,
    )
    case(
        "scatter",
        _reduction,
        "ScatterElements",
        [values(3, 5), WHERE, values(2, 4, seed=1)],
        opset=18,
        reduction=_reduction,
    )
CACHE = [values(2, 3, 7, 4), values(2, 3, 2, 4, seed=1)]
case("scatter", "linear", "TensorScatter", [*CACHE, np.array([1, 4])], opset=24)
case("scatter", "circular", "TensorScatter", [*CACHE, np.array([6, 4])], opset=24, mode="circular")
case("scatter", "a known place", "TensorScatter", CACHE, {"w": np.array([3, 3])}, opset=24)
case(
    "scatter",
    "overlapping windows",
    "Col2Im",
    [values(1, 10, 12)],
    {"i": np.array([5, 4]), "b": np.array([2, 1])},
    pads=[0, 1, 0, 1],
    strides=[2, 1],
    opset=18,
)

case(
    "scatter",
    "a pool of 2",
    "MaxUnpool",
    [values(1, 2, 2, 2), np.array([[[[1, 3], [8, 10]], [[20, 23], [28, 25]]]])],
    kernel_shape=[2, 2],
    strides=[2, 2],
)


# sort
TIES = values(5, 33).round(1)
case("sort", "largest", "TopK", [TIES], {"k": np.array([4])}, outputs=2)
case("sort", "smallest of a column", "TopK", [TIES], {"k": np.array([3])}, outputs=2, axis=0, largest=0)
case("sort", "all of them, int32", "TopK", [integers(3, 17)], {"k": np.array([17])}, outputs=2)
case("sort", "a determinant", "Det", [values(3, 4, 4)])


# select
MASK = integers(7, 13, low=0, high=2).astype(bool)
case("select", "[7, 13]", "Where", [MASK, X, values(7, 13, seed=1)])
case("select", "broadcast", "Where", [MASK[:1], X], {"w": np.float32(-1e9)})
for _op in ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"):
    case("select", "float", _op, [X.round(), values(7, 13, seed=1).round()])
    case("select", "int32", _op, [integers(31, high=0), integers(31, high=0, seed=1)])
for _op in ("And", "Or", "Xor"):
    case("select", "booleans", _op, [MASK, integers(7, 13, low=0, high=2, seed=1).astype(bool)])
case("select", "booleans", "Not", [MASK])
case("select", "int64 to float", "Cast", [integers(31, dtype=np.int64)], to=F32)
case("select", "int32 to float", "Cast", [integers(31)], to=F32)
case("select", "float to int32", "Cast", [values(31, low=-9, high=9)], to=I32)
case("select", "float to bool", "Cast", [values(31).round()], to=BOOL)
case("select", "bool to float", "Cast", [MASK], to=F32)
