"""Long sums that lose nothing in f32 and nearly everything in f16: products of K > 2,000 must come out exact.

Usage: accumulation.py [--mesh WxH ...] [--target T]

Every partial sum, in whatever order, is a multiple of 2^-4 below 2^16: f32 holds all of them. The first column adds
ones, with which an f16 sum ends at 2,048; the second cancels terms of either sign to a small rest.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools

K = 2500


def sum_in(dtype, terms: np.ndarray) -> np.ndarray:
    """One term after the other, rounded to `dtype` each time."""
    total = np.zeros(terms.shape[1:], dtype)
    for term in terms.astype(dtype):
        total = (total + term).astype(dtype)
    return total.astype(np.float64)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mesh", nargs="+", default=["1x1"], help="meshes to run on (default: 1x1)")
    parser.add_argument("--target", default="wse2", help="machine (default: wse2)")
    args = parser.parse_args()
    random = np.random.default_rng(5)
    x = np.exp2(random.integers(-4, 5, (1, K)))
    w = np.stack([1 / x[0], random.permutation(np.resize([1.0, -1.0], K))], axis=1)
    exact = x @ w
    terms = x[0][:, None] * w
    for dtype, close in ((np.float32, True), (np.float16, False)):
        if np.array_equal(sum_in(dtype, terms), exact[0]) != close:
            raise SystemExit(f"the values do not tell {np.dtype(dtype)} from exact sums")
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="product")
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, K])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(w.astype(np.float32), "w")],
    )
    failures = 0
    for mesh in args.mesh:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
            onnx.save(model, folder / "model.onnx")
            options = ["--target", args.target, "--mesh", mesh]
            image = wafer_tools.compile_model(folder / "model.onnx", folder / "model.wafer", options).image
            y = wafer_tools.run_image(image, {"x": x.astype(np.float32)}, folder / "run").outputs["y"]
        right = np.array_equal(y.astype(np.float64), exact)
        failures += not right
        print(f"{args.target}, mesh {mesh}: {y[0]} " + ("exact" if right else f"NOT {exact[0]}"), flush=True)
    print(f"{len(args.mesh)} meshes, {failures} not exact")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
