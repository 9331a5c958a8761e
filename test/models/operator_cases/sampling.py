"""Cases of operators.py: resize, sampling."""

import numpy as np

from .case import case, integers, values

# resize
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


# sampling
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
