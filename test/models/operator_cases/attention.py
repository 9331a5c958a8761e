"""Cases of operators.py: attention."""

import numpy as np

from .case import case, integers, values
from .normalization import SCALE

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
