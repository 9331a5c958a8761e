"""Which nodes the wafer gets, and that the whole is right: partition.py FOLDER."""

import os
import pathlib
import sys

import numpy as np
import onnx
from models import (
    BOOL,
    FLOAT,
    INT64,
    ROOT,
    STRING,
    assigned,
    info,
    mlp,
    model,
    node,
    on_cpu,
    refused,
    rng,
    same,
    wafer,
    weights,
)
from onnx import helper

sys.stdout.reconfigure(line_buffering=True)


def whole_models():
    """With nothing on the CPU, or there would be no session."""
    ids = {"ids": np.arange(16).reshape(1, 16)}
    decoder = ROOT / "test/models/decoder.onnx"
    session = wafer(decoder)
    (part,), cpu = assigned(session)
    assert part and not cpu
    same(session, decoder, ids)
    proto = mlp()
    same(wafer(proto), proto, {"x": weights(2, 16)})


def an_unsupported_node_splits():
    """A node that waferc refuses stays on the CPU, as what computes with strings does; what is before and behind it are
    two parts, and the numbers are right."""
    proto = model(
        [
            node("MatMul", ["x", "w"], ["a"], "before"),
            node("Relu", ["a"], ["b"], "before too"),
            node("RandomNormalLike", ["b"], ["u"], "unsupported"),
            node("Mul", ["u", "zero"], ["v"], "behind"),
            node("Softmax", ["v"], ["y"], "behind too"),
            node("Identity", ["s"], ["z"], "strings"),
        ],
        [info("x", FLOAT, [4, 8]), info("zero", FLOAT, [4, 6]), info("s", STRING, [2])],
        [info("y", FLOAT, [4, 6]), info("z", STRING, [2]), info("b", FLOAT, [4, 6])],
        {"w": weights(8, 6)},
    )
    refused(lambda: wafer(proto), "fallback to CPU EP has been explicitly disabled")
    session = wafer(proto, strict=False)
    parts, cpu = assigned(session)
    assert parts == [["before", "before too"], ["behind", "behind too"]], parts
    assert cpu == ["strings", "unsupported"], cpu
    feeds = {"x": weights(4, 8), "zero": np.zeros((4, 6), np.float32), "s": np.array(["a", "b"], object)}
    y, z, b = session.run(None, feeds)
    expected = on_cpu(proto, feeds)
    np.testing.assert_allclose(y, expected[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(b, expected[2], rtol=1e-4, atol=1e-5)
    assert z.tolist() == ["a", "b"]


def groups_are_convex():
    """Two ways from a to the end, one of them over the CPU: what is on the way back is another part."""
    proto = model(
        [
            node("Relu", ["x"], ["a"], "a"),
            node("RandomNormalLike", ["a"], ["n"], "noise"),
            node("Mul", ["n", "zero"], ["m"], "silence"),
            node("Exp", ["a"], ["e"], "e"),
            node("Add", ["e", "m"], ["y"], "join"),
        ],
        [info("x", FLOAT, [4, 6])],
        [info("y", FLOAT, [4, 6])],
        {"zero": np.zeros((4, 6), np.float32)},
    )
    session = wafer(proto, strict=False)
    parts, cpu = assigned(session)
    assert parts == [["a"], ["e", "join", "silence"]] and cpu == ["noise"], (parts, cpu)
    x = weights(4, 6)
    (y,) = session.run(None, {"x": x})
    np.testing.assert_allclose(y, np.exp(np.maximum(x, 0)), rtol=1e-5)


def shape_arithmetic_alone_is_left():
    """Numbers that say how large things are have no place on a wafer if nothing else is there."""
    proto = model(
        [
            node("Add", ["n", "one"], ["m"], "count"),
            node("Mul", ["m", "m"], ["k"], "count more"),
            node("RandomNormalLike", ["k"], ["r"], "noise", dtype=FLOAT),
            node("Mul", ["r", "none"], ["q"], "silence"),
            node("Add", ["q", "q"], ["y"], "double"),
        ],
        [info("n", INT64, [3])],
        [info("y", FLOAT, [3]), info("k", INT64, [3])],
        {"one": np.array([1]), "none": np.zeros(3, np.float32)},
    )
    session = wafer(proto, strict=False)
    parts, cpu = assigned(session)
    assert parts == [["double", "silence"]] and cpu == ["count", "count more", "noise"], (parts, cpu)
    y, k = session.run(None, {"n": np.array([1, 2, 3])})
    assert not y.any() and k.tolist() == [4, 9, 16]


def control_flow_goes_whole():
    """Branches and bodies with all that is in them, and what they take from around; weights in them, too."""

    def graph(name, nodes, inputs, outputs):
        return helper.make_graph(nodes, name, inputs, outputs)

    then = graph(
        "then",
        [node("MatMul", ["a", "w"], ["t"]), node("Relu", ["t"], ["o"])],
        [],
        [info("o", FLOAT, [4, 8])],
    )
    other = graph("else", [node("Sub", ["a", "w0"], ["p"])], [], [info("p", FLOAT, [4, 8])])
    body = graph(
        "body",
        [
            node("Mul", ["v", "half"], ["v1"]),
            node("Add", ["v1", "a"], ["v2"]),
            node("Identity", ["c"], ["c2"]),
        ],
        [info("i", INT64, []), info("c", BOOL, []), info("v", FLOAT, [4, 8])],
        [info("c2", BOOL, []), info("v2", FLOAT, [4, 8])],
    )
    proto = model(
        [
            node("Exp", ["x"], ["a"], "exp"),
            node("If", ["cond"], ["f"], "if", then_branch=then, else_branch=other),
            node("Loop", ["steps", "", "f"], ["y"], "loop", body=body),
        ],
        [info("x", FLOAT, [4, 8]), info("cond", BOOL, [])],
        [info("y", FLOAT, [4, 8])],
        {
            "w": weights(8, 8),
            "w0": weights(4, 8),
            "half": np.array(0.5, np.float32),
            "steps": np.array(3),
        },
    )
    session = wafer(proto)
    for cond in (True, False):
        same(session, proto, {"x": weights(4, 8), "cond": np.array(cond)})
    assert assigned(session) == ([["exp", "if", "loop"]], []), assigned(session)


def an_unsupported_node_in_a_branch():
    """Then the If is the CPU's, and parts of its branches may be the wafer's."""
    then = helper.make_graph(
        [
            node("MatMul", ["e", "w"], ["t"], "matmul"),
            node("Softmax", ["t"], ["t2"], "softmax"),
            node("RandomNormalLike", ["t2"], ["r"], "noise"),
            node("Mul", ["r", "zero"], ["r0"], "silence"),
            node("Add", ["t2", "r0"], ["o"], "join"),
        ],
        "then",
        [],
        [info("o", FLOAT, [4, 8])],
    )
    other = helper.make_graph(
        [
            node("RandomNormalLike", ["e"], ["q"], "more noise"),
            node("Mul", ["q", "zero"], ["p"], "more silence"),
        ],
        "else",
        [],
        [info("p", FLOAT, [4, 8])],
    )
    proto = model(
        [
            node("Exp", ["x"], ["e"], "exp"),
            node("If", ["cond"], ["f"], "if", then_branch=then, else_branch=other),
            node("Relu", ["f"], ["y"], "relu"),
        ],
        [info("x", FLOAT, [4, 8]), info("cond", BOOL, [])],
        [info("y", FLOAT, [4, 8])],
        {"w": weights(8, 8), "zero": np.zeros((4, 8), np.float32)},
    )
    session = wafer(proto, strict=False)
    parts, cpu = assigned(session)
    assert parts == [["exp"], ["join", "silence"], ["matmul", "softmax"], ["more silence"], ["relu"]], parts
    assert cpu == ["if", "more noise", "noise"], cpu
    for cond in (True, False):
        same(session, proto, {"x": weights(4, 8), "cond": np.array(cond)})


def types_and_attributes():
    """Attributes of every kind that ONNX Runtime hands out; values of many types."""
    x = rng.integers(-9, 9, (2, 6)).astype(np.int8)
    proto = model(
        [
            node("Cast", ["x"], ["f"], to=FLOAT),
            node("Reshape", ["f", "four"], ["g"]),
            node("LRN", ["g"], ["l"], size=3, alpha=0.2, beta=0.6, bias=1.5),
            node("Einsum", ["l", "l"], ["e"], equation="abcd,abcd->ab"),
            node("Gelu", ["e"], ["h"], approximate="tanh"),
            node("Greater", ["h", "e"], ["z"]),
            node("Transpose", ["h"], ["y"], perm=[1, 0]),
        ],
        [info("x", 3, [2, 6])],
        [info("y", FLOAT, [3, 2]), info("z", BOOL, [2, 3])],
        {"four": np.array([2, 3, 1, 2]), "two": np.array([2, 3])},
    )
    same(wafer(proto), proto, {"x": x})


def operators_of_onnx_runtime():
    proto = model(
        [
            node("FastGelu", ["x", "b"], ["g"], domain="com.microsoft"),
            node(
                "SkipSimplifiedLayerNormalization",
                ["g", "x", "s"],
                ["y"],
                domain="com.microsoft",
                epsilon=1e-5,
            ),
        ],
        [info("x", FLOAT, [2, 3, 8])],
        [info("y", FLOAT, [2, 3, 8])],
        {"b": weights(8), "s": weights(8)},
    )
    same(wafer(proto), proto, {"x": weights(2, 24).reshape(2, 3, 8)})


def weights_in_files():
    """They stay in their file beside the model, also for a part; outside the folder there are none."""
    proto = mlp()
    folder = pathlib.Path(sys.argv[1])
    onnx.save(
        proto, folder / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    x = {"x": weights(2, 16)}
    (want,) = on_cpu(folder / "model.onnx", x)
    os.chdir(folder)
    for path in (folder / "model.onnx", "model.onnx"):
        (got,) = wafer(path).run(None, x)
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


for test in (
    whole_models,
    an_unsupported_node_splits,
    groups_are_convex,
    shape_arithmetic_alone_is_left,
    control_flow_goes_whole,
    an_unsupported_node_in_a_branch,
    types_and_attributes,
    operators_of_onnx_runtime,
    weights_in_files,
):
    test()
    print(test.__name__.replace("_", " "))
