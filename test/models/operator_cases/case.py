"""What a case of operators.py is, and how families of them are written down."""

import dataclasses

import numpy as np
from onnx import TensorProto, helper

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
