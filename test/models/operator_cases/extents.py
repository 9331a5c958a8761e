"""Cases of operators.py: extents that only the run tells."""

import numpy as np

from .case import case, chain, integers, node, values


def boxes(*shape, seed=0, centers=False):
    """Boxes that overlap now and then."""
    random = np.random.default_rng(seed)
    middle, size = random.uniform(0, 10, (*shape, 2)), random.uniform(1, 4, (*shape, 2))
    parts = [middle, size] if centers else [middle - size / 2, middle + size / 2]
    return np.concatenate(parts, axis=-1).astype(np.float32)


def suppression(name, batches, classes, count, most, iou=0.3, score=None, runtime=False, **attributes):
    tied = values(batches, classes, count, low=0, high=1, seed=3).round(2)
    limits = {"k": np.int64(most), "i": np.float32(iou)}
    if score is not None:
        limits["s"] = np.float32(score)
    given = {"b": boxes(batches, count, centers=bool(attributes.get("center_point_box"))), "p": tied}
    case(
        "extents",
        name,
        "NonMaxSuppression",
        given | (limits if runtime else {}),
        {} if runtime else limits,
        **attributes,
    )


suppression("the best two", 1, 1, 12, 2)
suppression("two batches of three classes", 2, 3, 17, 6, score=0.4)
suppression("limits at run time", 1, 2, 9, 5, score=0.2, runtime=True)
suppression("none is good enough", 1, 2, 9, 5, score=2.0)
suppression("centers", 1, 2, 21, 8, center_point_box=1)
suppression("all of them", 1, 1, 8, 100, iou=1.0)
chain(
    "extents",
    "the boxes that were selected",
    [
        node("NonMaxSuppression", ["b", "p", "k", "i", "s"], ["n"]),
        node("Gather", ["n", "two"], ["m"], axis=1),
        node("Squeeze", ["m", "one"], ["which"]),
        node("Squeeze", ["b", "zero"], ["flat"]),
        node("Gather", ["flat", "which"], ["chosen"], axis=0),
        node("Mul", ["chosen", "scale"], ["y"]),
    ],
    {"b": boxes(1, 20), "p": values(1, 2, 20, low=0, high=1, seed=3)},
    {
        "k": np.int64(4),
        "i": np.float32(0.4),
        "s": np.float32(0.3),
        "two": np.array([2]),
        "one": np.array([1]),
        "zero": np.array([0]),
        "scale": np.float32(640),
    },
)
chain(
    "extents",
    "the scores that were selected, by places in the scores",
    [
        node("NonMaxSuppression", ["b", "p", "k", "i"], ["n"]),
        node("Slice", ["n", "from", "to", "axes"], ["places"]),
        node("Squeeze", ["p", "zero"], ["flat"]),
        node("GatherND", ["flat", "places"], ["y"]),
    ],
    {"b": boxes(1, 20, seed=4), "p": values(1, 2, 20, low=0, high=1, seed=5)},
    {
        "k": np.int64(6),
        "i": np.float32(0.2),
        "from": np.array([1]),
        "to": np.array([3]),
        "axes": np.array([1]),
        "zero": np.array([0]),
    },
)

case("extents", "[4, 5]", "NonZero", [integers(4, 5, low=0, high=2)])
case("extents", "all zero", "NonZero", [np.zeros((3, 4), np.float32)])
case("extents", "three dimensions", "NonZero", [values(2, 3, 4).round()])
case("extents", "no elements", "NonZero", [np.zeros((2, 0), np.float32)])
case("extents", "an empty condition", "Compress", [values(6, 5), np.zeros(0, bool)], axis=0)
case("extents", "rows", "Compress", [values(6, 5), np.array([0, 1, 1, 0, 1], bool)], axis=0)
case("extents", "columns", "Compress", [values(6, 5), np.array([0, 1, 1, 0, 1], bool)], axis=-1)
case("extents", "elements", "Compress", [values(3, 4), np.arange(11) % 3 == 1])
for _sorted in (0, 1):
    case(
        "extents",
        f"sorted={_sorted}",
        "Unique",
        [integers(37, low=0, high=9, dtype=np.int64)],
        outputs=4,
        sorted=_sorted,
    )
    case("extents", f"floats, sorted={_sorted}", "Unique", [values(5, 6).round()], outputs=4, sorted=_sorted)
    case(
        "extents",
        f"columns, sorted={_sorted}",
        "Unique",
        [integers(3, 19, low=0, high=2, dtype=np.int64)],
        outputs=4,
        axis=1,
        sorted=_sorted,
    )
for _axis in (0, 1, -1):
    case("extents", f"axis {_axis} at run time", "CumSum", {"x": values(5, 7), "a": np.int64(_axis)})
for _k in (-2, 1):
    case("extents", f"k = {_k} at run time", "Trilu", {"x": values(5, 7), "k": np.int64(_k)}, upper=0)
