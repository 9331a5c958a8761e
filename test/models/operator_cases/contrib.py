"""Cases of operators.py: contrib."""

import numpy as np

from .case import case, integers, values


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
