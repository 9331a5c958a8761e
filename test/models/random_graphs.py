"""Compiles random graphs, runs them on the emulator and holds them against ONNX Runtime.

Usage: random_graphs.py [--first N] [--count N] [--nodes N] [--elements N] [--mesh WxH ...] [--target T]
                        [--sram BYTES] [--loop STEPS] [--keep FOLDER]

Graph number N is the same everywhere. Operators are those that move data in different ways: elementwise with
broadcasting, products, reductions, windows, reshapes, transposes, slices, concatenations, pads and gathers, on ranks one
to five with odd extents. A graph that does not fit its mesh, or whose streams do not, counts as refused, anything else
that is no result is a failure. --sram makes cores with less memory, so that small graphs take several regions and work
in chunks; --loop makes each graph the body of a Scan, which carries its first input and is given a slice of the others
in every step; --keep saves the models of failures.
"""

import argparse
import json
import pathlib
import sys
import tempfile
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools
from same_numbers import Difference, largest_excess

EXTENTS = (1, 2, 3, 4, 5, 7, 8, 11, 13)
# Differences of equal numbers: values are about one, and a result that should be zero is what rounding leaves.
ROUNDING = 2e-6
# No plan fits; a net cannot be routed; no routes were found.
NO_ROOM = ("WF3001", "WF5000", "WF5001")


class Graph:
    """A graph under construction, with the shape of each of its tensors."""

    def __init__(self, number: int, nodes: int, most_elements: int):
        self.most_elements = most_elements
        self.random = np.random.default_rng(number)
        self.nodes: list[onnx.NodeProto] = []
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.weights: dict[str, np.ndarray] = {}
        self.inputs: dict[str, np.ndarray] = {}
        for i in range(self.random.integers(1, 3)):
            shape = self.random_shape()
            self.inputs[f"x{i}"] = self.values(shape)
            self.shapes[f"x{i}"] = shape
        while len(self.nodes) < nodes:
            self.grow()

    def one_of(self, things):
        return things[self.random.integers(len(things))]

    def values(self, shape) -> np.ndarray:
        return self.random.uniform(-1, 1, shape).astype(np.float32)

    def random_shape(self) -> tuple[int, ...]:
        while True:
            shape = tuple(int(self.one_of(EXTENTS)) for _ in range(self.random.integers(1, 6)))
            if np.prod(shape) <= self.most_elements:
                return shape

    def weight(self, value) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = np.asarray(value)
        return name

    def ints(self, *values) -> str:
        return self.weight(np.array(values, np.int64))

    def add(self, op: str, operands: list[str], shape, **attributes) -> None:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, operands, [name], name=f"{op}-{name}", **attributes))
        self.shapes[name] = tuple(int(extent) for extent in shape)

    def grow(self) -> None:
        # Late tensors are read more often: the graph is deep, with long-lived values in between.
        names = list(self.shapes)
        x = names[max(0, len(names) - 1 - int(self.random.exponential(1.5)))]
        self.one_of(GROWTHS)(self, x, self.shapes[x])

    def model(self, steps: int = 0) -> onnx.ModelProto:
        """With `steps`: the graph as the body of a Scan that makes so many."""
        read = {name for node in self.nodes for name in node.input}
        results = [node.output[0] for node in self.nodes if node.output[0] not in read]
        others = [node.output[0] for node in self.nodes if node.output[0] in read]
        if others and self.random.random() < 0.3:
            results.append(self.one_of(others))  # an output that is read, too

        def info(name):
            return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, self.shapes[name])

        nodes = self.nodes
        if steps:
            nodes = [self.scan(results, steps, info)]
            results = list(nodes[0].output)
        graph = helper.make_graph(
            nodes,
            "random",
            [info(name) for name in self.inputs],
            [info(name) for name in results],
            [numpy_helper.from_array(value, name) for name, value in self.weights.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        onnx.checker.check_model(model)
        return model

    def scan(self, results: list[str], steps: int, info: Callable) -> onnx.NodeProto:
        """A Scan with the graph as its body; inputs and shapes are then those around it."""
        state, *scanned = self.inputs
        # The next state is bounded, and made of the latest tensor that has its shape: maybe of the state alone.
        last = [name for name, shape in self.shapes.items() if shape == self.shapes[state]][-1]
        nodes = [*self.nodes, helper.make_node("Tanh", [last], ["next"], name="Tanh-next")]
        self.shapes["next"] = self.shapes[state]
        body = helper.make_graph(
            nodes, "body", [info(n) for n in self.inputs], [info(n) for n in ["next", *results]]
        )
        backward = [int(self.random.integers(2)) for _ in scanned]
        for name in scanned:
            self.shapes[name] = (steps, *self.shapes[name])
            self.inputs[name] = self.values(self.shapes[name])
        for name in results:
            self.shapes[f"{name}s"] = (steps, *self.shapes[name])
        attributes = {"scan_input_directions": backward} if scanned else {}
        return helper.make_node(
            "Scan",
            [state, *scanned],
            ["next", *(f"{name}s" for name in results)],
            name="scan",
            body=body,
            num_scan_inputs=len(scanned),
            **attributes,
        )


def unary(g: Graph, x, shape):
    g.add(g.one_of(("Relu", "Tanh", "Sigmoid", "Neg", "Abs", "Sin", "HardSwish")), [x], shape)


def binary(g: Graph, x, shape):
    """With a tensor of the same shape, or with a weight that is broadcast."""
    same = [name for name, other in g.shapes.items() if other == shape]
    y = g.one_of(same)
    if g.random.random() < 0.5:
        partial = [extent if g.random.random() < 0.6 else 1 for extent in shape]
        y = g.weight(g.values(partial[g.random.integers(len(shape)) :] if shape else ()))
    g.add(g.one_of(("Add", "Sub", "Mul", "Max", "Min")), [x, y] if g.random.random() < 0.5 else [y, x], shape)


def outer(g: Graph, x, shape):
    """Both operands are broadcast."""
    y = g.one_of(list(g.shapes))
    try:
        result = np.broadcast_shapes(shape, g.shapes[y])
    except ValueError:
        return
    if np.prod(result) <= g.most_elements:
        g.add("Add", [x, y], result)


def product(g: Graph, x, shape):
    if len(shape) < 2:
        return
    n = int(g.one_of(EXTENTS))
    scale = np.float32(1 / np.sqrt(shape[-1]))
    batch = shape[:-2] if g.random.random() < 0.3 else ()
    if np.prod(shape[:-1]) * n <= g.most_elements:
        g.add("MatMul", [x, g.weight(scale * g.values((*batch, shape[-1], n)))], (*shape[:-1], n))


def own_product(g: Graph, x, shape):
    """x times its own transpose: both operands are computed."""
    if len(shape) < 2 or np.prod(shape[:-1]) * shape[-2] > g.most_elements:
        return
    turned = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
    g.add("Transpose", [x], [shape[axis] for axis in turned], perm=turned)
    g.add("MatMul", [x, g.nodes[-1].output[0]], (*shape[:-1], shape[-2]))
    scale = g.weight(np.float32(1 / shape[-1]))
    g.add("Mul", [g.nodes[-1].output[0], scale], (*shape[:-1], shape[-2]))


def reduction(g: Graph, x, shape):
    rank = len(shape)
    if not rank:
        return
    axes = sorted(int(a) for a in g.random.permutation(rank)[: g.random.integers(1, rank + 1)])
    keep = bool(g.random.integers(2))
    result = [1 if a in axes else extent for a, extent in enumerate(shape) if keep or a not in axes]
    op = g.one_of(("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2"))
    g.add(op, [x, g.ints(*axes)], result, keepdims=int(keep))
    if op in ("ReduceSum", "ReduceL2"):
        count = np.prod([shape[a] for a in axes])
        g.add("Mul", [g.nodes[-1].output[0], g.weight(np.float32(1 / count))], result)


def softmax(g: Graph, x, shape):
    if shape:
        g.add("Softmax", [x], shape, axis=int(g.random.integers(len(shape))))


def normalization(g: Graph, x, shape):
    if shape and shape[-1] > 2:
        g.add("LayerNormalization", [x, g.weight(g.values(shape[-1:]))], shape, axis=-1, epsilon=1e-2)


def transpose(g: Graph, x, shape):
    if not shape:
        return
    order = [int(axis) for axis in g.random.permutation(len(shape))]
    g.add("Transpose", [x], [shape[axis] for axis in order], perm=order)


def reshape(g: Graph, x, shape):
    """Factors of the extents are dealt to a new number of dimensions, in order."""
    factors = [f for extent in shape for f in (prime_factors(extent) or [1])]
    cuts = sorted(int(c) for c in g.random.integers(0, len(factors) + 1, g.random.integers(0, 4)))
    parts = [factors[a:b] for a, b in zip([0, *cuts], [*cuts, len(factors)])]
    result = [int(np.prod(part)) if part else 1 for part in parts]
    g.add("Reshape", [x, g.ints(*result)], result)


def prime_factors(n: int) -> list[int]:
    for p in range(2, n + 1):
        if n % p == 0:
            return [p, *prime_factors(n // p)]
    return []


def slices(g: Graph, x, shape):
    if not shape:
        return
    begins, ends, steps, result = [], [], [], []
    for extent in shape:
        low, high = sorted(int(i) for i in g.random.integers(0, extent, 2))
        step = int(g.one_of((1, 1, 1, 2, 3, -1)))
        count = (high - low) // abs(step) + 1
        begins.append(low if step > 0 else high)
        ends.append(high + 1 if step > 0 else low - 1 - (extent if low == 0 else 0))
        steps.append(step)
        result.append(count)
    axes = range(len(shape))
    g.add("Slice", [x, g.ints(*begins), g.ints(*ends), g.ints(*axes), g.ints(*steps)], result)


def concat(g: Graph, x, shape):
    if not shape:
        return
    axis = int(g.random.integers(len(shape)))

    def fits(other):
        return len(other) == len(shape) and all(
            a == b for i, (a, b) in enumerate(zip(other, shape)) if i != axis
        )

    parts = [x, g.one_of([name for name, other in g.shapes.items() if fits(other)])]
    if g.random.random() < 0.3:
        extra = [*shape]
        extra[axis] = int(g.one_of(EXTENTS))
        name = g.weight(g.values(extra))
        parts.insert(int(g.random.integers(3)), name)
    sizes = [(g.weights[p].shape if p in g.weights else g.shapes[p])[axis] for p in parts]
    result = [*shape]
    result[axis] = sum(sizes)
    if np.prod(result) <= g.most_elements:
        g.add("Concat", parts, result, axis=axis)


def pad(g: Graph, x, shape):
    if not shape:
        return
    low = [int(v) for v in g.random.integers(0, 3, len(shape))]
    high = [int(v) for v in g.random.integers(0, 3, len(shape))]
    result = [a + extent + b for a, extent, b in zip(low, shape, high)]
    if np.prod(result) <= g.most_elements:
        value = g.weight(np.float32(g.random.integers(2)))
        g.add("Pad", [x, g.ints(*low, *high), value], result)


def own_padding(g: Graph, x, shape):
    if not shape:
        return
    axis = int(g.random.integers(len(shape)))
    low, high = [0] * len(shape), [0] * len(shape)
    low[axis], high[axis] = min(2, shape[axis] - 1), min(1, shape[axis] - 1)
    result = [a + extent + b for a, extent, b in zip(low, shape, high)]
    if np.prod(result) <= g.most_elements:
        g.add("Pad", [x, g.ints(*low, *high)], result, mode=g.one_of(("edge", "reflect")))


def gather(g: Graph, x, shape):
    if not shape:
        return
    axis = int(g.random.integers(len(shape)))
    indices = g.random.integers(-shape[axis], shape[axis], g.random.integers(1, 6))
    result = [*shape[:axis], len(indices), *shape[axis + 1 :]]
    if np.prod(result) <= g.most_elements:
        g.add("Gather", [x, g.weight(indices.astype(np.int64))], result, axis=axis)


def split(g: Graph, x, shape):
    wide = [axis for axis, extent in enumerate(shape) if extent > 1]
    if not wide:
        return
    axis = int(g.one_of(wide))
    at = int(g.random.integers(1, shape[axis]))
    name = f"t{len(g.nodes)}"
    outputs = [name, f"{name}b"]
    g.nodes.append(
        helper.make_node("Split", [x, g.ints(at, shape[axis] - at)], outputs, name=f"Split-{name}", axis=axis)
    )
    for output, extent in zip(outputs, (at, shape[axis] - at)):
        g.shapes[output] = (*shape[:axis], extent, *shape[axis + 1 :])


def window(g: Graph, x, shape):
    """A convolution or a pool over the dimensions behind the second."""
    spatial = len(shape) - 2
    if spatial not in (1, 2, 3):
        return
    kernel = [int(g.random.integers(1, min(extent, 3) + 1)) for extent in shape[2:]]
    strides = [int(g.random.integers(1, 3)) for _ in kernel]
    low = [int(g.random.integers(0, k)) for k in kernel]
    high = [int(g.random.integers(0, k)) for k in kernel]
    extents = [(n + a + b - k) // s + 1 for n, a, b, k, s in zip(shape[2:], low, high, kernel, strides)]
    kind = g.one_of(("Conv", "Conv", "MaxPool", "AveragePool"))
    attributes = {"strides": strides, "pads": [*low, *high], "kernel_shape": kernel}
    channels = shape[1]
    if kind != "Conv":
        return g.add(kind, [x], [*shape[:2], *extents], **attributes)
    group = channels if g.random.random() < 0.3 else 1
    out = channels if group > 1 else int(g.one_of(EXTENTS))
    if shape[0] * out * np.prod(extents) > g.most_elements:
        return None
    fan = channels // group * int(np.prod(kernel))
    w = g.weight(g.values((out, channels // group, *kernel)) / np.float32(np.sqrt(fan)))
    return g.add("Conv", [x, w], [shape[0], out, *extents], group=group, **attributes)


GROWTHS: tuple[Callable[[Graph, str, tuple[int, ...]], None], ...] = (
    unary,
    binary,
    outer,
    product,
    own_product,
    reduction,
    softmax,
    normalization,
    transpose,
    reshape,
    slices,
    concat,
    pad,
    own_padding,
    gather,
    split,
    window,
    window,
)


def check(graph: Graph, model: onnx.ModelProto, options: list[str], folder: pathlib.Path) -> str:
    """A line about it; ToolError or Difference if it is not right."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    reference = session.run(None, graph.inputs)
    path = folder / "model.onnx"
    onnx.save(model, path)
    try:
        compiled = wafer_tools.compile_model(path, folder / "model.wafer", options, timeout=120)
    except wafer_tools.ToolError as error:
        if any(f"error[{code}]" in str(error) for code in NO_ROOM):
            return "refused"
        raise
    result = wafer_tools.run_image(compiled.image, graph.inputs, folder / "run", timeout=120)
    for output, value in zip(model.graph.output, reference, strict=True):
        error, excess = largest_excess(result.outputs[output.name], value, output.name)
        if excess > 1 and error > ROUNDING:
            raise Difference(f"{output.name}: an error of {error:.3g}, {excess:.3g} times what is allowed")
    return "right"


def smaller_memory(target: str, sram: int, folder: pathlib.Path) -> str:
    path = pathlib.Path(target) if target.endswith(".json") else ROOT / "profiles" / f"{target}.json"
    profile = json.loads(path.read_text())
    profile["core"]["sram_bytes"]["value"] = sram
    smaller = folder / "smaller.json"
    smaller.write_text(json.dumps(profile))
    return str(smaller)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=0, help="per graph (default: 2 to 12)")
    parser.add_argument("--elements", type=int, default=4000, help="at most so many in a tensor")
    parser.add_argument("--target", default="wse2", help="machine: a name or a JSON file")
    parser.add_argument("--sram", type=int, help="bytes of a core, less than the target's")
    parser.add_argument("--mesh", nargs="+", default=["3x5", "7x4", "1x6", "9x9"], help="taken in turn")
    parser.add_argument(
        "--loop", type=int, default=0, help="steps of a Scan around each graph (default: none)"
    )
    parser.add_argument("--split", help="logical axes of regions' sides, as 2x3")
    parser.add_argument("--keep", type=pathlib.Path, help="save failing models here")
    args = parser.parse_args()
    profiles = tempfile.TemporaryDirectory()
    target = args.target
    if args.sram:
        target = smaller_memory(args.target, args.sram, pathlib.Path(profiles.name))
    counts = {"right": 0, "refused": 0, "failed": 0}
    for number in range(args.first, args.first + args.count):
        graph = Graph(number, args.nodes or 2 + number % 11, args.elements)
        if args.loop and len(graph.inputs) == 1:  # a Scan needs something to scan
            graph.inputs["step"] = np.zeros((), np.float32)
            graph.shapes["step"] = ()
        model = graph.model(args.loop)
        mesh = args.mesh[number % len(args.mesh)]
        options = ["--target", target, "--mesh", mesh, *(["--split", args.split] if args.split else [])]
        with tempfile.TemporaryDirectory() as folder:
            try:
                counts[check(graph, model, options, pathlib.Path(folder))] += 1
            except (wafer_tools.ToolError, Difference) as error:
                counts["failed"] += 1
                print(f"graph {number}, mesh {mesh}: NOT RIGHT\n{error}", flush=True)
                if args.keep:
                    args.keep.mkdir(parents=True, exist_ok=True)
                    onnx.save(model, args.keep / f"graph{number}.onnx")
    print(f"{args.count} graphs: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
