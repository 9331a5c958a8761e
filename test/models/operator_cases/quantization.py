"""Cases of operators.py: quantization."""

import numpy as np

from .case import case, integers, values
from .types import some

_scales, _zeros = values(6, low=0.01, high=0.2, seed=3), some("uint8", 6, seed=4)
for _dtype in ("uint8", "int8", "uint16", "int16"):
    _zero = some(_dtype, 1, seed=2)[0] // 2
    case(
        "quantization",
        _dtype,
        "QuantizeLinear",
        [values(5, 6, low=-40, high=40)],
        {"s": np.float32(0.05), "z": _zero},
        opset=21,
    )
    case(
        "quantization",
        _dtype,
        "DequantizeLinear",
        [some(_dtype, 5, 6)],
        {"s": np.float32(0.05), "z": _zero},
        opset=21,
    )
case(
    "quantization",
    "per axis",
    "QuantizeLinear",
    [values(5, 6, 3, low=-40, high=40)],
    {"s": _scales, "z": _zeros},
    axis=1,
)
case(
    "quantization",
    "per axis",
    "DequantizeLinear",
    [some("uint8", 5, 6, 3)],
    {"s": _scales, "z": _zeros},
    axis=1,
)
case(
    "quantization", "no zero point", "QuantizeLinear", [values(5, 6, low=-2, high=20)], {"s": np.float32(0.1)}
)
case("quantization", "int32", "DequantizeLinear", [some("int32", 5, 6)], {"s": np.float32(0.1)})
case(
    "quantization",
    "blocks",
    "DequantizeLinear",
    [some("int8", 5, 8)],
    {"s": values(5, 2, low=0.01, high=0.2), "z": some("int8", 5, 2)},
    opset=21,
    axis=1,
    block_size=4,
)
case(
    "quantization",
    "halves",
    "QuantizeLinear",
    [np.arange(-9, 10).astype(np.float32) / 2],
    {"s": np.float32(1), "z": np.int8(0)},
)
case(
    "quantization",
    "far out",
    "QuantizeLinear",
    [np.array([1e30, -1e30, np.inf, -np.inf, 0], np.float32)],
    {"s": np.float32(0.1), "z": np.uint8(7)},
)
case("quantization", "[4, 9]", "DynamicQuantizeLinear", [values(4, 9, low=-3, high=7)], outputs=3)
case("quantization", "positive", "DynamicQuantizeLinear", [values(4, 9, low=3, high=7)], outputs=3)
case("quantization", "zeros", "DynamicQuantizeLinear", [np.zeros((4, 9), np.float32)], outputs=3)
case(
    "quantization",
    "uint8 by int8",
    "MatMulInteger",
    [some("uint8", 4, 9)],
    {"w": some("int8", 9, 5), "x": np.uint8(120), "z": np.int8(3)},
)
case(
    "quantization",
    "a zero point per column",
    "MatMulInteger",
    [some("uint8", 4, 9)],
    {"w": some("uint8", 9, 5), "x": np.uint8(120), "z": some("uint8", 5)},
)
case(
    "quantization",
    "padded",
    "ConvInteger",
    [some("uint8", 1, 3, 6, 7)],
    {"w": some("uint8", 4, 3, 3, 3), "x": np.uint8(100), "z": np.uint8(7)},
    pads=[1, 1, 1, 1],
)
case(
    "quantization",
    "per tensor",
    "QLinearMatMul",
    [some("uint8", 4, 9)],
    {
        "xs": np.float32(0.02),
        "xz": np.uint8(120),
        "w": some("int8", 9, 5),
        "ws": np.float32(0.03),
        "wz": np.int8(3),
        "ys": np.float32(0.5),
        "yz": np.uint8(100),
    },
)
for _name, _ws, _wz in (
    ("per tensor", np.float32(0.03), np.int8(3)),
    ("per channel", values(4, low=0.01, high=0.1), np.zeros(4, np.int8)),
):
    case(
        "quantization",
        _name,
        "QLinearConv",
        [some("uint8", 1, 3, 6, 7)],
        {
            "xs": np.float32(0.02),
            "xz": np.uint8(120),
            "w": some("int8", 4, 3, 3, 3),
            "ws": _ws,
            "wz": _wz,
            "ys": np.float32(0.9),
            "yz": np.uint8(100),
            "b": integers(4, low=-900, high=900),
        },
        pads=[1, 1, 1, 1],
        strides=[2, 1],
    )


def quantized_lstm(name, steps, dtype, per_row, units=5, width=6, states=(), **attributes):
    """DynamicQuantizeLSTM of one sequence: ONNX Runtime splits the states of a batch by its threads."""
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    rows = 4 * units
    scales = (directions, rows) if per_row else (directions,)
    zeros = np.full(scales, 121 if dtype == "uint8" else 0, dtype)
    case(
        "quantization",
        name,
        "DynamicQuantizeLSTM",
        {"x": values(steps, 1, width)}
        | {
            state: values(directions, 1, units, low=-1, high=1, seed=seed)
            for seed, state in enumerate(states)
        },
        {
            "w": some(dtype, directions, width, rows, seed=1),
            "r": some(dtype, directions, units, rows, seed=2),
            "b": values(directions, 2 * rows, low=-0.5, high=0.5, seed=3),
            "ws": values(*scales, low=0.003, high=0.006, seed=4),
            "wz": zeros,
            "rs": values(*scales, low=0.003, high=0.006, seed=5),
            "rz": zeros,
        },
        outputs=3,
        domain="com.microsoft",
        operands=["x", "w", "r", "b", "", *(states or ["", ""]), "", "ws", "wz", "rs", "rz"],
        hidden_size=units,
        **attributes,
    )


quantized_lstm("int8", 3, "int8", per_row=False)
quantized_lstm("both ways, states", 9, "int8", per_row=False, states=("h", "c"), direction="bidirectional")
quantized_lstm("uint8, backward", 9, "uint8", per_row=False, direction="reverse")
quantized_lstm("a scale for each row", 9, "uint8", per_row=True, direction="bidirectional")
