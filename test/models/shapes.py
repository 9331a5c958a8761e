"""Models whose shapes are the hard part, against ONNX Runtime: long dimensions, reshapes that merge or split dimensions
of any extent, many dimensions, many operands.

Usage: shapes.py [NAME ...] [--mesh WxH ...] [--target T]

Every model has meshes of its own; --mesh takes others.
"""

import argparse
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools
from same_numbers import Difference, largest_excess


@dataclass
class Model:
    """A graph under construction; values that nodes make are numbered."""

    random: np.random.Generator
    nodes: list = field(default_factory=list)
    weights: list = field(default_factory=list)
    feed: dict[str, np.ndarray] = field(default_factory=dict)

    def input(self, *shape: int, offset: float = 0) -> str:
        name = f"x{len(self.feed)}"
        self.feed[name] = (self.random.standard_normal(shape) + offset).astype(np.float32)
        return name

    def weight(self, value) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def normal(self, *shape: int, scale: float = 1) -> str:
        return self.weight((scale * self.random.standard_normal(shape)).astype(np.float32))

    def ints(self, *values: int) -> str:
        return self.weight(np.array(values, np.int64))

    def node(self, op: str, *operands: str, **attributes) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, operands, [name], name=f"{op}-{name}", **attributes))
        return name

    def reshape(self, x: str, *shape: int) -> str:
        return self.node("Reshape", x, self.ints(*shape))

    def proto(self, result: str) -> onnx.ModelProto:
        inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, v.shape) for n, v in self.feed.items()]
        outputs = [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)]
        graph = helper.make_graph(self.nodes, "shapes", inputs, outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        return onnx.shape_inference.infer_shapes(model)


CASES: dict[str, tuple[Callable[[Model], str], list[str]]] = {}


def case(*meshes: str):
    def note(build):
        CASES[build.__name__] = (build, list(meshes))
        return build

    return note


@case("8x8", "7x5", "1x8")
def flattened_input(m: Model) -> str:
    """Rows of an input are a PE's at any place of theirs."""
    return m.node("MatMul", m.node("Flatten", m.input(1, 3, 40, 40)), m.normal(4800, 10, scale=0.01))


@case("8x8", "7x5", "12x3")
def flattened_activation(m: Model) -> str:
    """Three channels do not go around: the merged dimension is cut inside a channel and inside a row."""
    x = m.node("Relu", m.input(1, 3, 44, 36))
    return m.node("MatMul", m.node("Flatten", x), m.normal(3 * 44 * 36, 6, scale=0.02))


@case("8x8", "9x4")
def merged_and_shifted(m: Model) -> str:
    """Neither side can take the other's dimensions: a window over all of it, between two splits."""
    x = m.node("Tanh", m.input(3, 540))
    flat = m.reshape(x, 1, 1, 1620)
    y = m.node("MaxPool", flat, kernel_shape=[3], strides=[1], pads=[1, 1])
    return m.node("Softmax", m.reshape(y, 4, 405), axis=0)


@case("8x8", "5x7")
def boxes_of_three_scales(m: Model) -> str:
    """What detectors end in: maps of several sizes, flattened and one behind the other."""
    parts = []
    for side in (12, 6, 3):
        x = m.node("Sigmoid", m.input(1, 10, side, side))
        x = m.node("Transpose", m.reshape(x, 1, 2, 5, side, side), perm=[0, 1, 3, 4, 2])
        parts.append(m.reshape(x, 1, 2 * side * side, 5))
    return m.node("Concat", *parts, axis=1)


@case("6x6", "16x2")
def split_of_what_does_not_divide(m: Model) -> str:
    x = m.node("Neg", m.input(2310))
    return m.node("ReduceMax", m.reshape(x, 7, 11, 30), m.ints(0, 2), keepdims=0)


@case("32x32", "20x30")
def long_vector(m: Model) -> str:
    """More than one side of a region holds."""
    return m.node("Mul", m.input(500_000), m.weight(np.float32(0.5)))


@case("64x64")
def vector_in_rows_and_columns(m: Model) -> str:
    """Longer than all rows that the host has lanes for."""
    x = m.input(1, 1_000_000)
    return m.node("Add", m.node("Mul", x, m.weight(np.float32(0.5))), m.normal(1_000_000))


@case("32x32", "24x24")
def long_window(m: Model) -> str:
    return m.node("MaxPool", m.input(1, 1, 120_000), kernel_shape=[3], strides=[1])


@case("8x8", "3x5")
def window_of_three_dimensions(m: Model) -> str:
    return m.node("MaxPool", m.input(2, 3, 5, 5, 5), kernel_shape=[2, 2, 2], strides=[2, 2, 2])


@case("8x8", "5x3")
def moves_of_six_dimensions(m: Model) -> str:
    x = m.node("Abs", m.input(2, 3, 4, 3, 2, 5))
    padded = m.node("Pad", x, m.ints(1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1), m.weight(np.float32(-1)))
    cut = m.node("Slice", padded, m.ints(0, 1, 1, 0, 0, 1), m.ints(3, 4, 5, 4, 3, 6))
    return m.node("Transpose", cut, perm=[5, 3, 1, 4, 2, 0])


@case("8x8", "3x5")
def rows_of_five_dimensions(m: Model) -> str:
    return m.node("Gather", m.input(4, 2, 3, 2, 3, 2), m.ints(2, 0, 3), axis=0)


@case("8x8", "1x1", "5x3")
def reductions_of_booleans(m: Model) -> str:
    bits = m.node("Greater", m.input(9, 23), m.weight(np.float32(1.5)))
    most = m.node("Cast", m.node("ReduceMax", bits, m.ints(1)), to=TensorProto.FLOAT)
    least = m.node("Cast", m.node("ReduceMin", bits, m.ints(0)), to=TensorProto.FLOAT)
    return m.node("Add", most, least)


@case("1x1", "8x8", "7x3")
def long_row_with_an_offset(m: Model) -> str:
    x = m.input(2, 768, offset=100)
    return m.node("LayerNormalization", x, m.normal(768), m.normal(768))


@case("4x4", "16x16")
def longer_row_with_a_larger_offset(m: Model) -> str:
    return m.node("LayerNormalization", m.input(2, 6000, offset=1000), m.normal(6000))


@case("4x4", "8x8")
def image_with_an_offset(m: Model) -> str:
    x = m.input(1, 4, 40, 40, offset=100)
    return m.node("InstanceNormalization", x, m.normal(4), m.normal(4))


@case("2x2", "8x8")
def groups_with_an_offset(m: Model) -> str:
    """A small one: ONNX Runtime takes the difference of two large sums."""
    x = m.input(1, 8, 20, 20, offset=3)
    return m.node("GroupNormalization", x, m.normal(8), m.normal(8), num_groups=2)


@case("1x1", "4x4")
def sum_of_a_long_row(m: Model) -> str:
    """A mean of values that are nearly the same, less what it must be."""
    x = m.input(3, 2000, offset=300)
    return m.node("Sub", m.node("ReduceMean", x, m.ints(1)), m.weight(np.float32(299)))


@case("16x16")
def concatenation_of_many(m: Model) -> str:
    x = m.input(2, 8)
    parts = [m.node("Mul", x, m.weight(np.float32(i))) for i in range(100)]
    return m.node("Concat", *parts, axis=1)


@case("8x8")
def sum_of_many(m: Model) -> str:
    x = m.input(2, 8)
    return m.node("Sum", *(m.node("Sin", m.node("Mul", x, m.weight(np.float32(i)))) for i in range(60)))


@case("4x8")
def sums_in_chunks(m: Model) -> str:
    """A step of the loop makes less than a PE's block of the result, which goes to its place in two passes."""
    return m.node("CumSum", m.input(16384, offset=3), m.weight(np.int64(0)))


def check(name: str, build, options: list[str]) -> str:
    model = Model(np.random.default_rng(len(name)))
    proto = model.proto(build(model))
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    reference = session.run(None, model.feed)[0]
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        onnx.save(proto, folder / "model.onnx")
        start = time.perf_counter()
        image = wafer_tools.compile_model(folder / "model.onnx", folder / "model.wafer", options).image
        seconds = time.perf_counter() - start
        result = wafer_tools.run_image(image, model.feed, folder / "run")
    error, excess = largest_excess(result.outputs[proto.graph.output[0].name], reference, name)
    if excess > 1:
        raise Difference(f"an error of {error:.3g}, {excess:.3g} times what is allowed")
    return f"right, {result.stats['cycles']:,} cycles, compiled in {seconds:.1f} s"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}")
    parser.add_argument("--mesh", nargs="+")
    parser.add_argument("--target", default="wse2", help="machine (default: wse2)")
    args = parser.parse_args()
    runs = failures = 0
    for name in args.names or CASES:
        build, meshes = CASES[name]
        for mesh in args.mesh or meshes:
            runs += 1
            try:
                verdict = check(name, build, ["--target", args.target, "--mesh", mesh])
            except (wafer_tools.ToolError, Difference) as error:
                failures += 1
                verdict = f"NOT RIGHT: {error}"
            print(f"{name} on {mesh}: {verdict}", flush=True)
    print(f"{runs} runs, {failures} not right")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
