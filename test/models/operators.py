"""Compiles one small model per operator, runs it on the emulator and holds it against ONNX Runtime.

Usage: operators.py FAMILY ... [--mesh WxH|auto ...] [--only TEXT] [--target T]

Families: elementwise, broadcast, convolution, pooling, matmul, reduction, softmax, normalization, resize, sampling,
shape, gather, scatter, sort, select, attention, contrib, graph, recurrent, control, types, quantization; `all` for every one. Values are
right if they are within 1e-4 of themselves plus 1e-5 of the tensor's
largest magnitude; integers and booleans must be equal. The last line counts the cases.
"""

import argparse
import dataclasses
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import control_cases
import wafer_tools
from same_numbers import Difference, largest_excess

F32, I32, I64, BOOL = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    nodes: list  # of NodeProto; the last one's outputs are the model's
    inputs: dict  # name -> array
    weights: dict  # name -> array
    opset: int


FAMILIES: dict[str, list[Case]] = {}


def values(*shape, low=-2.0, high=2.0, seed=0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def integers(*shape, low=-9, high=10, dtype=np.int32, seed=0):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def case(family, name, op, inputs, weights=None, outputs=1, opset=20, operands=None, **attributes):
    """One node. Inputs come first, then weights, unless `operands` names them in another order."""
    inputs = (
        {f"x{i}": value for i, value in enumerate(inputs)} if isinstance(inputs, list | tuple) else inputs
    )
    weights = weights or {}
    operands = operands or [*inputs, *weights]
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, operands, results, name=op.lower(), **attributes)
    FAMILIES.setdefault(family, []).append(Case(f"{op}: {name}", [node], inputs, weights, opset))


def chain(family, name, nodes, inputs, weights=None, opset=20):
    FAMILIES.setdefault(family, []).append(Case(name, nodes, inputs, weights or {}, opset))


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, name=f"{op}-{outputs[0]}", **attributes)


# --- elementwise ----------------------------------------------------------------------------------------------------

X = values(7, 13)
for _op in ("Abs", "Neg", "Relu", "Exp", "Tanh", "Sigmoid", "Erf", "Floor", "Ceil", "Round", "Sin", "Cos"):
    case("elementwise", "[7, 13]", _op, [X])
case("elementwise", "wide", "Exp", [values(64, low=-90, high=88)])
case("elementwise", "wide", "Tanh", [values(64, low=-12, high=12)])
case("elementwise", "wide", "Erf", [values(64, low=-5, high=5)])
case("elementwise", "wide", "Sigmoid", [values(64, low=-80, high=80)])
for _op in ("Sqrt", "Log", "Reciprocal"):
    case("elementwise", "positive", _op, [values(7, 13, low=0.01, high=9)])
case("elementwise", "negative too", "Reciprocal", [np.array([-3.0, -0.25, 0.5, 1e20], np.float32)])
for _op in (
    "LeakyRelu",
    "Elu",
    "Selu",
    "Softplus",
    "Softsign",
    "HardSigmoid",
    "HardSwish",
    "Mish",
    "Gelu",
    "Celu",
):
    case("elementwise", "[7, 13]", _op, [X])
case("elementwise", "alpha, beta", "HardSigmoid", [values(40, low=-5, high=5)], alpha=0.3, beta=0.4)
case("elementwise", "tanh", "Gelu", [values(40, low=-5, high=5)], approximate="tanh")
case("elementwise", "alpha", "ThresholdedRelu", [X], alpha=0.5)
for _op in ("Add", "Sub", "Mul", "Div"):
    case("elementwise", "[7, 13]", _op, [X, values(7, 13, low=0.5, high=3, seed=1)])
    case("elementwise", "int32", _op, [integers(31), integers(31, low=1, seed=1)])
for _op in ("Min", "Max", "Sum", "Mean"):
    case("elementwise", "three", _op, [X, values(7, 13, seed=1), values(7, 13, seed=2)])
case("elementwise", "[40]", "Pow", [values(40, low=0.1), values(40, seed=1)])
case("elementwise", "square", "Pow", [X], {"e": np.float32(2)})
case("elementwise", "int32 powers", "Pow", [integers(60), integers(60, low=0, high=20, seed=1)])
case("elementwise", "int32, a constant power", "Pow", [integers(31)], {"e": np.int32(11)})
case(
    "elementwise",
    "int32, a fractional power",
    "Pow",
    [integers(31, low=0, high=50) ** 2],
    {"e": np.float32(0.5)},
)
case("elementwise", "far below zero", "Softplus", [values(64, low=-80, high=20)])
case("elementwise", "far below zero", "Mish", [values(64, low=-80, high=20)])
case("elementwise", "square root", "Pow", [values(40, low=0.1)], {"e": np.float32(0.5)})
case("elementwise", "both", "Clip", [X], {"low": np.float32(-0.5), "high": np.float32(1)})
case("elementwise", "high only", "Clip", [X], {"high": np.float32(1)}, operands=["x0", "", "high"])
case("elementwise", "attributes (opset 6)", "Clip", [X], opset=6, min=0.0, max=1.0)
case("elementwise", "identity", "Identity", [X])
case("elementwise", "int32 modulo", "Mod", [integers(31), integers(31, low=1, seed=1)])
case("elementwise", "a scalar", "Relu", [np.float32(-3)])
case("elementwise", "one element", "Relu", [values(1)])
case("elementwise", "more than one PE's memory", "Relu", [values(300, 200)])
for _op, _low, _high in (
    ("Tan", -1.5, 1.5),
    ("Sinh", -88, 89),
    ("Cosh", -88, 89),
    ("Asinh", -30, 30),
    ("Acosh", 1, 30),
    ("Atanh", -1, 1),
    ("Atan", -30, 30),
    ("Asin", -1, 1),
    ("Acos", -1, 1),
):
    case("elementwise", "over its range", _op, [values(300, low=_low, high=_high)])
case("elementwise", "close to zero", "Sinh", [values(64, low=-1e-3, high=1e-3)])
case("elementwise", "slope per channel", "PRelu", [values(1, 5, 4, 4)], {"s": values(5, 1, 1, seed=1)})

# --- broadcast ------------------------------------------------------------------------------------------------------

for _name, _left, _right in (
    ("a scalar", (7, 13), ()),
    ("a row", (7, 13), (13,)),
    ("a column", (7, 13), (7, 1)),
    ("both ways", (7, 1), (1, 13)),
    ("rank 4", (2, 3, 5, 7), (3, 1, 7)),
    ("leading ones", (5, 7), (1, 1, 1, 7)),
):
    case("broadcast", _name, "Add", [values(*_left), values(*_right, seed=1)])
    case("broadcast", f"{_name}, a weight", "Mul", [values(*_left)], {"w": values(*_right, seed=1)})
case("broadcast", "more rows", "Expand", [values(1, 13)], {"s": np.array([7, 13])})
case("broadcast", "new dimensions", "Expand", [values(13)], {"s": np.array([2, 7, 1])})

# --- convolution ----------------------------------------------------------------------------------------------------


def convolution(name, x, w, bias=True, **attributes):
    weights = {"w": values(*w, seed=1)}
    if bias:
        weights["b"] = values(w[0], seed=2)
    case("convolution", name, "Conv", [values(*x)], weights, **attributes)


convolution("3-D, every dimension cut", (2, 3, 6, 7, 5), (4, 3, 3, 3, 3), pads=[1, 1, 1, 1, 1, 1])
convolution("1 x 1", (1, 8, 6, 10), (12, 8, 1, 1))
convolution("3 x 3, no pads", (1, 4, 9, 11), (6, 4, 3, 3))
convolution("3 x 3, same", (1, 4, 9, 11), (6, 4, 3, 3), pads=[1, 1, 1, 1])
convolution("no bias", (1, 4, 9, 11), (6, 4, 3, 3), bias=False, pads=[1, 1, 1, 1])
convolution("stride 2", (1, 3, 12, 16), (8, 3, 3, 3), pads=[1, 1, 1, 1], strides=[2, 2])
convolution("stride 2 by 1", (1, 3, 12, 16), (8, 3, 3, 3), pads=[1, 1, 1, 1], strides=[2, 1])
convolution("dilation 2", (1, 3, 12, 12), (4, 3, 3, 3), pads=[2, 2, 2, 2], dilations=[2, 2])
convolution("uneven pads", (1, 3, 8, 9), (4, 3, 3, 3), pads=[0, 1, 2, 0])
convolution("depthwise", (1, 12, 9, 11), (12, 1, 3, 3), pads=[1, 1, 1, 1], group=12)
convolution(
    "depthwise 5 x 5, stride 2", (1, 6, 11, 13), (6, 1, 5, 5), pads=[2, 2, 2, 2], group=6, strides=[2, 1]
)
convolution("depthwise, two a channel", (1, 6, 8, 8), (12, 1, 3, 3), group=6)
convolution("three groups", (1, 6, 8, 8), (9, 2, 3, 3), group=3)
convolution("one dimension", (1, 5, 40), (7, 5, 5), pads=[2, 2])
convolution("three dimensions", (1, 2, 5, 6, 7), (3, 2, 3, 3, 3), pads=[1] * 6)
convolution("a batch of 3", (3, 4, 6, 6), (5, 4, 3, 3), pads=[1, 1, 1, 1])
convolution("auto_pad SAME_UPPER", (1, 3, 7, 8), (4, 3, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2])
convolution("auto_pad SAME_LOWER", (1, 3, 7, 8), (4, 3, 2, 2), auto_pad="SAME_LOWER")
convolution("auto_pad VALID", (1, 3, 7, 8), (4, 3, 3, 3), auto_pad="VALID")
convolution("the window is the image", (1, 16, 5, 6), (10, 16, 5, 6))
convolution("many channels", (1, 64, 4, 4), (96, 64, 3, 3), pads=[1, 1, 1, 1])


def transposed(name, x, w, bias=True, **attributes):
    weights = {"w": values(*w, seed=1)}
    if bias:
        weights["b"] = values(w[1] * attributes.get("group", 1), seed=2)
    case("convolution", name, "ConvTranspose", [values(*x)], weights, **attributes)


transposed("2 x 2, stride 2", (1, 6, 5, 7), (6, 4, 2, 2), strides=[2, 2])
transposed(
    "3 x 3, stride 2", (1, 6, 5, 7), (6, 4, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]
)
transposed("4 x 4, stride 2", (2, 3, 5, 4), (3, 4, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1], bias=False)
transposed("stride 1", (1, 3, 6, 7), (3, 2, 3, 2), pads=[1, 0, 1, 1])
transposed("stride 3 by 1, dilation 2", (1, 3, 4, 5), (3, 2, 3, 3), strides=[3, 1], dilations=[2, 1])
transposed("two groups", (1, 6, 4, 5), (6, 2, 3, 3), strides=[2, 2], group=2)
transposed("depthwise", (1, 6, 4, 5), (6, 1, 4, 4), strides=[2, 2], group=6, pads=[1, 1, 1, 1])
transposed("one dimension", (1, 5, 20), (5, 3, 5), strides=[4], pads=[1, 0])
transposed("three dimensions", (1, 2, 3, 4, 3), (2, 3, 2, 3, 2), strides=[2, 1, 2])
transposed("output_shape", (1, 3, 5, 5), (3, 2, 3, 3), strides=[3, 2], output_shape=[14, 12])
for _pad in ("SAME_UPPER", "SAME_LOWER", "VALID"):
    transposed(f"auto_pad {_pad}", (1, 3, 4, 5), (3, 2, 3, 4), strides=[2, 3], auto_pad=_pad)

# --- pooling --------------------------------------------------------------------------------------------------------

IMAGE = values(1, 6, 9, 11)
case("pooling", "2 x 2", "MaxPool", [IMAGE], kernel_shape=[2, 2], strides=[2, 2])
case("pooling", "3 x 3 with pads", "MaxPool", [IMAGE], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
case("pooling", "ceil", "MaxPool", [IMAGE], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
case("pooling", "negative with pads", "MaxPool", [IMAGE - 9], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
case("pooling", "one dimension", "MaxPool", [values(1, 3, 20)], kernel_shape=[4], strides=[3])
case("pooling", "2 x 2", "AveragePool", [IMAGE], kernel_shape=[2, 2], strides=[2, 2])
case("pooling", "pads not counted", "AveragePool", [IMAGE], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
case(
    "pooling",
    "pads counted",
    "AveragePool",
    [IMAGE],
    kernel_shape=[3, 3],
    pads=[1, 1, 1, 1],
    count_include_pad=1,
)
case("pooling", "global", "GlobalAveragePool", [IMAGE])
case("pooling", "global", "GlobalMaxPool", [IMAGE])
case(
    "pooling",
    "with indices",
    "MaxPool",
    [IMAGE],
    outputs=2,
    kernel_shape=[3, 2],
    strides=[2, 2],
    pads=[1, 0, 1, 1],
)
case("pooling", "indices by columns", "MaxPool", [IMAGE], outputs=2, kernel_shape=[3, 3], storage_order=1)
case("pooling", "p is 3", "GlobalLpPool", [IMAGE], p=3)
case("pooling", "p is 3", "LpPool", [values(1, 2, 6, 7)], kernel_shape=[3, 2], p=3)

# --- matmul ---------------------------------------------------------------------------------------------------------

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

# --- reduction ------------------------------------------------------------------------------------------------------

for _op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"):
    case("reduction", "last axis", _op, [values(6, 15)], {"axes": np.array([-1])}, keepdims=0)
    case("reduction", "first axis, kept", _op, [values(6, 15)], {"axes": np.array([0])})
    case("reduction", "middle", _op, [values(4, 15, 6)], {"axes": np.array([1])}, keepdims=0)
    case("reduction", "two axes", _op, [values(2, 3, 5, 7)], {"axes": np.array([2, 3])})
    case("reduction", "everything", _op, [values(6, 15)], keepdims=0)
for _op in ("ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"):
    case("reduction", "last axis", _op, [values(6, 15)], {"axes": np.array([-1])}, keepdims=0)
case("reduction", "attribute (opset 11)", "ReduceSum", [values(6, 15)], opset=11, axes=[1])
case("reduction", "a long row", "ReduceSum", [values(2, 3000)], {"axes": np.array([1])})
case("reduction", "last axis", "ArgMax", [values(6, 15)], axis=-1)
HOLES = values(6, 15).round()
HOLES[0, 3] = HOLES[1, 0] = HOLES[2, :] = np.nan
case("reduction", "NaN", "ArgMax", [HOLES], axis=1)
case("reduction", "NaN, the last of equals", "ArgMin", [HOLES], axis=1, select_last_index=1)
case(
    "reduction", "exclusive, backwards", "CumSum", [values(4, 9)], {"a": np.int64(1)}, exclusive=1, reverse=1
)
case("reduction", "int32", "ReduceSum", [integers(6, 15)], {"axes": np.array([1])})

# --- softmax --------------------------------------------------------------------------------------------------------

case("softmax", "last axis", "Softmax", [values(6, 15)])
case("softmax", "middle axis", "Softmax", [values(2, 9, 4)], axis=1)
case("softmax", "large values", "Softmax", [values(4, 50, low=-300, high=300)])
case("softmax", "flattened (opset 11)", "Softmax", [values(2, 3, 4)], opset=11, axis=1)
case("softmax", "last axis", "LogSoftmax", [values(6, 15)])
case("softmax", "last axis", "Hardmax", [values(6, 15).round()])
case("softmax", "flattened (opset 11)", "Hardmax", [values(2, 3, 4)], opset=11)
case("softmax", "a long row", "Softmax", [values(1, 2000)])

# --- normalization --------------------------------------------------------------------------------------------------

SCALE = {"s": values(24, low=0.5, seed=1), "b": values(24, seed=2)}
case("normalization", "last axis", "LayerNormalization", [values(6, 24)], SCALE)
case("normalization", "no bias", "LayerNormalization", [values(6, 24)], {"s": SCALE["s"]})
case(
    "normalization",
    "two axes",
    "LayerNormalization",
    [values(3, 4, 6)],
    {"s": values(4, 6, seed=1), "b": values(4, 6, seed=2)},
    axis=1,
)
case("normalization", "far from zero", "LayerNormalization", [values(6, 24) + 30], SCALE)
CHANNELS = {
    "s": values(5, low=0.5, seed=1),
    "b": values(5, seed=2),
    "m": values(5, seed=3),
    "v": values(5, low=0.1, seed=4),
}
case("normalization", "channels", "BatchNormalization", [values(2, 5, 4, 6)], CHANNELS)
case("normalization", "epsilon", "BatchNormalization", [values(2, 5, 4)], CHANNELS, epsilon=0.1)
case(
    "normalization",
    "channels",
    "InstanceNormalization",
    [values(2, 5, 4, 6)],
    {"s": CHANNELS["s"], "b": CHANNELS["b"]},
)
case(
    "normalization",
    "two groups",
    "GroupNormalization",
    [values(2, 6, 4, 4)],
    {"s": values(6, seed=1), "b": values(6, seed=2)},
    opset=21,
    num_groups=2,
)
case("normalization", "last axis", "LpNormalization", [values(6, 24)], axis=-1, p=2)

case("normalization", "five channels", "LRN", [values(2, 7, 4, 5)], size=5, alpha=0.02, beta=0.6, bias=1.5)

# --- resize ---------------------------------------------------------------------------------------------------------

PICTURE = values(1, 3, 6, 8)


def resize(name, x=PICTURE, scales=None, sizes=None, roi=None, opset=19, **attributes):
    weights = {"r": np.array(roi, np.float32)} if roi else {}
    if scales:
        weights["s"] = np.array(scales, np.float32)
    else:
        weights["z"] = np.array(sizes)
    operands = ["x0", "r" if roi else "", "s"] if scales else ["x0", "r" if roi else "", "", "z"]
    case("resize", name, "Resize", [x], weights, opset=opset, operands=operands, **attributes)


for _mode in ("nearest", "linear", "cubic"):
    for _coordinates in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"):
        for _name, _sizes in (
            ("up", [1, 3, 12, 20]),
            ("down", [1, 3, 4, 5]),
            ("one up, one down", [1, 3, 15, 2]),
        ):
            resize(
                f"{_mode}, {_coordinates}, {_name}",
                sizes=_sizes,
                mode=_mode,
                coordinate_transformation_mode=_coordinates,
            )
for _nearest in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
    resize(_nearest, scales=[1, 1, 1.5, 0.7], nearest_mode=_nearest)
resize("int32", x=integers(1, 2, 5, 4), scales=[1, 1, 2, 2])
resize("scales that are no ratio", scales=[1, 1, 2.3, 0.45], mode="linear")
resize("by 2, as U-Nets do", x=values(1, 4, 16, 16), scales=[1, 1, 2, 2], mode="linear")
resize("by 4", x=values(1, 2, 8, 9), scales=[1, 1, 4, 4], mode="cubic", cubic_coeff_a=-0.5)
resize("three dimensions", x=values(1, 2, 3, 4, 5), sizes=[1, 2, 5, 8, 7], mode="linear")
resize("nothing outside", scales=[1, 1, 0.8, 1.7], mode="cubic", exclude_outside=1)
resize("antialias", sizes=[1, 3, 3, 5], mode="linear", antialias=1)
resize("antialias, cubic", sizes=[1, 3, 2, 3], mode="cubic", antialias=1)
resize("axes, not larger", sizes=[9, 20], axes=[2, 3], keep_aspect_ratio_policy="not_larger", mode="linear")
resize(
    "a cut-out, partly outside",
    sizes=[1, 3, 5, 7],
    roi=[0, 0, 0.2, -0.3, 1, 1, 0.7, 1.2],
    mode="linear",
    coordinate_transformation_mode="tf_crop_and_resize",
    extrapolation_value=3.0,
)
case(
    "resize", "nearest (opset 10)", "Resize", [PICTURE], {"s": np.array([1, 1, 2, 0.6], np.float32)}, opset=10
)
case(
    "resize",
    "linear",
    "Upsample",
    [PICTURE],
    {"s": np.array([1, 1, 2, 3], np.float32)},
    opset=9,
    mode="linear",
)

# --- sampling -------------------------------------------------------------------------------------------------------

for _mode in ("nearest", "linear", "cubic"):
    for _padding in ("zeros", "border", "reflection"):
        case(
            "sampling",
            f"{_mode}, {_padding}",
            "GridSample",
            [values(2, 3, 5, 6), values(2, 4, 3, 2, low=-1.6, high=1.6, seed=1)],
            mode=_mode,
            padding_mode=_padding,
        )
for _size in ([1, 3, 4, 5], [2, 1, 3, 6], [1, 2, 2, 3, 4]):
    _rank = len(_size) - 2
    for _corners in (0, 1):
        case(
            "sampling",
            f"grid of {_size}, align_corners {_corners}",
            "AffineGrid",
            [values(_size[0], _rank, _rank + 1)],
            {"size": np.array(_size)},
            align_corners=_corners,
        )
case("sampling", "corners", "GridSample", [values(1, 2, 4, 7), values(1, 5, 5, 2, seed=1)], align_corners=1)
case(
    "sampling",
    "corners, mirrored",
    "GridSample",
    [values(1, 2, 4, 7), values(1, 5, 5, 2, seed=1)],
    align_corners=1,
    padding_mode="reflection",
)
case(
    "sampling",
    "volumes",
    "GridSample",
    [values(1, 2, 3, 4, 5), values(1, 2, 3, 2, 3, low=-1.2, high=1.2, seed=1)],
)
REGIONS = [
    values(2, 3, 8, 9),
    np.array([[0, 0, 15, 14], [3, 2, 9, 11], [-4, 1, 30, 7]], np.float32),
    np.array([0, 1, 1]),
]
for _mode in ("avg", "max"):
    case(
        "sampling",
        _mode,
        "RoiAlign",
        REGIONS,
        opset=16,
        mode=_mode,
        output_height=3,
        output_width=2,
        sampling_ratio=2,
        spatial_scale=0.5,
    )

# --- shape ----------------------------------------------------------------------------------------------------------

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

# --- gather ---------------------------------------------------------------------------------------------------------

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

# --- scatter --------------------------------------------------------------------------------------------------------

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

# --- sort -----------------------------------------------------------------------------------------------------------

TIES = values(5, 33).round(1)
case("sort", "largest", "TopK", [TIES], {"k": np.array([4])}, outputs=2)
case("sort", "smallest of a column", "TopK", [TIES], {"k": np.array([3])}, outputs=2, axis=0, largest=0)
case("sort", "all of them, int32", "TopK", [integers(3, 17)], {"k": np.array([17])}, outputs=2)
case("sort", "a determinant", "Det", [values(3, 4, 4)])

# --- select ---------------------------------------------------------------------------------------------------------

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

# --- attention ------------------------------------------------------------------------------------------------------

QKV = [values(1, 4, 9, 8, seed=i) for i in range(3)]
case("attention", "four dimensions", "Attention", QKV, opset=23)
case("attention", "causal", "Attention", QKV, opset=23, is_causal=1)
case("attention", "a mask", "Attention", [*QKV, values(9, 9, seed=3)], opset=23)
case(
    "attention",
    "three dimensions",
    "Attention",
    [values(1, 9, 32, seed=i) for i in range(3)],
    opset=23,
    q_num_heads=4,
    kv_num_heads=4,
)
case("attention", "last axis", "RMSNormalization", [values(6, 24)], {"s": SCALE["s"]}, opset=23)

SHARED = [values(1, 4, 5, 8), values(1, 2, 5, 8, seed=1), values(1, 2, 5, 8, seed=2)]
case(
    "attention",
    "shared heads, causal, a past",
    "Attention",
    [*SHARED, values(1, 2, 3, 8, seed=3), values(1, 2, 3, 8, seed=4)],
    outputs=3,
    opset=23,
    operands=["x0", "x1", "x2", "", "x3", "x4"],
    is_causal=1,
)
case("attention", "softcap", "Attention", QKV, opset=23, softcap=1.5, scale=0.4)
ANGLES = {"c": values(20, 4, seed=1), "s": values(20, 4, seed=2)}
for _interleaved in (0, 1):
    case(
        "attention",
        f"interleaved {_interleaved}",
        "RotaryEmbedding",
        [values(2, 3, 5, 8), integers(2, 5, low=0, high=20, dtype=np.int64)],
        ANGLES,
        opset=23,
        operands=["x0", "c", "s", "x1"],
        interleaved=_interleaved,
    )
case(
    "attention",
    "a part of each head",
    "RotaryEmbedding",
    [values(2, 5, 36), integers(2, 5, low=0, high=20, dtype=np.int64)],
    ANGLES,
    opset=23,
    operands=["x0", "c", "s", "x1"],
    num_heads=3,
    rotary_embedding_dim=8,
)

# --- contrib: ONNX Runtime's own operators --------------------------------------------------------------------------


def contrib(name, op, inputs, weights=None, **options):
    case("contrib", name, op, inputs, weights, domain="com.microsoft", **options)


WIDE = values(2, 5, 24)
GAMMA = {"g": values(24, low=0.5, seed=1), "b": values(24, seed=2)}
contrib("gelu by tanh", "FastGelu", [WIDE])
contrib("a bias", "FastGelu", [WIDE], {"b": values(24, seed=1)})
contrib("a bias", "BiasGelu", [WIDE], {"b": values(24, seed=1)})
contrib("exact", "Gelu", [WIDE])
contrib("by sigmoid", "QuickGelu", [WIDE], alpha=1.702)
contrib(
    "a bias", "SkipLayerNormalization", [WIDE, values(2, 5, 24, seed=3)], {**GAMMA, "d": values(24, seed=4)}
)
contrib("gamma only", "SkipLayerNormalization", [WIDE, values(2, 5, 24, seed=3)], {"g": GAMMA["g"]})
contrib(
    "gamma only",
    "SkipSimplifiedLayerNormalization",
    [WIDE, values(2, 5, 24, seed=3)],
    {"g": GAMMA["g"]},
    epsilon=1e-5,
)
case(
    "contrib",
    "in ONNX's domain",
    "SimplifiedLayerNormalization",
    [WIDE],
    {"g": GAMMA["g"]},
    opset=17,
    epsilon=1e-5,
    axis=-1,
)
contrib(
    "words, positions and segments",
    "EmbedLayerNormalization",
    [integers(2, 5, low=0, high=30, dtype=np.int32), integers(2, 5, low=0, high=2, dtype=np.int32)],
    {"w": values(30, 24, seed=3), "p": values(9, 24, seed=4), "s": values(2, 24, seed=5), **GAMMA},
    outputs=2,
)
contrib(
    "transposed, scaled",
    "FusedMatMul",
    [values(3, 7, 5), values(3, 4, 7, seed=1)],
    transA=1,
    transB=1,
    alpha=0.25,
)
contrib("batches inside", "FusedMatMul", [values(7, 3, 5), values(3, 5, 4, seed=1)], transBatchA=1)
contrib(
    "relu",
    "FusedConv",
    [values(1, 3, 7, 8)],
    {"w": values(4, 3, 3, 3, seed=1), "b": values(4, seed=2)},
    activation="Relu",
)
contrib(
    "leaky relu",
    "FusedGemm",
    [values(5, 9)],
    {"w": values(9, 4, seed=1), "c": values(4, seed=2)},
    activation="LeakyRelu",
    activation_alpha=0.1,
)
PROJECTION = {"w": values(24, 72, low=-0.3, high=0.3, seed=1), "b": values(72, seed=2)}
contrib("two heads", "Attention", [WIDE], PROJECTION, num_heads=2)
contrib(
    "one-directional, a past",
    "Attention",
    [WIDE, values(2, 2, 2, 3, 12, seed=3)],
    PROJECTION,
    outputs=2,
    operands=["x0", "w", "b", "", "x1"],
    num_heads=2,
    unidirectional=1,
)
contrib(
    "lengths",
    "Attention",
    [WIDE, np.array([5, 2], np.int32)],
    PROJECTION,
    operands=["x0", "w", "b", "x1"],
    num_heads=2,
)
contrib(
    "a mask of keys",
    "Attention",
    [WIDE, integers(2, 5, low=0, high=2)],
    PROJECTION,
    operands=["x0", "w", "b", "x1"],
    num_heads=2,
)
contrib("self", "MultiHeadAttention", [WIDE, values(2, 5, 24, seed=1), values(2, 5, 24, seed=2)], num_heads=4)
contrib(
    "cross, a bias",
    "MultiHeadAttention",
    [WIDE, values(2, 7, 24, seed=1), values(2, 7, 24, seed=2)],
    {"b": values(72, seed=3)},
    num_heads=4,
)
contrib(
    "a past",
    "MultiHeadAttention",
    [
        WIDE,
        values(2, 5, 24, seed=1),
        values(2, 5, 24, seed=2),
        values(2, 4, 3, 6, seed=3),
        values(2, 4, 3, 6, seed=4),
    ],
    outputs=3,
    operands=["x0", "x1", "x2", "", "", "", "x3", "x4"],
    num_heads=4,
)
KEYS = [values(1, 3, 32, seed=1), values(1, 3, 32, seed=2)]
LENGTHS = {"n": np.array([6], np.int32), "t": np.array(7, np.int32)}
contrib(
    "a prompt",
    "GroupQueryAttention",
    [values(1, 3, 64), *KEYS],
    {"n": np.array([2], np.int32), "t": np.array(3, np.int32)},
    outputs=3,
    operands=["x0", "x1", "x2", "", "", "n", "t"],
    num_heads=4,
    kv_num_heads=2,
)
PAST = [values(1, 2, 4, 16, seed=3), values(1, 2, 4, 16, seed=4)]
HEADS = {"c": values(20, 8, seed=5), "s": values(20, 8, seed=6)}
for _name, _more in (
    ("a past", {}),
    ("angles", {"do_rotary": 1}),
    ("a window", {"local_window_size": 3}),
    ("softcap", {"softcap": 2.0}),
):
    contrib(
        _name,
        "GroupQueryAttention",
        [values(1, 3, 64), *KEYS, *PAST],
        {**LENGTHS, **HEADS},
        outputs=3,
        operands=["x0", "x1", "x2", "x3", "x4", "n", "t", *(["c", "s"] if "do_rotary" in _more else [])],
        num_heads=4,
        kv_num_heads=2,
        **_more,
    )
contrib(
    "packed, angles in pairs",
    "GroupQueryAttention",
    [values(1, 3, 128), *PAST],
    {**LENGTHS, **HEADS},
    outputs=3,
    operands=["x0", "", "", "x1", "x2", "n", "t", "c", "s"],
    num_heads=4,
    kv_num_heads=2,
    do_rotary=1,
    rotary_interleaved=1,
)
contrib(
    "positions",
    "RotaryEmbedding",
    [values(2, 5, 48), integers(2, 5, low=0, high=20, dtype=np.int64)],
    HEADS,
    num_heads=3,
)
contrib("the first position", "RotaryEmbedding", [values(2, 3, 5, 16), np.array([4])], HEADS, interleaved=1)

# --- graph ----------------------------------------------------------------------------------------------------------

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

control_cases.add_recurrent(case, values)
control_cases.add_control(chain, node, values)


# --- types ----------------------------------------------------------------------------------------------------------

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

# --- quantization ---------------------------------------------------------------------------------------------------

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


def info(name, value):
    value = np.asarray(value)
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)


def build(one: Case) -> tuple[onnx.ModelProto, list[np.ndarray]]:
    """The model, and ONNX Runtime's outputs for the case's inputs."""
    graph = helper.make_graph(
        one.nodes,
        "g",
        [info(name, value) for name, value in one.inputs.items()],
        [onnx.ValueInfoProto(name=name) for name in one.nodes[-1].output],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in one.weights.items()],
    )
    opsets = [helper.make_opsetid("", one.opset)]
    opsets += [helper.make_opsetid(domain, 1) for domain in {n.domain for n in one.nodes if n.domain}]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feed = {name: np.asarray(value) for name, value in one.inputs.items()}
    reference = [np.asarray(value) for value in session.run(None, feed)]
    # ONNX Runtime infers the outputs' types; the checker, and a user's model, have them.
    for output, value in zip(model.graph.output, reference, strict=True):
        output.CopyFrom(info(output.name, value))
    if all(
        n.op_type != "SimplifiedLayerNormalization" for n in one.nodes
    ):  # not in ONNX, though in its domain
        onnx.checker.check_model(model)
    return model, reference


def check(one: Case, mesh: str, target: str, folder: pathlib.Path) -> str:
    """Compiles, runs and compares; a line about it. ToolError or Difference if it is not right."""
    model, reference = build(one)
    path = folder / "model.onnx"
    onnx.save(model, path)
    options = ["--target", target, "--mesh", mesh]
    compiled = wafer_tools.compile_model(path, folder / "model.wafer", options, timeout=60)
    result = wafer_tools.run_image(compiled.image, one.inputs, folder / "run", timeout=60)
    worst = 0.0
    for output, value in zip(model.graph.output, reference, strict=True):
        error, excess = largest_excess(result.outputs[output.name], value, output.name)
        worst = max(worst, excess)
        if excess > 1:
            raise Difference(f"{output.name}: an error of {error:.3g}, {excess:.3g} times what is allowed")
    return f"{worst:.1%} of the allowed error, {result.stats['cycles']:,.0f} cycles"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("families", nargs="+", choices=[*FAMILIES, "all"], metavar="family")
    parser.add_argument("--mesh", nargs="+", default=["auto"], help="meshes to try each on (default: auto)")
    parser.add_argument("--target", default="wse2", help="machine (default: wse2)")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    args = parser.parse_args()
    count = failures = 0
    for family in FAMILIES if "all" in args.families else args.families:
        for one in FAMILIES[family]:
            for mesh in args.mesh:
                if args.only not in one.name:
                    continue
                count += 1
                with tempfile.TemporaryDirectory() as folder:
                    try:
                        line = check(one, mesh, args.target, pathlib.Path(folder))
                    except (wafer_tools.ToolError, Difference) as error:
                        failures += 1
                        line = f"NOT RIGHT\n{error}"
                print(f"{family}, mesh {mesh}: {one.name}: {line}", flush=True)
    print(f"{count} cases, {failures} not right")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
