"""Cases of operators.py: normalization."""

from .case import case, values

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
