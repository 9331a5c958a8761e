"""Cases of operators.py: convolution, pooling."""

from .case import case, values


# convolution
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


# pooling
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
