"""The package waferc, as its users see it: check.py FOLDER. Names what it checked."""

import contextlib
import io
import itertools
import json
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import threading
import time

import ml_dtypes
import numpy as np
import onnx
import waferc
from onnx import TensorProto, helper
from waferc import cache

FOLDER = pathlib.Path(sys.argv[1])
DECODER = pathlib.Path(__file__).resolve().parents[1] / "models" / "decoder.onnx"
info = helper.make_tensor_value_info


def model(nodes, inputs, outputs, weights=(), **properties):
    graph = helper.make_graph(
        nodes, "g", inputs, outputs, [onnx.numpy_helper.from_array(v, n) for n, v in weights]
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    for key, value in properties.items():
        proto.metadata_props.add(key=key, value=value)
    return proto


def relu(shape=(3, 5), type=TensorProto.FLOAT, **properties):
    node = helper.make_node("Relu", ["x"], ["y"], name="relu")
    return model([node], [info("x", type, shape)], [info("y", type, shape)], **properties)


def refused(code, call):
    try:
        call()
    except waferc.Error as error:
        assert error.code == code, error
        return error
    raise AssertionError(f"{code} was expected")


def check_programs():
    proto = relu()
    path = FOLDER / "relu.onnx"
    onnx.save(proto, path)
    told = []
    program = waferc.compile(path, mesh=(3, 2), progress=lambda text, fraction: told.append(text))
    assert program.to_bytes() == waferc.compile(str(path), mesh="3x2").to_bytes()
    assert program.report["mesh"] == {"width": 3, "height": 2}
    report = program.report
    report.save(FOLDER / "relu.json")
    assert json.loads((FOLDER / "relu.json").read_text()) == report
    report["emulated"] = {"cycles": 4711}
    report.save(FOLDER / "relu.html")
    page = (FOLDER / "relu.html").read_text()
    assert page.startswith("<!doctype html>") and '"cycles": 4711' in page, page[:80]
    refused("WF8001", lambda: report.save(FOLDER / "no" / "folder.html"))
    program.save(FOLDER / "relu.wafer")
    assert waferc.Program.open(FOLDER / "relu.wafer").to_bytes() == program.to_bytes()
    text = io.StringIO()
    program.show(text)
    assert "mesh of 3 x 2 PEs" in text.getvalue() and "cycles" in text.getvalue()
    x = np.arange(-7, 8, dtype=np.float32).reshape(3, 5)
    for source in (program, FOLDER / "relu.wafer", program.to_bytes(), proto, path.read_bytes(), path):
        compiled = isinstance(source, waferc.Program | bytes) or str(source).endswith(".wafer")
        options = {} if compiled and source != path.read_bytes() else {"mesh": "3x2"}
        session = waferc.InferenceSession(source, **options)
        assert [(i.name, i.shape, i.type) for i in session.get_inputs()] == [("x", [3, 5], "tensor(float)")]
        assert [o.name for o in session.get_outputs()] == ["y"]
        (y,) = session.run(None, {"x": x})
        assert np.array_equal(y, np.maximum(x, 0)) and session.stats()["cycles"] > 0
    assert "seed" in waferc.compile_options()
    rect = program.report["regions"][0]["rect"]
    for pes in (None, (rect["x"], rect["y"], rect["width"], rect["height"])):
        session.run(None, {"x": x}, trace=FOLDER / "run.pftrace", trace_pes=pes)
        track = "PE ({x}, {y})".format(**rect).encode() in (FOLDER / "run.pftrace").read_bytes()
        assert track == (pes is not None)
    (FOLDER / "run.pftrace").unlink()
    refused("WF8001", lambda: session.run(None, {"x": x}, trace=FOLDER / "t", trace_pes=(2, 0, 2, 2)))
    session.run(None, {"x": x})
    assert not (FOLDER / "run.pftrace").exists()
    print("programs")


def check_types():
    for dtype in (np.float32, np.float16, np.float64, ml_dtypes.bfloat16, np.int32, np.int8):
        number = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        session = waferc.InferenceSession(relu(type=number), mesh="2x2")
        x = np.arange(-7, 8).reshape(3, 5).astype(dtype)
        (y,) = session.run(["y"], {"x": x})
        assert y.dtype == x.dtype and np.array_equal(y, np.maximum(x, x.dtype.type(0))), dtype
    session = waferc.InferenceSession(relu(), mesh="2x2")
    turned = np.arange(-7, 8, dtype=np.float32).reshape(5, 3).T  # not dense
    assert np.array_equal(session.run(None, {"x": turned})[0], np.maximum(turned, 0))
    assert session.run(None, {"x": [[1, -2, 3, -4, 5]] * 3})[0].tolist() == [[1, 0, 3, 0, 5]] * 3

    class Foreign:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **arguments):
            return self.array.__dlpack__(**arguments)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    x = np.full((3, 5), -1, np.float32)
    assert not session.run(None, {"x": Foreign(x)})[0].any()
    print("types and arrays")


def check_errors():
    noise = helper.make_node("RandomNormalLike", ["x"], ["y"], name="noise")
    x, y = info("x", TensorProto.FLOAT, [3]), info("y", TensorProto.FLOAT, [3])
    error = refused("WF2001", lambda: waferc.compile(model([noise], [x], [y])))
    assert error.node == "noise" and error.diagnostics[0].message in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert waferc.explain(error.code).startswith("WF2001: ") and "What to do" in waferc.explain("WF2001")
    with contextlib.suppress(ValueError):
        raise AssertionError(waferc.explain("WF9999"))
    refused("WF8001", lambda: waferc.compile(relu(), mesh="nonsense"))
    refused("WF1001", lambda: waferc.InferenceSession("/no/such/model.onnx"))
    session = waferc.InferenceSession(relu(), mesh="2x2")
    refused("WF8008", lambda: session.run(None, {"x": np.zeros((5, 3), np.float32)}))
    refused("WF8007", lambda: session.run(None, {"x": np.zeros((3, 5))}))
    refused("WF8006", lambda: session.run(None, {}))
    try:
        session.run(["z"], {"x": np.zeros((3, 5), np.float32)})
    except ValueError as wrong:
        assert "no output 'z'" in str(wrong)
    else:
        raise AssertionError("an unknown output is refused")
    print("errors")


def check_specialization():
    """Open dimensions, and inputs that decide shapes, are known at the first run."""
    proto = model(
        [helper.make_node("Reshape", ["x", "shape"], ["r"]), helper.make_node("Relu", ["r"], ["y"])],
        [info("x", TensorProto.FLOAT, ["n", 6]), info("shape", TensorProto.INT64, [2])],
        [info("y", TensorProto.FLOAT, None)],
        author="somebody",
    )
    session = waferc.InferenceSession(proto, mesh="2x2")
    assert session.get_inputs()[0].shape == ["n", 6]
    assert session.get_modelmeta().custom_metadata_map == {"author": "somebody"}
    for n, shape in ((2, [3, 4]), (2, [12, 1]), (3, [2, 9]), (2, [3, 4])):
        x = np.random.default_rng(n).standard_normal((n, 6), np.float32)
        (y,) = session.run(None, {"x": x, "shape": np.array(shape)})
        assert np.array_equal(y, np.maximum(x.reshape(shape), 0))
    assert len(session._specializer.programs) == 3
    fixed = waferc.InferenceSession(proto, mesh="2x2", dims={"n": 2}, constants={"shape": np.array([4, 3])})
    assert [i.name for i in fixed.get_inputs()] == ["x"]
    assert fixed.run(None, {"x": np.ones((2, 6), np.float32)})[0].shape == (4, 3)
    # A branch that cannot be compiled is no matter if its condition says that it does not run.
    branches = {
        f"{name}_branch": helper.make_graph(
            [helper.make_node(op, ["x"], [name])], name, [], [info(name, TensorProto.FLOAT, [2, 3])]
        )
        for name, op in (("then", "Relu"), ("else", "RandomNormalLike"))
    }
    either = waferc.InferenceSession(
        model(
            [helper.make_node("If", ["flag"], ["y"], name="either", **branches)],
            [info("x", TensorProto.FLOAT, [2, 3]), info("flag", TensorProto.BOOL, [])],
            [info("y", TensorProto.FLOAT, [2, 3])],
        ),
        mesh="2x2",
    )
    x = np.ones((2, 3), np.float32)
    assert np.array_equal(
        either.run(None, {"x": x, "flag": np.array(True)})[0], x
    ) and either.specialized == ["flag"]
    refused("WF2001", lambda: either.run(None, {"x": x, "flag": np.array(False)}))
    # As many elements as the data say: nothing has to be known.
    found = waferc.InferenceSession(
        model(
            [helper.make_node("NonZero", ["x"], ["y"])],
            [info("x", TensorProto.FLOAT, [2, 3])],
            [info("y", TensorProto.INT64, [2, None])],
        ),
        mesh="2x2",
    )
    for x in (np.eye(2, 3, dtype=np.float32), np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)):
        assert np.array_equal(found.run(None, {"x": x})[0], np.array(np.nonzero(x)))
    print("specialization")


def check_cache():
    for path in cache.folder().glob("*"):
        path.unlink()
    x = np.zeros((3, 5), np.float32)
    for _ in range(2):
        waferc.InferenceSession(relu(), mesh="2x2").run(None, {"x": x})
    (entry,) = cache.folder().glob("*.wafer")
    entry.write_bytes(b"broken")  # is noticed, and made anew
    waferc.InferenceSession(relu(), mesh="2x2").run(None, {"x": x})
    assert entry.stat().st_size > 100
    size = entry.stat().st_size
    os.environ["WAFERC_CACHE_BYTES"] = str(size * 2 + size // 2)
    for width in range(2, 7):
        waferc.InferenceSession(relu(), mesh=(width, 2)).run(None, {"x": x})
    assert 1 <= len(list(cache.folder().glob("*.wafer"))) <= 2
    waferc.InferenceSession(relu(), mesh="9x2", disk_cache=False).run(None, {"x": x})
    assert len(list(cache.folder().glob("*"))) <= 2
    del os.environ["WAFERC_CACHE_BYTES"]
    print("cache")


def check_binding():
    session = waferc.InferenceSession(relu(), mesh="2x2")
    binding = session.io_binding()
    x, y = np.full((3, 5), 2, np.float32), np.zeros((3, 5), np.float32)
    binding.bind_cpu_input("x", x)
    binding.bind_output("y", buffer=y)
    session.run_with_iobinding(binding)
    assert (y == 2).all() and binding.copy_outputs_to_cpu()[0] is y
    x[...] = 3  # is read at each run
    session.run_with_iobinding(binding)
    assert (y == 3).all()
    print("binding")


def check_threads():
    def work(seed):
        session = waferc.InferenceSession(relu(), mesh=(2 + seed, 2), disk_cache=False)
        x = np.random.default_rng(seed).standard_normal((3, 5), np.float32)
        for _ in range(3):
            results.append(np.array_equal(session.run(None, {"x": x})[0], np.maximum(x, 0)))

    results: list[bool] = []
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 12
    print("threads")


def check_history():
    """A compilation does not see what was compiled before it in this process."""
    program = relu(shape=(5, 7)).SerializeToString()
    script = "import sys, waferc; sys.stdout.buffer.write(waferc.compile(sys.stdin.buffer.read(), mesh=(3, 2)).to_bytes())"
    fresh = subprocess.run([sys.executable, "-c", script], input=program, stdout=subprocess.PIPE, check=True)
    assert waferc.compile(program, mesh=(3, 2)).to_bytes() == fresh.stdout
    names = [f"t{i}" for i in range(40)]
    long = model(
        [helper.make_node("Tanh", [a], [b]) for a, b in itertools.pairwise(names)],
        [info(names[0], TensorProto.FLOAT, [5, 7])],
        [info(names[-1], TensorProto.FLOAT, [5, 7])],
    )
    for other in (relu(shape=(5, 8)), relu(type=TensorProto.DOUBLE), long):
        waferc.compile(other, mesh=(3, 2))
        assert waferc.compile(program, mesh=(3, 2)).to_bytes() == fresh.stdout
    refused("WF3001", lambda: waferc.compile(relu(shape=(500, 700)), mesh=(1, 1)))
    assert waferc.compile(program, mesh=(3, 2)).to_bytes() == fresh.stdout
    print("history")


def check_exact():
    """Cycle by cycle: the same values, from the engine that steps the machine."""
    x = np.arange(15, dtype=np.float32).reshape(3, 5) - 7
    session = waferc.InferenceSession(relu(), mesh="3x2", disk_cache=False, count_cycles="exact")
    assert np.array_equal(session.run(None, {"x": x})[0], np.maximum(x, 0))
    assert session.stats()["engine"] == "reference"
    try:
        waferc.InferenceSession(relu(), count_cycles="often")
        raise AssertionError("an unknown way of counting cycles")
    except ValueError as error:
        assert "'often'" in str(error)
    print("exact")


def check_interrupt():
    """Ctrl-C ends a run, and the session lives on."""
    size = 1 << 16
    proto = model(
        [helper.make_node("CumSum", ["x", "axis"], ["y"])],
        [info("x", TensorProto.FLOAT, [size])],
        [info("y", TensorProto.FLOAT, [size])],
        [("axis", np.array(0))],
    )
    session = waferc.InferenceSession(proto, mesh="16x16", disk_cache=False)
    session.prepare({"x": np.zeros(size, np.float32)})
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell has it ignored
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    begin = time.monotonic()
    try:
        session.run(None, {"x": np.zeros(size, np.float32)})
    except KeyboardInterrupt:
        assert time.monotonic() - begin < 30
        print("interrupt")
    else:
        raise AssertionError("the run was over before it was interrupted")


def check_backend():
    from waferc import backend

    x = np.array([[-1.0, 2.0]], np.float32)
    assert backend.supports_device("CPU") and not backend.supports_device("CUDA:0")
    assert backend.run_model(relu((1, 2)), [x], mesh="2x2")[0].tolist() == [[0, 2]]
    assert backend.prepare(relu((1, 2)), mesh="2x2").run({"x": x}).y.tolist() == [[0, 2]]
    node = helper.make_node("Split", ["x"], ["a", "b"], axis=1, num_outputs=2)
    a, b = backend.run_node(node, [x], mesh="2x2")
    assert a.tolist() == [[-1]] and b.tolist() == [[2]]
    assert not backend.is_compatible(b"nonsense")
    programs = {}
    for effort in ({}, {"effort": "quick"}, {"effort": "full"}):
        prepared = backend.prepare(DECODER, mesh="24x24", disk_cache=False, **effort)
        prepared.run([np.zeros((1, 16), np.int64)])
        programs[effort.get("effort")] = prepared.session.program.to_bytes()
    assert programs[None] == programs["quick"] != programs["full"]
    compiled = waferc.compile(relu((1, 2)), mesh="2x2")
    for program in (compiled, compiled.to_bytes()):
        assert backend.run_model(program, [x])[0].tolist() == [[0, 2]]
    print("backend")


def check_command():
    def waferc_command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "waferc", *arguments], capture_output=True, text=True, check=False
        )

    onnx.save(relu(), FOLDER / "m.onnx")
    np.save(FOLDER / "x.npy", np.ones((3, 5), np.float32))
    done = waferc_command("compile", str(FOLDER / "m.onnx"), "--mesh", "3x2", "-o", str(FOLDER / "m.wafer"))
    assert done.returncode == 0 and "mesh of 3 x 2 PEs" in done.stdout, done
    for source, options in (("m.wafer", []), ("m.onnx", ["--mesh", "3x2"])):
        done = waferc_command(
            "run",
            str(FOLDER / source),
            *options,
            "--input",
            f"x={FOLDER}/x.npy",
            "--output-dir",
            str(FOLDER / "out"),
        )
        assert done.returncode == 0 and "y: float32[3, 5]" in done.stdout and " cycles on " in done.stdout, (
            done
        )
    assert (np.load(FOLDER / "out" / "0-y.npy") == 1).all()
    done = waferc_command("explain", "WF3001")
    assert done.returncode == 0 and done.stdout.startswith("WF3001: "), done
    assert waferc_command("explain", "nonsense").returncode == 1
    done = waferc_command("report", str(FOLDER / "m.onnx"), "--mesh", "3x2", "--json")
    assert json.loads(done.stdout)["mesh"] == {"width": 3, "height": 2}
    done = waferc_command("compile", str(FOLDER / "x.npy"))
    assert done.returncode == 1 and "[WF1001]" in done.stderr, done
    done = waferc_command("doctor")
    assert done.returncode == 0 and "compiled and run" in done.stdout, done
    assert "libonnxruntime_ep_waferc.so" in done.stdout, done  # where it is, or that it is not there
    print("command")


for check in (
    check_programs,
    check_types,
    check_errors,
    check_specialization,
    check_cache,
    check_binding,
    check_threads,
    check_history,
    check_exact,
    check_interrupt,
    check_backend,
    check_command,
):
    check()
