"""Feeds wafer-compile models that are broken in every way we know of; none may crash it, hang it or get through.

Usage: bad_models.py [group ...]     of right, bytes, header, tensors, external, graph, operators, shapes; default: all

Each model must be refused with exit code 1 (2 for options that make no sense) and a coded error, within 20 s and 4 GB
of address space. Those whose name ends in `?` may also be accepted; they must only not crash. Those that the others are
made of must be accepted: what is refused is refused for what is wrong with it. The last line counts the models.
"""

import gzip
import os
import pathlib
import pickle
import re
import resource
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"
SANITIZED = bool(os.environ.get("WAFER_SANITIZE"))  # maps terabytes of address space and takes longer
SECONDS, ADDRESS_SPACE = (120 if SANITIZED else 20), 4 << 30
GROUPS: dict[str, list] = {}


def case(group, name, options=()):
    """Registers a maker: given a folder, it returns a ModelProto or the bytes or path of a file."""

    def register(make):
        GROUPS.setdefault(group, []).append((name, make, list(options)))
        return make

    return register


def model(
    nodes, inputs=None, outputs=None, weights=(), functions=(), opsets=None, **fields
) -> onnx.ModelProto:
    if inputs is None:
        inputs = [("x", TensorProto.FLOAT, [2, 3])]
    if outputs is None:
        outputs = [("y", TensorProto.FLOAT, [2, 3])]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        list(weights),
    )
    if opsets is None:
        opsets = [helper.make_opsetid("", 20)]
    fields = {"ir_version": 10, **fields}
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), **fields)


def relu() -> onnx.ModelProto:
    return model([helper.make_node("Relu", ["x"], ["y"], name="n")])


def field(number: int, data: bytes) -> bytes:
    """A length-delimited protobuf field."""
    length, varint = len(data), b""
    while True:
        varint += bytes([(length & 127) | (128 if length > 127 else 0)])
        length >>= 7
        if not length:
            return bytes([number << 3 | 2]) + varint + data


def add_weight(tensor: TensorProto) -> onnx.ModelProto:
    return model([helper.make_node("Add", ["x", tensor.name], ["y"], name="n")], weights=[tensor])


def weight(**fields) -> TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 3], raw_data=bytes(24))
    for name, value in fields.items():
        if isinstance(value, list):
            del getattr(tensor, name)[:]
            getattr(tensor, name).extend(value)
        elif value is None:
            tensor.ClearField(name)
        else:
            setattr(tensor, name, value)
    return tensor


# --- what the others are made of, and must compile ----------------------------------------------------------------

case("right", "one node")(lambda folder: relu())
case("right", "a weight")(lambda folder: add_weight(weight()))
case("right", "external data")(lambda folder: add_weight(external(inside(folder))))
case("right", "a local function")(
    lambda folder: model(
        [helper.make_node("F", ["x"], ["y"], name="n", domain="local")],
        functions=[function("F", [helper.make_node("Relu", ["a"], ["b"])])],
        opsets=LOCAL,
    )
)
case("right", "a symbolic dimension", ["--dim", "batch=2"])(
    lambda folder: model(relu().graph.node, inputs=SYMBOLIC)
)
case("right", "an output without a shape")(
    lambda folder: model(relu().graph.node, outputs=[("y", TensorProto.FLOAT, None)])
)
case("right", "an input without a shape that is given one", ["--shape", "x=2x3"])(
    lambda folder: model(relu().graph.node, inputs=[("x", TensorProto.FLOAT, None)])
)


# --- bytes ---------------------------------------------------------------------------------------------------------

ENCODER = (MODELS / "encoder.onnx").read_bytes()

case("bytes", "empty file")(lambda folder: b"")
case("bytes", "missing file")(lambda folder: folder / "there-is-none.onnx")
case("bytes", "a folder")(lambda folder: folder)
case("bytes", "gzip")(lambda folder: gzip.compress(ENCODER[:5000], mtime=0))
case("bytes", "HTML")(lambda folder: b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n")
case("bytes", "pickle")(lambda folder: pickle.dumps({"weights": np.zeros(10)}))
case("bytes", "text")(lambda folder: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
case("bytes", "zeros")(lambda folder: bytes(4096))
case("bytes", "all ones")(lambda folder: b"\xff" * 4096)
for _seed in range(8):
    case("bytes", f"random {_seed}")(lambda folder, seed=_seed: np.random.default_rng(seed).bytes(2000))
for _cut in (
    1,
    2,
    3,
    10,
    100,
    1000,
    len(ENCODER) // 2,
    len(ENCODER) - 1000,
    len(ENCODER) - 10,
    len(ENCODER) - 1,
):
    case("bytes", f"truncated after {_cut}")(lambda folder, cut=_cut: ENCODER[:cut])
for _seed in range(12):

    @case("bytes", f"flipped bytes {_seed}?")
    def _flip(folder, seed=_seed):
        random, data = np.random.default_rng(seed), bytearray(relu().SerializeToString())
        for _ in range(2):
            data[int(random.integers(len(data)))] ^= int(random.integers(1, 256))
        return bytes(data)


@case("bytes", "more than 2 GiB")
def _huge(folder):
    path = folder / "huge.onnx"
    with open(path, "wb") as file:
        file.write(relu().SerializeToString())
        file.truncate((2 << 30) + 4096)  # sparse
    return path


@case("bytes", "twice the same model in one file")
def _twice(folder):
    return relu().SerializeToString() * 2


@case("bytes", "a length that runs past the end")
def _length(folder):
    return b"\x08\x0a\x3a\xff\xff\xff\xff\x07" + relu().graph.SerializeToString()


@case("bytes", "an endless varint")
def _varint(folder):
    return b"\x08" + b"\x80" * 4000 + b"\x01"


@case("bytes", "nested 2,000 deep")
def _deep(folder):
    # Subgraphs in attributes: GraphProto.node = 1, NodeProto.attribute = 5, AttributeProto.g = 6; ModelProto.graph = 7.
    graph = b""
    for _ in range(2000):
        graph = field(1, field(5, field(6, graph)))
    return b"\x08\x0a" + field(7, graph) + b"\x42\x04\x0a\x00\x10\x14"


@case("bytes", "a name that is not UTF-8?")
def _utf8(folder):
    return relu().SerializeToString().replace(b"\x01n", b"\x01\xff")


@case("bytes", "a name with a NUL?")
def _nul(folder):
    broken = relu()
    broken.graph.node[0].name = "a\0b"
    return broken


@case("bytes", "a name of a million characters?")
def _long_name(folder):
    broken = relu()
    broken.graph.node[0].name = "n" * 1_000_000
    return broken


# --- header --------------------------------------------------------------------------------------------------------

case("header", "no graph")(lambda folder: b"\x08\x0a\x42\x04\x0a\x00\x10\x14")
case("header", "IR version 0")(lambda folder: model(relu().graph.node, ir_version=0))
case("header", "IR version 9999")(lambda folder: model(relu().graph.node, ir_version=9999))
case("header", "no operator set")(
    lambda folder: model(relu().graph.node, opsets=[helper.make_opsetid("other", 1)])
)
case("header", "operator set 0")(lambda folder: model(relu().graph.node, opsets=[helper.make_opsetid("", 0)]))
case("header", "operator set 9999")(
    lambda folder: model(relu().graph.node, opsets=[helper.make_opsetid("", 9999)])
)
case("header", "operator set -1")(
    lambda folder: model(relu().graph.node, opsets=[helper.make_opsetid("", -1)])
)


@case("header", "two operator sets of one domain")
def _two_opsets(folder):
    return model(relu().graph.node, opsets=[helper.make_opsetid("", 20), helper.make_opsetid("", 13)])


def function(name, nodes):
    return helper.make_function(
        "local", name, ["a"], ["b"], nodes, [helper.make_opsetid("", 20), helper.make_opsetid("local", 1)]
    )


LOCAL = [helper.make_opsetid("", 20), helper.make_opsetid("local", 1)]


@case("header", "a function that calls itself")
def _recursive(folder):
    body = [helper.make_node("F", ["a"], ["b"], domain="local")]
    call = [helper.make_node("F", ["x"], ["y"], name="n", domain="local")]
    return model(call, functions=[function("F", body)], opsets=LOCAL)


@case("header", "functions that call each other")
def _mutual(folder):
    call = [helper.make_node("F", ["x"], ["y"], name="n", domain="local")]
    bodies = [[helper.make_node(callee, ["a"], ["b"], domain="local")] for callee in ("G", "F")]
    return model(call, functions=[function("F", bodies[0]), function("G", bodies[1])], opsets=LOCAL)


@case("header", "functions that double 60 times")
def _bomb(folder):
    functions = [function("F0", [helper.make_node("Relu", ["a"], ["b"])])]
    for level in range(1, 61):
        inner = f"F{level - 1}"
        functions.append(
            function(
                f"F{level}",
                [
                    helper.make_node(inner, ["a"], ["t"], domain="local"),
                    helper.make_node(inner, ["t"], ["b"], domain="local"),
                ],
            )
        )
    call = [helper.make_node("F60", ["x"], ["y"], name="n", domain="local")]
    return model(call, functions=functions, opsets=LOCAL)


@case("header", "a function that is missing")
def _missing_function(folder):
    return model([helper.make_node("F", ["x"], ["y"], name="n", domain="local")], opsets=LOCAL)


# --- tensors -------------------------------------------------------------------------------------------------------

case("tensors", "a negative dimension")(lambda folder: add_weight(weight(dims=[-2, 3])))
case("tensors", "dimensions whose product overflows")(
    lambda folder: add_weight(weight(dims=[1 << 40, 1 << 40]))
)
case("tensors", "dimensions beyond memory")(lambda folder: add_weight(weight(dims=[1 << 30, 1 << 10])))
case("tensors", "raw data too short")(lambda folder: add_weight(weight(raw_data=bytes(20))))
case("tensors", "raw data too long")(lambda folder: add_weight(weight(raw_data=bytes(28))))
case("tensors", "raw and typed data")(lambda folder: add_weight(weight(float_data=[0.0] * 6)))
case("tensors", "no data")(lambda folder: add_weight(weight(raw_data=None)))
case("tensors", "typed data too short")(
    lambda folder: add_weight(weight(raw_data=None, float_data=[0.0] * 5))
)
case("tensors", "data of another type")(lambda folder: add_weight(weight(raw_data=None, int32_data=[0] * 6)))
for _bytes in (b"\x12", b"\x12\x03", b"\x12\x03\x04"):
    # Right are two bytes, and 4-bit numbers have no support.
    case("tensors", f"three 4-bit numbers in {len(_bytes)} bytes")(
        lambda folder, data=_bytes: add_weight(weight(data_type=TensorProto.INT4, dims=[3], raw_data=data))
    )
case("tensors", "an unknown element type")(lambda folder: add_weight(weight(data_type=999)))
case("tensors", "element type 0")(lambda folder: add_weight(weight(data_type=0)))
case("tensors", "a negative element type")(lambda folder: add_weight(weight(data_type=-1)))
case("tensors", "an input of unknown element type")(
    lambda folder: model(relu().graph.node, inputs=[("x", 999, [2, 3])])
)
case("tensors", "an input with a dimension of 2^62")(
    lambda folder: model(relu().graph.node, inputs=[("x", TensorProto.FLOAT, [1 << 62, 4])])
)
case("tensors", "strings")(
    lambda folder: model(
        [helper.make_node("Identity", ["x"], ["y"], name="n")],
        inputs=[("x", TensorProto.STRING, [2])],
        outputs=[("y", TensorProto.STRING, [2])],
    )
)


@case("tensors", "a sparse tensor with an index out of range")
def _sparse(folder):
    values = numpy_helper.from_array(np.ones(2, np.float32), "w")
    indices = numpy_helper.from_array(np.array([1, 99], np.int64), "i")
    broken = add_weight(weight())
    del broken.graph.initializer[:]
    broken.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [2, 3]))
    return broken


# --- external data -------------------------------------------------------------------------------------------------


def external(location, offset="0", length="24", **fields) -> TensorProto:
    tensor = weight(raw_data=None, **fields)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            tensor.external_data.add(key=key, value=value)
    return tensor


def outside(folder) -> pathlib.Path:
    """A file beside the model's folder."""
    path = folder.parent / "outside.bin"
    path.write_bytes(bytes(4096))
    return path


def inside(folder, size=24) -> str:
    (folder / "w.bin").write_bytes(bytes(size))
    return "w.bin"


case("external", "an absolute path")(lambda folder: add_weight(external(str(outside(folder)))))
case("external", "a path with ..")(lambda folder: add_weight(external(f"../{outside(folder).name}")))
case("external", "a missing file")(lambda folder: add_weight(external("none.bin")))
case("external", "an empty location")(lambda folder: add_weight(external("")))
case("external", "no location")(lambda folder: add_weight(external(None)))
case("external", "a folder as file")(lambda folder: add_weight(external(".")))
case("external", "an offset past the end")(lambda folder: add_weight(external(inside(folder), offset="4096")))
case("external", "a negative offset")(lambda folder: add_weight(external(inside(folder), offset="-4")))
case("external", "an offset that overflows")(
    lambda folder: add_weight(external(inside(folder), offset=str((1 << 64) - 8)))
)
case("external", "an offset that is no number")(
    lambda folder: add_weight(external(inside(folder), offset="4x"))
)
case("external", "a length past the end")(lambda folder: add_weight(external(inside(folder, 20))))
case("external", "a length that is not the tensor's")(
    lambda folder: add_weight(external(inside(folder, 4096), length="4096"))
)
case("external", "a NUL in the path")(lambda folder: add_weight(external("w\0.bin")))


@case("external", "a path with .. inside")
def _inner_parent(folder):
    (folder / "a").mkdir()
    return add_weight(external(f"a/../../{outside(folder).name}"))


@case("external", "a symbolic link out of the folder")
def _symlink(folder):
    (folder / "link.bin").symlink_to(outside(folder))
    return add_weight(external("link.bin"))


@case("external", "a folder that is a symbolic link")
def _parent_link(folder):
    target = folder.parent / "other"
    target.mkdir(exist_ok=True)
    (target / "w.bin").write_bytes(bytes(24))
    (folder / "sub").symlink_to(target)
    return add_weight(external("sub/w.bin"))


@case("external", "a hard link")
def _hard_link(folder):
    os.link(outside(folder), folder / "hard.bin")
    return add_weight(external("hard.bin"))


@case("external", "a FIFO")
def _fifo(folder):
    os.mkfifo(folder / "fifo.bin")
    return add_weight(external("fifo.bin"))


@case("external", "a device behind a link")
def _device(folder):
    (folder / "zero.bin").symlink_to("/dev/zero")
    return add_weight(external("zero.bin"))


@case("external", "in an attribute")
def _attribute(folder):
    constant = helper.make_node("Constant", [], ["w"], name="c", value=external(f"../{outside(folder).name}"))
    return model([constant, helper.make_node("Add", ["x", "w"], ["y"], name="n")])


@case("external", "in a function")
def _in_function(folder):
    body = [
        helper.make_node("Constant", [], ["w"], value=external(f"../{outside(folder).name}")),
        helper.make_node("Add", ["a", "w"], ["b"]),
    ]
    call = [helper.make_node("F", ["x"], ["y"], name="n", domain="local")]
    return model(call, functions=[function("F", body)], opsets=LOCAL)


@case("external", "in a subgraph")
def _in_subgraph(folder):
    value = helper.make_tensor_value_info("z", TensorProto.FLOAT, [2, 3])
    branch = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["z"])],
        "b",
        [],
        [value],
        [external(f"../{outside(folder).name}")],
    )
    node = helper.make_node("If", ["c"], ["y"], name="n", then_branch=branch, else_branch=branch)
    return model([node], inputs=[("c", TensorProto.BOOL, [])])


# --- graph ---------------------------------------------------------------------------------------------------------


@case("graph", "a cycle")
def _cycle(folder):
    return model(
        [
            helper.make_node("Add", ["x", "b"], ["a"], name="n1"),
            helper.make_node("Relu", ["a"], ["b"], name="n2"),
            helper.make_node("Relu", ["b"], ["y"], name="n3"),
        ]
    )


case("graph", "a node that reads its own result")(
    lambda folder: model([helper.make_node("Add", ["x", "y"], ["y"], name="n")])
)
case("graph", "nodes out of order?")(
    lambda folder: model(
        [helper.make_node("Relu", ["a"], ["y"], name="n2"), helper.make_node("Relu", ["x"], ["a"], name="n1")]
    )
)
case("graph", "a value that two nodes write")(
    lambda folder: model([helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Abs", ["x"], ["y"])])
)
case("graph", "a value that no one writes")(
    lambda folder: model([helper.make_node("Relu", ["nowhere"], ["y"], name="n")])
)
case("graph", "an output that no one writes")(
    lambda folder: model([helper.make_node("Relu", ["x"], ["z"], name="n")])
)
case("graph", "an output that is an input?")(
    lambda folder: model([], outputs=[("x", TensorProto.FLOAT, [2, 3])])
)
case("graph", "no output")(lambda folder: model([helper.make_node("Relu", ["x"], ["y"])], outputs=[]))
case("graph", "two inputs of one name")(
    lambda folder: model(relu().graph.node, inputs=[("x", 1, [2, 3]), ("x", 1, [2, 3])])
)
case("graph", "two outputs of one name")(
    lambda folder: model(relu().graph.node, outputs=[("y", 1, [2, 3]), ("y", 1, [2, 3])])
)
case("graph", "two weights of one name")(
    lambda folder: model([helper.make_node("Add", ["x", "w"], ["y"], name="n")], weights=[weight(), weight()])
)
case("graph", "an input without a name")(lambda folder: model(relu().graph.node, inputs=[("", 1, [2, 3])]))
case("graph", "an output of the wrong type")(
    lambda folder: model(relu().graph.node, outputs=[("y", TensorProto.INT64, [2, 3])])
)
case("graph", "an output of the wrong shape?")(
    lambda folder: model(relu().graph.node, outputs=[("y", TensorProto.FLOAT, [3, 2])])
)


@case("graph", "a million nodes")
def _million(folder):
    # By hand: the ONNX package is slow at this size.
    def relu_node(index):
        source = b"x" if index == 0 else b"v%d" % index
        result = b"y" if index == 999_999 else b"v%d" % (index + 1)
        return field(1, field(1, source) + field(2, result) + field(4, b"Relu"))

    values = relu().graph
    ends = field(11, values.input[0].SerializeToString()) + field(12, values.output[0].SerializeToString())
    graph = b"".join(relu_node(index) for index in range(1_000_000)) + field(2, b"g") + ends
    return b"\x08\x0a" + field(7, graph) + b"\x42\x04\x0a\x00\x10\x14"


# --- operators -----------------------------------------------------------------------------------------------------


def operator(name, op, inputs=("x",), shape=(2, 3), extra=(), domain="", **attributes):
    """One node on an input `x` of `shape` and constants `extra` = {name: array}."""

    def make(folder):
        weights = [numpy_helper.from_array(np.asarray(value), key) for key, value in dict(extra).items()]
        node = helper.make_node(op, list(inputs), ["y"], name="the-node", domain=domain, **attributes)
        # Open dimensions: what the node would make is not the question.
        result = [("y", attributes.get("to", TensorProto.FLOAT), [None] * len(shape))]
        return model([node], [("x", TensorProto.FLOAT, list(shape))], result, weights)

    case("operators", name)(make)


IMAGE = (1, 2, 8, 8)
operator("right", "Relu")
KERNEL = {"w": np.ones((4, 2, 3, 3), np.float32)}
operator("an unknown operator", "Frobnicate")
operator("an unknown domain", "Relu", domain="com.example")
operator("an empty operator name", "")
operator("too few inputs", "Add")
operator("too many inputs", "Relu", inputs=("x", "x"))
operator("a required input left out", "Add", inputs=("x", ""))
operator("an attribute of the wrong type", "Softmax", axis="last")
operator("an unknown attribute", "Relu", colour="red")


@case("operators", "an attribute of an unknown type")
def _attribute_type(folder):
    data = model([helper.make_node("Softmax", ["x"], ["y"], name="n", axis=0)]).SerializeToString()
    right, unknown = b"\xa0\x01\x02", b"\xa0\x01\x63"  # AttributeProto.type = 20: INT, 99
    assert right in data
    return data.replace(right, unknown)


operator("a required attribute left out", "Cast")
operator("an axis out of range", "Softmax", axis=2)
operator("a negative axis out of range", "Softmax", axis=-3)
operator("a permutation with a repeated axis", "Transpose", perm=[0, 0])
operator("a permutation that is too short", "Transpose", perm=[0])
operator("a permutation out of range", "Transpose", perm=[0, 2])
operator("a convolution with stride 0", "Conv", ("x", "w"), IMAGE, KERNEL, strides=[0, 1])
operator("a convolution with a negative stride", "Conv", ("x", "w"), IMAGE, KERNEL, strides=[-1, 1])
operator("a convolution with dilation 0", "Conv", ("x", "w"), IMAGE, KERNEL, dilations=[0, 1])
operator("a convolution with group 0", "Conv", ("x", "w"), IMAGE, KERNEL, group=0)
operator("a convolution with a negative group", "Conv", ("x", "w"), IMAGE, KERNEL, group=-2)
operator("a convolution with a group that does not divide", "Conv", ("x", "w"), IMAGE, KERNEL, group=3)
operator("a convolution with the wrong channels", "Conv", ("x", "w"), (1, 3, 8, 8), KERNEL)
operator("a convolution whose window is larger", "Conv", ("x", "w"), (1, 2, 2, 2), KERNEL)
operator("a convolution with short pads", "Conv", ("x", "w"), IMAGE, KERNEL, pads=[1, 1])
operator("a convolution with another kernel_shape", "Conv", ("x", "w"), IMAGE, KERNEL, kernel_shape=[5, 5])
operator("a convolution with too many strides", "Conv", ("x", "w"), IMAGE, KERNEL, strides=[1, 1, 1])
operator("an unknown auto_pad", "Conv", ("x", "w"), IMAGE, KERNEL, auto_pad="SOMEHOW")
operator("a pool with a window of 0", "MaxPool", ("x",), IMAGE, kernel_shape=[0, 0])
operator("a pool with a negative window", "MaxPool", ("x",), IMAGE, kernel_shape=[-1, 2])
operator("a pool with stride 0", "AveragePool", ("x",), IMAGE, kernel_shape=[2, 2], strides=[0, 0])
operator("a pool without a window", "MaxPool", ("x",), IMAGE)
operator("a reshape to two -1", "Reshape", ("x", "s"), extra={"s": np.array([-1, -1])})
operator("a reshape to another size", "Reshape", ("x", "s"), extra={"s": np.array([4, 2])})
operator("a reshape to -2", "Reshape", ("x", "s"), extra={"s": np.array([-2, 3])})
operator("a reshape that overflows", "Reshape", ("x", "s"), extra={"s": np.array([1 << 62, 1 << 62])})
operator("a reshape that copies a missing dimension", "Reshape", ("x", "s"), extra={"s": np.array([2, 3, 0])})
operator("an expand that does not fit", "Expand", ("x", "s"), extra={"s": np.array([5, 3])})
operator("an expand to 2^40 elements", "Expand", ("x", "s"), (1, 1), {"s": np.array([1 << 20, 1 << 20])})
operator(
    "a slice of step 0",
    "Slice",
    ("x", "b", "e", "a", "s"),
    extra={"b": np.array([0]), "e": np.array([2]), "a": np.array([0]), "s": np.array([0])},
)
operator(
    "a slice along an axis out of range",
    "Slice",
    ("x", "b", "e", "a"),
    extra={"b": np.array([0]), "e": np.array([2]), "a": np.array([5])},
)
operator("a gather out of range", "Gather", ("x", "i"), extra={"i": np.array([7])})
operator("a gather of a negative index out of range", "Gather", ("x", "i"), extra={"i": np.array([-3])})
operator("a gather along an axis out of range", "Gather", ("x", "i"), extra={"i": np.array([0])}, axis=4)
operator("a malformed Einsum", "Einsum", equation="ij->k,")
operator("an Einsum with too many subscripts", "Einsum", equation="ijk->i")
operator("shapes that do not broadcast", "Add", ("x", "w"), extra={"w": np.ones((4,), np.float32)})
operator(
    "a product of shapes that do not fit", "MatMul", ("x", "w"), extra={"w": np.ones((4, 2), np.float32)}
)
operator("a Gemm of rank 3", "Gemm", ("x", "w"), (2, 3, 4), {"w": np.ones((4, 2), np.float32)})
operator("operands of two types", "Add", ("x", "w"), extra={"w": np.ones((2, 3), np.int64)})
operator(
    "a concatenation of unequal shapes",
    "Concat",
    ("x", "w"),
    extra={"w": np.ones((4, 4), np.float32)},
    axis=0,
)
operator("a concatenation of ranks", "Concat", ("x", "w"), extra={"w": np.ones((4,), np.float32)}, axis=0)
operator("a squeeze of 3", "Squeeze", ("x", "a"), extra={"a": np.array([1])})
operator("an unsqueeze twice at one place", "Unsqueeze", ("x", "a"), extra={"a": np.array([0, 0])})
operator("a split that does not add up", "Split", ("x", "s"), extra={"s": np.array([1, 5])}, axis=1)
operator("a resize by 0", "Resize", ("x", "", "s"), IMAGE, {"s": np.array([1, 1, 0, 0], np.float32)})
operator("a pad that removes too much", "Pad", ("x", "p"), extra={"p": np.array([-5, 0, 0, 0])})
operator("pads of the wrong number", "Pad", ("x", "p"), extra={"p": np.array([1, 1])})
operator("a cast to an unknown type", "Cast", to=999)
operator("a cast to strings", "Cast", to=TensorProto.STRING)
operator("a reduction along an axis out of range", "ReduceSum", ("x", "a"), extra={"a": np.array([3])})
operator(
    "a batch normalisation of the wrong size",
    "BatchNormalization",
    ("x", "w", "w", "w", "w"),
    IMAGE,
    {"w": np.ones(3, np.float32)},
)
operator(
    "a layer normalisation along an axis out of range",
    "LayerNormalization",
    ("x", "w"),
    extra={"w": np.ones(3, np.float32)},
    axis=5,
)


@case("operators", "k larger than n")
def _top_k(folder):
    outputs = [("y", TensorProto.FLOAT, [None, None]), ("i", TensorProto.INT64, [None, None])]
    node = helper.make_node("TopK", ["x", "k"], ["y", "i"], name="the-node")
    return model([node], outputs=outputs, weights=[numpy_helper.from_array(np.array([9]), "k")])


# --- shapes --------------------------------------------------------------------------------------------------------

SYMBOLIC = [("x", TensorProto.FLOAT, ["batch", 3])]
case("shapes", "a symbolic dimension left open")(lambda folder: model(relu().graph.node, inputs=SYMBOLIC))
case("shapes", "a dimension without a name left open")(
    lambda folder: model(relu().graph.node, inputs=[("x", TensorProto.FLOAT, [None, 3])])
)
case("shapes", "an input without a shape")(lambda folder: model(relu().graph.node, inputs=[("x", 1, None)]))
case("shapes", "a dimension that is not the model's", ["--dim", "other=2"])(
    lambda folder: model(relu().graph.node, inputs=SYMBOLIC)
)
case("shapes", "a negative dimension by option", ["--dim", "batch=-1"])(
    lambda folder: model(relu().graph.node, inputs=SYMBOLIC)
)
case("shapes", "a dimension that is no number", ["--dim", "batch=two"])(
    lambda folder: model(relu().graph.node, inputs=SYMBOLIC)
)
case("shapes", "a shape for an input that is not there", ["--shape", "z=2x3"])(
    lambda folder: model(relu().graph.node, inputs=SYMBOLIC)
)
case("shapes", "a shape of another rank", ["--shape", "x=2x3x4"])(
    lambda folder: model(relu().graph.node, inputs=SYMBOLIC)
)
case("shapes", "a shape beyond the machine", ["--dim", "batch=1000000000"])(
    lambda folder: model(relu().graph.node, inputs=SYMBOLIC)
)
case("shapes", "a constant for an input that is not there", ["--const", "z=1"])(
    lambda folder: model(relu().graph.node)
)
case("shapes", "one name, two sizes", ["--shape", "x=2x3", "--shape", "w=5x3"])(
    lambda folder: model(
        [helper.make_node("Add", ["x", "w"], ["y"], name="n")],
        inputs=[("x", 1, ["n", 3]), ("w", 1, ["n", 3])],
    )
)


def limits():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def outcome(group, name, make, options, folder) -> str | None:
    """What went wrong, or None."""
    folder.mkdir()
    data = make(folder)
    if not isinstance(data, pathlib.Path):
        path = folder / "model.onnx"
        path.write_bytes(data if isinstance(data, bytes) else data.SerializeToString())
        data = path
    command = ["wafer-compile", str(data), "-o", str(folder / "out.wafer"), "--mesh=4x4", *options]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            preexec_fn=limits,
        )
    except subprocess.TimeoutExpired:
        return f"not done after {SECONDS} s"
    text = done.stdout + done.stderr
    if name.endswith("?") and done.returncode == 0:
        return None
    if group == "right" or name == "right":
        return None if done.returncode == 0 else f"refused\n{text[-2000:]}"
    if done.returncode == 0:
        return "accepted"
    usage = done.returncode == 2 and "error[WF8001]: " in text
    if done.returncode != 1 and not usage:
        return f"exit code {done.returncode}\n{text[-2000:]}"
    if not re.search(r"error\[WF\d{4}\]: \S", text):
        return f"no coded error\n{text[-2000:]}"
    if group == "operators" and not re.search(r"the-node|attribute|'attr'", text):
        return f"the error is not about the node\n{text[-2000:]}"
    if (folder / "out.wafer").exists():
        return "refused, but an image was written"
    return None


def main() -> int:
    count = failures = 0
    verbose = "-v" in sys.argv
    groups = [name for name in sys.argv[1:] if name != "-v"] or list(GROUPS)
    with tempfile.TemporaryDirectory() as temporary:
        for group in groups:
            for name, make, options in GROUPS[group]:
                folder = pathlib.Path(temporary) / str(count)
                folder.mkdir()
                problem = outcome(group, name, make, options, folder / "model")
                count += 1
                if problem:
                    failures += 1
                    print(f"{group}: {name}: {problem}", flush=True)
                elif verbose:
                    print(f"{group}: {name}: as it must be", flush=True)
    print(f"{count} models, {failures} not refused as they must be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
