"""Compiles one small model per operator, runs it on the emulator and holds it against ONNX Runtime.

Usage: operators.py FAMILY ... [--mesh WxH|auto ...] [--only TEXT] [--target T]

Families: elementwise, broadcast, convolution, pooling, matmul, reduction, softmax, normalization, resize, sampling,
shape, gather, scatter, sort, select, attention, contrib, graph, recurrent, control, types, quantization, extents;
`all` for every one. Values are right if they are within 1e-4 of themselves plus 1e-5 of the tensor's largest
magnitude; integers and booleans must be equal. The last line counts the cases.
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
from operator_cases import FAMILIES, Case
from same_numbers import Difference, largest_excess


def info(name, value):
    value = np.asarray(value)
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)


def build(one: Case) -> tuple[onnx.ModelProto, list[np.ndarray]]:
    """The model, and ONNX Runtime's outputs for the case's inputs."""
    graph = helper.make_graph(
        one.nodes,
        "g",
        [info(name, value) for name, value in one.inputs.items()],
        [onnx.ValueInfoProto(name=name) for name in one.nodes[-1].output],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in one.weights.items()],
    )
    opsets = [helper.make_opsetid("", one.opset)]
    opsets += [helper.make_opsetid(domain, 1) for domain in {n.domain for n in one.nodes if n.domain}]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feed = {name: np.asarray(value) for name, value in one.inputs.items()}
    reference = [np.asarray(value) for value in session.run(None, feed)]
    # ONNX Runtime infers the outputs' types; the checker, and a user's model, have them.
    for output, value in zip(model.graph.output, reference, strict=True):
        output.CopyFrom(info(output.name, value))
    if all(
        n.op_type != "SimplifiedLayerNormalization" for n in one.nodes
    ):  # not in ONNX, though in its domain
        onnx.checker.check_model(model)
    return model, reference


def check(one: Case, mesh: str, target: str, folder: pathlib.Path) -> str:
    """Compiles, runs and compares; a line about it. ToolError or Difference if it is not right."""
    model, reference = build(one)
    path = folder / "model.onnx"
    onnx.save(model, path)
    options = ["--target", target, "--mesh", mesh]
    compiled = wafer_tools.compile_model(path, folder / "model.wafer", options, timeout=60)
    result = wafer_tools.run_image(compiled.image, one.inputs, folder / "run", timeout=60)
    worst = 0.0
    for output, value in zip(model.graph.output, reference, strict=True):
        error, excess = largest_excess(result.outputs[output.name], value, output.name)
        worst = max(worst, excess)
        if excess > 1:
            raise Difference(f"{output.name}: an error of {error:.3g}, {excess:.3g} times what is allowed")
    return f"{worst:.1%} of the allowed error, {result.stats['cycles']:,.0f} cycles"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("families", nargs="+", choices=[*FAMILIES, "all"], metavar="family")
    parser.add_argument("--mesh", nargs="+", default=["auto"], help="meshes to try each on (default: auto)")
    parser.add_argument("--target", default="wse2", help="machine (default: wse2)")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    args = parser.parse_args()
    count = failures = 0
    for family in FAMILIES if "all" in args.families else args.families:
        for one in FAMILIES[family]:
            for mesh in args.mesh:
                if args.only not in one.name:
                    continue
                count += 1
                with tempfile.TemporaryDirectory() as folder:
                    try:
                        line = check(one, mesh, args.target, pathlib.Path(folder))
                    except (wafer_tools.ToolError, Difference) as error:
                        failures += 1
                        line = f"NOT RIGHT\n{error}"
                print(f"{family}, mesh {mesh}: {one.name}: {line}", flush=True)
    print(f"{count} cases, {failures} not right")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
