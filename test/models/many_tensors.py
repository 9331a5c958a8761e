"""Compiles graphs with more inputs, outputs and streams than a router has colors, and holds them against ONNX Runtime.

Usage: many_tensors.py [GRAPH ...] [--target T] [--sram BYTES] [options of wafer-compile, as --mesh=auto]

Graphs: wide (64 inputs, 64 outputs), cache (a decoder of 12 layers whose past and present are inputs and outputs),
detector (10 outputs of 5 scales), shared (an input that 24 branches read, each with an output), fan (300 branches into
one Concat and one Sum). --sram makes cores with less memory, so that they take several regions. For each graph there
is a line with its regions, nets and the colors used; the exit code is 0 only if all outputs are right.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools
from random_graphs import smaller_memory
from same_numbers import Difference, largest_excess


class Builder:
    """A graph of float tensors under construction."""

    def __init__(self):
        self.random = np.random.default_rng(7)
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []

    def input(self, name: str, *shape: int) -> str:
        self.inputs.append((name, shape))
        return name

    def weight(self, *shape: int) -> str:
        values = self.random.uniform(-1, 1, shape).astype(np.float32) / np.float32(np.sqrt(shape[0]))
        self.weights.append(numpy_helper.from_array(values, f"w{len(self.weights)}"))
        return self.weights[-1].name

    def ints(self, *values: int) -> str:
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), f"w{len(self.weights)}"))
        return self.weights[-1].name

    def add(self, op: str, *operands: str, **attributes) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, operands, [name], name=f"{op}-{name}", **attributes))
        return name

    def output(self, name: str, tensor: str) -> None:
        self.nodes.append(helper.make_node("Identity", [tensor], [name], name=name))
        self.outputs.append(name)

    def model(self) -> onnx.ModelProto:
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "many-tensors",
            [info(name, onnx.TensorProto.FLOAT, shape) for name, shape in self.inputs],
            [info(name, onnx.TensorProto.FLOAT, None) for name in self.outputs],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        return onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)

    def feed(self) -> dict[str, np.ndarray]:
        return {name: self.random.uniform(-1, 1, shape).astype(np.float32) for name, shape in self.inputs}


def wide(b: Builder) -> None:
    names = [b.input(f"x{i}", 1 + i % 5, 8 + i % 3) for i in range(64)]
    for i, name in enumerate(names):
        product = b.add("MatMul", name, b.weight(8 + i % 3, 6))
        total = b.add("ReduceSum", names[(i + 7) % 64], keepdims=0)
        b.output(f"y{i}", b.add("Add", b.add("Tanh", product), total))


def cache(b: Builder, layers: int = 12, past: int = 24, heads: int = 4, size: int = 16) -> None:
    width = heads * size
    hidden = b.input("x", 1, width)
    for layer in range(layers):

        def split(tensor: str) -> str:
            return b.add("Transpose", b.add("Reshape", tensor, b.ints(1, heads, size)), perm=[1, 0, 2])

        q, k, v = (split(b.add("MatMul", hidden, b.weight(width, width))) for _ in range(3))
        k = b.add("Concat", b.input(f"past.{layer}.key", heads, past, size), k, axis=1)
        v = b.add("Concat", b.input(f"past.{layer}.value", heads, past, size), v, axis=1)
        scores = b.add("MatMul", q, b.add("Transpose", k, perm=[0, 2, 1]))
        context = b.add("MatMul", b.add("Softmax", scores, axis=-1), v)
        joined = b.add("Reshape", b.add("Transpose", context, perm=[1, 0, 2]), b.ints(1, width))
        hidden = b.add("Add", hidden, b.add("MatMul", joined, b.weight(width, width)))
        inner = b.add("Relu", b.add("MatMul", hidden, b.weight(width, 2 * width)))
        hidden = b.add("Add", hidden, b.add("MatMul", inner, b.weight(2 * width, width)))
        b.output(f"present.{layer}.key", k)
        b.output(f"present.{layer}.value", v)
    b.output("y", hidden)


def detector(b: Builder) -> None:
    x = b.input("image", 1, 3, 64, 64)
    channels = 3
    for level in range(5):
        out = 8 * (level + 1)
        x = b.add("Relu", b.add("Conv", x, b.weight(out, channels, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1]))
        channels = out
        b.output(f"scores{level}", b.add("Sigmoid", b.add("Conv", x, b.weight(6, channels, 1, 1))))
        b.output(f"boxes{level}", b.add("Conv", x, b.weight(4, channels, 1, 1)))


def shared(b: Builder) -> None:
    x = b.input("x", 16, 32)
    for i in range(24):
        y = b.add("MatMul", x, b.weight(32, 48))
        y = b.add("MatMul", b.add("Tanh", y), b.weight(48, 16))
        x2 = b.input(f"bias{i}", 16)
        b.output(f"y{i}", b.add("Add", y, x2))


def fan(b: Builder) -> None:
    x = b.input("x", 2, 8)
    branches = [b.add("Mul", x, b.weight(2, 8)) for _ in range(300)]
    b.output("joined", b.add("Concat", *branches, axis=1))
    b.output("sum", b.add("Sum", *branches))


GRAPHS = {"wide": wide, "cache": cache, "detector": detector, "shared": shared, "fan": fan}


def check(name: str, options: list[str], folder: pathlib.Path) -> str:
    builder = Builder()
    GRAPHS[name](builder)
    path = folder / f"{name}.onnx"
    onnx.save(builder.model(), path)
    feed = builder.feed()
    reference = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, feed)
    compiled = wafer_tools.compile_model(path, folder / f"{name}.wafer", options, timeout=300)
    result = wafer_tools.run_image(compiled.image, feed, folder / name, timeout=300)
    for output, value in zip(builder.outputs, reference, strict=True):
        if largest_excess(result.outputs[output], value, output)[1] > 1:
            raise Difference(f"{name}: {output} differs")
    report = compiled.report
    nets = {(stream["from"], *stream["to"]) for stream in report["streams"]}
    mesh = report["mesh"]
    return (
        f"{name}: right, mesh {mesh['width']}x{mesh['height']}, {len(report['regions'])} regions, {len(nets)} nets, "
        f"{report['colors']['used']} of {report['colors']['limit']} colors, compiled in {compiled.seconds:.1f} s, "
        f"{result.stats['cycles']:,.0f} cycles, estimated "
        f"{max(region['estimated_cycles'] for region in report['regions']):,}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("graphs", nargs="*", metavar="GRAPH", help=f"of {', '.join(GRAPHS)} (default: all)")
    parser.add_argument("--target", default="wse2", help="machine: a name or a JSON file")
    parser.add_argument("--sram", type=int, help="bytes of a core, less than the target's")
    args, options = parser.parse_known_args()
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        target = smaller_memory(args.target, args.sram, folder) if args.sram else args.target
        for name in args.graphs or GRAPHS:
            try:
                print(check(name, ["--target", target, *options], folder), flush=True)
            except (wafer_tools.ToolError, Difference) as error:
                failures += 1
                print(f"{name}: NOT RIGHT\n{error}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
