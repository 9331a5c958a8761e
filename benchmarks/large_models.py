"""Writes models of known sizes with random weights, whose own weights are too large to keep here.

Usage: large_models.py NAME FILE.onnx

resnet50-thin  ResNet-50 with half of its channels, 3x224x224 (1.07 G multiply-adds)
resnet18       ResNet-18, 3x224x224 (1.81 G)
bert-base      12 layers of 768, 12 heads, 128 tokens, the last hidden states (10.9 G)
gpt2           124 M weights: one token after 128, its logits (0.12 G); keys and values come in and go out
decode-256     a decode layer of LLaMA's form: hidden 256, 4 heads on 2 of keys and values, one token after 256
decode-1024    hidden 1,024, 8 heads on 2, one token after 256
decode-8b      hidden 4,096, 32 heads on 8, one token after 4,096: a layer of 8B size, 864 MiB

Decode layers have the keys and values before the token as constants, as if they rested on the wafer.
"""

import argparse
import pathlib
from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Feed = dict[str, np.ndarray]


class Builder:
    """A graph in the making. Weights are random, as large as keeps activations near one."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.random = np.random.default_rng(0)

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def normal(self, *shape: int, scale: float) -> str:
        return self.constant(self.random.standard_normal(shape, np.float32) * np.float32(scale))

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def input(self, name: str, kind: int, *shape: int) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value: str, *shape: int) -> None:
        self.outputs.append(helper.make_tensor_value_info(value, TensorProto.FLOAT, shape))

    def linear(self, x: str, into: int, out: int) -> str:
        product = self.op("MatMul", x, self.normal(into, out, scale=into**-0.5))
        return self.op("Add", product, self.normal(out, scale=0.02))

    def norm(self, x: str, width: int) -> str:
        ones, zeros = self.constant(np.ones(width, np.float32)), self.constant(np.zeros(width, np.float32))
        return self.op("LayerNormalization", x, ones, zeros, axis=-1, epsilon=1e-5)

    def convolution(
        self, x: str, into: int, out: int, side: int, stride: int = 1, *, relu: bool = True
    ) -> str:
        """With the batch normalization folded into it, as models are shipped."""
        weight = self.normal(out, into, side, side, scale=(2 / (into * side * side)) ** 0.5)
        result = self.op(
            "Conv",
            x,
            weight,
            self.normal(out, scale=0.02),
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[side // 2] * 4,
        )
        return self.op("Relu", result) if relu else result

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, "random weights", self.inputs, self.outputs, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def _resnet(blocks: tuple[int, ...], stem: int, widths: tuple[int, ...], expansion: int) -> onnx.ModelProto:
    b = Builder()
    x = b.convolution(b.input("x", TensorProto.FLOAT, 1, 3, 224, 224), 3, stem, 7, 2)
    x = b.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = stem
    for stage, (count, width) in enumerate(zip(blocks, widths)):
        for block in range(count):
            stride = 2 if stage and not block else 1
            out = width * expansion
            if expansion == 1:
                y = b.convolution(b.convolution(x, channels, width, 3, stride), width, out, 3, relu=False)
            else:
                y = b.convolution(b.convolution(x, channels, width, 1), width, width, 3, stride)
                y = b.convolution(y, width, out, 1, relu=False)
            if channels != out or stride != 1:
                x = b.convolution(x, channels, out, 1, stride, relu=False)
            x = b.op("Relu", b.op("Add", x, y))
            channels = out
    x = b.op("Flatten", b.op("GlobalAveragePool", x))
    b.output(b.op("Softmax", b.linear(x, channels, 1000), axis=-1), 1, 1000)
    return b.model()


def _attention(b: Builder, x: str, tokens: int, width: int, heads: int, past: int = 0, layer: int = 0) -> str:
    size = width // heads

    def split(y: str) -> str:
        parts = b.op("Reshape", y, b.ints(1, tokens, heads, size))
        return b.op("Transpose", parts, perm=[0, 2, 1, 3])

    q, k, v = (split(b.linear(x, width, width)) for _ in range(3))
    if past:
        shape = (1, heads, past, size)
        k = b.op("Concat", b.input(f"past_k{layer}", TensorProto.FLOAT, *shape), k, axis=2)
        v = b.op("Concat", b.input(f"past_v{layer}", TensorProto.FLOAT, *shape), v, axis=2)
        for value in (k, v):
            b.output(value, 1, heads, past + tokens, size)
    scores = b.op("MatMul", q, b.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = b.op("Mul", scores, b.constant(np.array(size**-0.5, np.float32)))
    mixed = b.op("MatMul", b.op("Softmax", scores, axis=-1), v)
    joined = b.op("Reshape", b.op("Transpose", mixed, perm=[0, 2, 1, 3]), b.ints(1, tokens, width))
    return b.linear(joined, width, width)


def _bert(layers: int, width: int, heads: int, tokens: int) -> onnx.ModelProto:
    b = Builder()
    words = b.op("Gather", b.normal(30522, width, scale=1), b.input("ids", TensorProto.INT64, 1, tokens))
    x = b.norm(b.op("Add", words, b.normal(1, tokens, width, scale=1)), width)
    for layer in range(layers):
        x = b.norm(b.op("Add", x, _attention(b, x, tokens, width, heads)), width)
        inner = b.op("Gelu", b.linear(x, width, 4 * width))
        x = b.norm(b.op("Add", x, b.linear(inner, 4 * width, width)), width)
    b.output(x, 1, tokens, width)
    return b.model()


def _gpt2(layers: int, width: int, heads: int, past: int) -> onnx.ModelProto:
    b = Builder()
    table = b.normal(50257, width, scale=width**-0.5)
    x = b.op("Gather", table, b.input("ids", TensorProto.INT64, 1, 1))
    x = b.op("Add", x, b.normal(1, 1, width, scale=width**-0.5))  # of position 128
    for layer in range(layers):
        x = b.op("Add", x, _attention(b, b.norm(x, width), 1, width, heads, past, layer))
        inner = b.op("Gelu", b.linear(b.norm(x, width), width, 4 * width), approximate="tanh")
        x = b.op("Add", x, b.linear(inner, 4 * width, width))
    b.output(b.op("MatMul", b.norm(x, width), b.op("Transpose", table, perm=[1, 0])), 1, 1, 50257)
    return b.model()


def _rms_norm(b: Builder, x: str, width: int) -> str:
    square = b.op("ReduceMean", b.op("Mul", x, x), b.ints(-1), keepdims=1)
    root = b.op("Sqrt", b.op("Add", square, b.constant(np.array(1e-5, np.float32))))
    return b.op("Mul", b.op("Div", x, root), b.normal(width, scale=1))


def _rotated(b: Builder, x: str, size: int, cos: str, sin: str) -> str:
    """RoPE as decoders are exported: x cos + (-high half, low half) sin."""
    low = b.op("Slice", x, b.ints(0), b.ints(size // 2), b.ints(-1))
    high = b.op("Slice", x, b.ints(size // 2), b.ints(size), b.ints(-1))
    turned = b.op("Concat", b.op("Neg", high), low, axis=-1)
    return b.op("Add", b.op("Mul", x, cos), b.op("Mul", turned, sin))


def _decode_layer(
    b: Builder, x: str, cos: str, sin: str, width: int, heads: int, groups: int, inner: int, past: int
) -> str:
    size = width // heads

    def product(x: str, into: int, out: int) -> str:
        return b.op("MatMul", x, b.normal(into, out, scale=into**-0.5))

    y = _rms_norm(b, x, width)
    q, k, v = (product(y, width, n * size) for n in (heads, groups, groups))
    q = _rotated(b, b.op("Reshape", q, b.ints(heads, size)), size, cos, sin)
    k = _rotated(b, b.op("Reshape", k, b.ints(groups, size)), size, cos, sin)
    k, v = (b.op("Reshape", part, b.ints(groups, 1, size)) for part in (k, v))
    for part in (k, v):
        b.output(part, groups, 1, size)
    keys, values = (b.op("Concat", b.normal(groups, past, size, scale=1), part, axis=1) for part in (k, v))
    q = b.op("Reshape", q, b.ints(groups, heads // groups, size))
    scores = b.op("MatMul", q, b.op("Transpose", keys, perm=[0, 2, 1]))
    scores = b.op("Mul", scores, b.constant(np.array(size**-0.5, np.float32)))
    mixed = b.op("Reshape", b.op("MatMul", b.op("Softmax", scores, axis=-1), values), b.ints(1, width))
    x = b.op("Add", x, product(mixed, width, width))
    y = _rms_norm(b, x, width)
    gate, up = (product(y, width, inner) for _ in range(2))
    y = b.op("Mul", b.op("Mul", gate, b.op("Sigmoid", gate)), up)
    return b.op("Add", x, product(y, inner, width))


def decode(layers: int, width: int, heads: int, groups: int, inner: int, past: int) -> onnx.ModelProto:
    """One token through layers of LLaMA's form, `past` tokens after others. Keys and values of these are constants."""
    b = Builder()
    x = b.input("x", TensorProto.FLOAT, 1, width)
    cos, sin = (b.input(name, TensorProto.FLOAT, 1, width // heads) for name in ("cos", "sin"))
    for _ in range(layers):
        x = _decode_layer(b, x, cos, sin, width, heads, groups, inner, past)
    b.output(x, 1, width)
    return b.model()


MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    "resnet50-thin": lambda: _resnet((3, 4, 6, 3), 64, (32, 64, 128, 256), 4),
    "resnet18": lambda: _resnet((2, 2, 2, 2), 64, (64, 128, 256, 512), 1),
    "bert-base": lambda: _bert(12, 768, 12, 128),
    "gpt2": lambda: _gpt2(12, 768, 12, 128),
    "decode-256": lambda: decode(1, 256, 4, 2, 896, 256),
    "decode-1024": lambda: decode(1, 1024, 8, 2, 3584, 256),
    "decode-8b": lambda: decode(1, 4096, 32, 8, 14336, 4096),
}


def write(name: str, path: pathlib.Path) -> Feed:
    """Writes a model; returns inputs for it."""
    model = MODELS[name]()
    onnx.save(model, path)
    random = np.random.default_rng(1)
    feed = {}
    for value in model.graph.input:
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        if value.type.tensor_type.elem_type == TensorProto.INT64:
            feed[value.name] = random.integers(0, 30000, shape, dtype=np.int64)
        else:
            feed[value.name] = random.standard_normal(shape, np.float32)
    return feed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=MODELS)
    parser.add_argument("file", type=pathlib.Path)
    args = parser.parse_args()
    for name, array in write(args.name, args.file).items():
        print(f"{name}: {array.dtype}{list(array.shape)}")


if __name__ == "__main__":
    main()
