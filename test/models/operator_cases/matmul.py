"""Cases of operators.py: matmul."""

from .case import case, values

for _name, _a, _b in (
    ("square", (16, 16), (16, 16)),
    ("ragged", (7, 19), (19, 13)),
    ("one row", (1, 96), (96, 50)),
    ("one column", (30, 40), (40, 1)),
    ("a vector on the left", (19,), (19, 13)),
    ("a vector on the right", (7, 19), (19,)),
    ("two vectors", (19,), (19,)),
    ("a batch", (3, 7, 19), (3, 19, 5)),
    ("a batch and one weight", (3, 7, 19), (19, 5)),
    ("broadcast batches", (2, 1, 4, 6), (3, 6, 5)),
    ("deep", (4, 600), (600, 4)),
):
    case("matmul", _name, "MatMul", [values(*_a), values(*_b, seed=1)])
    case("matmul", f"{_name}, a weight", "MatMul", [values(*_a)], {"w": values(*_b, seed=1)})
case("matmul", "a weight of 256 KB", "MatMul", [values(8, 256)], {"w": values(256, 256, seed=1)})
case("matmul", "plain", "Gemm", [values(5, 9)], {"w": values(9, 4, seed=1), "c": values(4, seed=2)})
case(
    "matmul",
    "B transposed",
    "Gemm",
    [values(5, 9)],
    {"w": values(4, 9, seed=1), "c": values(4, seed=2)},
    transB=1,
)
case("matmul", "A transposed", "Gemm", [values(9, 5)], {"w": values(9, 4, seed=1)}, transA=1)
case(
    "matmul",
    "alpha and beta",
    "Gemm",
    [values(5, 9)],
    {"w": values(9, 4, seed=1), "c": values(5, 1, seed=2)},
    alpha=0.5,
    beta=2.0,
)
case("matmul", "heads", "MatMul", [values(1, 4, 9, 8), values(1, 4, 8, 9, seed=1)])
