"""Numbers of 64 bits that a run computes and 32 bits do not hold: the run ends with a coded error that names the node.

Usage: beyond_32_bits.py [--mesh WxH ...]

Each case is run twice: with an input whose results fit, which must be ONNX Runtime's, and with one whose results do
not, on one PE and on more, where partial results meet.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools

I64, U64, F32 = TensorProto.INT64, TensorProto.UINT64, TensorProto.FLOAT


def many(value: int, *shape: int) -> np.ndarray:
    return np.full(shape, value, np.int64)


# Operator, other operands, attributes, an input that fits, one that does not.
CASES = [
    ("Add", [np.int64(2**31 - 1)], {}, many(-5, 7), many(1, 7)),
    ("Sub", [np.int64(2**31 - 1)], {}, many(5, 7), many(-2, 7)),
    ("Mul", [np.int64(65536)], {}, many(-32768, 7), many(32768, 7)),
    ("Neg", [], {}, many(-(2**31) + 1, 7), many(-(2**31), 7)),
    ("Abs", [], {}, many(-(2**31) + 1, 7), many(-(2**31), 7)),
    ("Div", [many(-1, 7)], {}, many(-(2**31) + 1, 7), many(-(2**31), 7)),
    ("ReduceSum", [np.array([1])], {}, many(2**20, 3, 2047), many(2**20, 3, 2048)),
    ("ReduceSum", [np.array([0])], {}, many(2**21, 1000, 2), many(2**21, 1024, 2)),
    ("ReduceProd", [np.array([1])], {}, many(2, 3, 30), many(2, 3, 31)),
    ("CumSum", [np.array(1)], {}, many(2**26, 3, 31), many(2**26, 3, 32)),
    ("MatMul", [many(2**15, 64, 3)], {}, many(2**9, 2, 64), many(2**10, 2, 64)),
    (
        "Cast",
        [],
        {"to": I64},
        np.array([-(2.0**31), 2147483520], np.float32),
        np.array([0, 2.0**31], np.float32),
    ),
    ("Cast", [], {"to": U64}, np.array([0, 2147483520], np.float32), np.array([0, -1], np.float32)),
    ("Cast", [], {"to": U64}, many(5, 3), many(-5, 3)),
    ("Sub", [np.uint64(7)], {}, np.full(7, 9, np.uint64), np.full(7, 5, np.uint64)),
    ("Cast", [], {"to": I64}, np.full(7, 2**31 - 1, np.uint32), np.full(7, 2**31, np.uint32)),
]


def build(op: str, others: list, attributes: dict, x: np.ndarray) -> onnx.ModelProto:
    names = [f"w{i}" for i in range(len(others))]
    operands = ["x", *names]
    if op == "Sub" and x.dtype == np.int64:
        operands = [*names, "x"]
    node = helper.make_node(op, operands, ["y"], name="the node", **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)],
        [onnx.ValueInfoProto(name="y")],
        [numpy_helper.from_array(np.asarray(w), name) for name, w in zip(names, others, strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return onnx.shape_inference.infer_shapes(model)


def check(case: tuple, mesh: str, folder: pathlib.Path) -> None:
    op, others, attributes, fits, beyond = case
    for x in (fits, beyond):
        model = build(op, others, attributes, x)
        path = folder / "model.onnx"
        onnx.save(model, path)
        image = wafer_tools.compile_model(path, folder / "model.wafer", ["--mesh", mesh], timeout=120).image
        reference = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]
        try:
            result = wafer_tools.run_image(image, {"x": x}, folder / "run", timeout=120).outputs["y"]
        except wafer_tools.ToolError as error:
            if x is beyond and "[WF7019]" in str(error) and "the node" in str(error):
                continue
            raise
        if x is beyond:
            raise wafer_tools.ToolError(f"no error, but {result.ravel()[:3]} for {reference.ravel()[:3]}")
        if result.dtype != reference.dtype or not np.array_equal(result, reference):
            raise wafer_tools.ToolError(f"{result.ravel()[:3]} instead of {reference.ravel()[:3]}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mesh", nargs="+", default=["1x1", "5x3"])
    args = parser.parse_args()
    failures = 0
    for case in CASES:
        for mesh in args.mesh:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    check(case, mesh, pathlib.Path(folder))
                    line = "right"
                except wafer_tools.ToolError as error:
                    failures += 1
                    line = f"NOT RIGHT\n{error}"
            print(f"{case[0]} of {case[3].dtype}{list(case[3].shape)}, mesh {mesh}: {line}", flush=True)
    print(f"{len(CASES) * len(args.mesh)} cases, {failures} not right")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
