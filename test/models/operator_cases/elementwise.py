"""Cases of operators.py: elementwise, broadcast."""

import numpy as np

from .case import case, integers, values

# elementwise
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


# broadcast
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
