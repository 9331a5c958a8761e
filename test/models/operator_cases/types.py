"""Cases of operators.py: types."""

import numpy as np
from onnx import TensorProto, helper

from .case import BOOL, F32, case, chain, node, values

NUMBERS = [
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
]


def some(dtype, *shape, seed=0, low=None, high=None):
    """Numbers of a type, its ends among them as far as the machine carries them."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return values(*shape, low=-100, high=100, seed=seed).astype(dtype)
    least, most = max(np.iinfo(dtype).min, -(2**31)), min(np.iinfo(dtype).max, 2**32 - 1)
    if dtype.itemsize == 8:
        most = 2**31 - 1
    least, most = least if low is None else low, most if high is None else high
    result = np.random.default_rng(seed).integers(least, most, shape, endpoint=True).astype(dtype)
    result.flat[0], result.flat[-1] = least, most
    return result


for _from in NUMBERS:
    for _to in NUMBERS:
        # What both types hold; from floats also what wraps.
        _small = some(_from, 9, low=0 if _from.startswith("u") or _to.startswith("u") else -100, high=100)
        _x = _small if _from[0] == "f" or "64" in _to else some(_from, 9)
        if _to == "float16" and _from[0] in "iu":
            _x = _small
        if _to.startswith("u") and _from[0] == "f":
            _x = np.abs(_x)
        case("types", f"{_from} to {_to}", "Cast", [_x], to=helper.np_dtype_to_tensor_dtype(np.dtype(_to)))
    case("types", f"{_from} to bool", "Cast", [some(_from, 9) * (np.arange(9) % 2).astype(_from)], to=BOOL)
    case(
        "types",
        f"bool to {_from}",
        "Cast",
        [np.arange(9) % 2 == 0],
        to=helper.np_dtype_to_tensor_dtype(np.dtype(_from)),
    )
_far = np.array([3e9, -3e9, 300, -300, 65536.7, np.inf, -np.inf, np.nan, -0.5, 2147483520], np.float32)
for _to in ("int8", "uint8", "int16", "uint16", "int32"):
    case(
        "types", f"floats far out to {_to}", "Cast", [_far], to=helper.np_dtype_to_tensor_dtype(np.dtype(_to))
    )
case("types", "rounding", "Cast", [values(500, low=-70000, high=70000)], to=TensorProto.FLOAT16)
case("types", "small numbers", "Cast", [values(500, low=-1e-4, high=1e-4)], to=TensorProto.FLOAT16)
chain(
    "types",
    "Cast: bfloat16 and back",
    [
        node("Cast", ["x"], ["b"], to=TensorProto.BFLOAT16),
        node("Reshape", ["b", "s"], ["r"]),
        node("Cast", ["r"], ["y"], to=F32),
    ],
    {"x": values(20, 25, low=-1e6, high=1e6)},
    {"s": np.array([25, 20])},
)
case("types", "int64 to float32, exact", "Cast", [np.array([16777217, -16777219, 2**31 - 1])], to=F32)
for _op in ("Add", "Sub", "Mul", "Div", "Max", "Min"):
    case(
        "types", "float64", _op, [values(31).astype(np.float64), values(31, low=1, seed=1).astype(np.float64)]
    )
    case("types", "float16", _op, [some("float16", 31), some("float16", 31, seed=1)])
    case(
        "types",
        "int64",
        _op,
        [some("int64", 31, low=-40000, high=40000), some("int64", 31, low=1, high=40000, seed=1)],
    )
for _dtype in ("uint32", "uint64", "int64"):
    for _op in ("Max", "Min"):
        case("types", _dtype, _op, [some(_dtype, 31), some(_dtype, 31, seed=1)])
for _dtype in ("uint32", "uint64", "int64", "uint8", "int8", "uint16", "int16"):
    case("types", _dtype, "Mod", [some(_dtype, 31), some(_dtype, 31, low=1, seed=1)])
for _dtype in ("uint8", "uint32", "uint64"):
    _narrow = some(_dtype, 31, high=2**20 if _dtype == "uint64" else None)
    for _direction in ("LEFT", "RIGHT"):
        case(
            "types",
            f"{_dtype} {_direction}",
            "BitShift",
            [_narrow, some(_dtype, 31, high=7, seed=1)],
            direction=_direction,
        )
for _dtype in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"):
    for _op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        case("types", _dtype, _op, [some(_dtype, 31), some(_dtype, 31, seed=1)])
    if _dtype != "uint64":
        case("types", _dtype, "BitwiseNot", [some(_dtype, 31)])
for _op in ("Exp", "Tanh", "Sqrt", "Softmax", "ReduceSum", "ReduceMean", "Gelu"):
    case("types", "float16", _op, [np.abs(some("float16", 6, 40)) / np.float16(20)])
case(
    "types", "float16", "MatMul", [values(5, 33).astype(np.float16), values(33, 7, seed=1).astype(np.float16)]
)
case(
    "types",
    "float64",
    "MatMul",
    [values(5, 33).astype(np.float64)],
    {"w": values(33, 7, seed=1).astype(np.float64)},
)
case(
    "types",
    "int64",
    "MatMul",
    [some("int64", 5, 33, low=-3000, high=3000), some("int64", 33, 7, low=-999, high=999)],
)
case("types", "uint32", "MatMul", [some("uint32", 5, 9), some("uint32", 9, 7)])
for _dtype in ("uint8", "int8", "int64", "uint32", "float16"):
    case("types", _dtype, "Transpose", [some(_dtype, 3, 5, 4)], perm=[2, 0, 1])
    case("types", _dtype, "Concat", [some(_dtype, 3, 5), some(_dtype, 2, 5)], axis=0)
    case("types", _dtype, "Gather", [some(_dtype, 9, 4), np.array([8, 0, -2])])
for _dtype in ("uint8", "int8"):
    case("types", _dtype, "MaxPool", [some(_dtype, 1, 2, 7, 6)], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    case("types", _dtype, "ReduceMax", [some(_dtype, 4, 20)], {"a": np.array([1])})
    case("types", _dtype, "ReduceMin", [some(_dtype, 4, 20)], {"a": np.array([0])})
case("types", "int64 beyond 32 bits", "Less", [some("int64", 9)], {"c": np.int64(2**32 + 1)})
case(
    "types",
    "int64 beyond 32 bits",
    "Clip",
    [some("int64", 9)],
    {"l": np.int64(-(2**40)), "h": np.int64(2**63 - 1)},
)
case("types", "int64", "ReduceMin", [some("int64", 4, 20)], {"a": np.array([1])})
case("types", "int64", "ReduceSum", [some("int64", 4, 20, low=-(2**26), high=2**26)], {"a": np.array([1])})
case("types", "int64", "CumSum", [some("int64", 4, 20, low=-(2**26), high=2**26)], {"a": np.array(1)})
