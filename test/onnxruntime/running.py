"""How sessions run: options, shapes and values that come with the inputs, threads, errors."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime as ort
from models import (
    FLOAT,
    INT64,
    assigned,
    info,
    mlp,
    model,
    node,
    refused,
    same,
    session_options,
    source,
    wafer,
    weights,
)

sys.stdout.reconfigure(line_buffering=True)


def options():
    proto = mlp()
    for given in ({}, {"mesh": "3x2"}, {"target": "wse3", "mesh": "4x4"}, {"mesh": "auto", "seed": "3"}):
        same(wafer(proto, given), proto, {"x": weights(2, 16)})
    known = "its options are target, mesh, "
    refused(lambda: wafer(proto, {"colour": "red"}), "WaferExecutionProvider has no option 'colour'", known)
    refused(lambda: wafer(proto, {"emit": "tensor"}), "has no option 'emit'", known)
    refused(lambda: wafer(proto, {"dim": "n=3"}), "has no option 'dim'", known)
    refused(lambda: wafer(proto, {"mesh": "wide"}), "[WF8001] option 'mesh': 'wide' is neither auto nor")


def what_does_not_fit():
    """A part whose nodes are all known, but not held by the mesh: the session says so, with code and hint."""
    proto = model(
        [node("MatMul", ["x", "w"], ["y"], "wide")],
        [info("x", FLOAT, [1, 512])],
        [info("y", FLOAT, [1, 512])],
        {"w": weights(512, 512)},
    )
    refused(lambda: wafer(proto, {"mesh": "2x2"}), "[WF3", "hint:")
    same(wafer(proto), proto, {"x": weights(1, 512)})


def open_dimensions():
    """Compiled at the first run of a shape, for that shape."""
    proto = mlp(batch="n")
    session = wafer(proto)
    assert assigned(session)[1] == []
    for batch in (2, 5, 1, 2):
        same(session, proto, {"x": weights(batch, 16)})
    # Where the host's user fixes it, it is compiled beforehand.
    fixed = session_options()
    fixed.add_free_dimension_override_by_name("n", 3)
    same(ort.InferenceSession(source(proto), sess_options=fixed), proto, {"x": weights(3, 16)})


def an_image_of_any_size():
    """A convolution whose sample would be smaller than its kernel at one pixel; lengths that are sums of others."""
    proto = model(
        [
            node("Conv", ["x", "k"], ["a"], kernel_shape=[5, 5]),
            node("MaxPool", ["a"], ["b"], kernel_shape=[2, 2], strides=[2, 2]),
            node("Relu", ["b"], ["y"]),
        ],
        [info("x", FLOAT, [1, 3, "h", "w"])],
        [info("y", FLOAT, [1, 4, None, None])],
        {"k": weights(4, 3, 5, 5)},
    )
    session = wafer(proto)
    for height, width in ((12, 9), (8, 8)):
        same(session, proto, {"x": weights(1, 3, height, width)})
    proto = model(
        [node("Concat", ["past", "x"], ["all"], axis=0), node("Add", ["all", "mask"], ["y"])],
        [info("past", FLOAT, ["p", 4]), info("x", FLOAT, ["s", 4]), info("mask", FLOAT, ["t", 4])],
        [info("y", FLOAT, ["t", 4])],
    )
    session = wafer(proto)
    for past, new in ((1, 1), (5, 2)):
        same(session, proto, {"past": weights(past, 4), "x": weights(new, 4), "mask": weights(past + new, 4)})


def values_that_decide_shapes():
    """The compiler names the input that it must know; its values are the run's."""
    proto = model(
        [node("Tile", ["x", "repeats"], ["t"]), node("Relu", ["t"], ["y"])],
        [info("x", FLOAT, [2, 3]), info("repeats", INT64, [2])],
        [info("y", FLOAT, ["a", "b"])],
    )
    session = wafer(proto)
    for repeats in ((2, 1), (1, 3), (2, 1)):
        same(session, proto, {"x": weights(2, 3), "repeats": np.array(repeats)})


def as_many_as_the_data_say():
    proto = model(
        [node("NonZero", ["x"], ["y"])], [info("x", FLOAT, [3, 4])], [info("y", INT64, [2, "found"])]
    )
    session = wafer(proto)
    for x in (np.eye(3, 4, dtype=np.float32), np.zeros((3, 4), np.float32), np.ones((3, 4), np.float32)):
        same(session, proto, {"x": x})


def nothing_and_scalars():
    proto = model(
        [node("Add", ["x", "s"], ["y"]), node("ReduceSum", ["y"], ["z"], keepdims=0)],
        [info("x", FLOAT, ["n", 3]), info("s", FLOAT, [])],
        [info("y", FLOAT, ["n", 3]), info("z", FLOAT, [])],
    )
    session = wafer(proto)
    for count in (2, 0):
        same(session, proto, {"x": weights(max(count, 1), 3)[:count], "s": np.array(1.5, np.float32)})


def threads():
    """One session in four threads, of one shape and of several: each run has its own machine."""
    for proto, batches in ((mlp(), (2,)), (mlp(batch="n"), (1, 2, 3))):
        session = wafer(proto)
        expected = ort.InferenceSession(source(proto), providers=["CPUExecutionProvider"])

        def work(seed, session=session, expected=expected, batches=batches):
            random = np.random.default_rng(seed)
            for round_ in range(6):
                x = random.standard_normal((batches[round_ % len(batches)], 16)).astype(np.float32)
                (got,), (want,) = session.run(None, {"x": x}), expected.run(None, {"x": x})
                np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))  # raises what a thread has raised


def errors_of_a_run():
    """What only the run's values show is an error of the run, not the end of the session."""
    proto = model(
        [node("Tile", ["x", "repeats"], ["y"])],
        [info("x", FLOAT, [2, 3]), info("repeats", INT64, [2])],
        [info("y", FLOAT, ["a", "b"])],
    )
    session = wafer(proto)
    refused(
        lambda: session.run(None, {"x": weights(2, 3), "repeats": np.array([-1, 2])}),
        "[WF2004] node 'Tile-y' (Tile): a repeat is negative",
    )
    same(session, proto, {"x": weights(2, 3), "repeats": np.array([1, 2])})


for test in (
    options,
    what_does_not_fit,
    open_dimensions,
    an_image_of_any_size,
    values_that_decide_shapes,
    as_many_as_the_data_say,
    nothing_and_scalars,
    threads,
    errors_of_a_run,
):
    test()
    print(test.__name__.replace("_", " "))
