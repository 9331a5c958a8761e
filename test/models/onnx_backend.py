"""Compiles ONNX's own backend tests, runs them on the emulator and holds the outputs against the suite's.

Usage: onnx_backend.py [--mesh WxH] [--list FILE [--every N]] [--survey [--write FILE]] [NAME ...]

A test runs with all of its inputs given at run time. Where the compiler must know some of them (axes, shapes), they
become constants: every input but the first, or else every integer one. With --list, the tests named in FILE must pass;
with --survey every test of the suite is tried and its outcome counted.
"""

import argparse
import collections
import concurrent.futures
import pathlib
import re
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools
from same_numbers import Difference, largest_excess

SUITE = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data"
FOLDERS = ("node", "simple", "pytorch-operator", "pytorch-converted")
# What the compiler says about an input whose value it must know.
NEEDS_CONSTANT = re.compile(r"computed from run-time data|must be a constant|WF2002")
# Expected values that the suite rounds to four digits.
ROUNDED = {
    "node/test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-4,
    "node/test_roialign_aligned_false": 1e-4,
    "node/test_roialign_aligned_true": 1e-4,
}


def names() -> list[str]:
    return sorted(
        f"{folder}/{test.name}"
        for folder in FOLDERS
        for test in (SUITE / folder).iterdir()
        if (test / "model.onnx").exists()
    )


def read_array(path: pathlib.Path) -> np.ndarray:
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(tensor)


def fix_inputs(model: onnx.ModelProto, feed: dict[str, np.ndarray], constants: set[str]) -> onnx.ModelProto:
    """The model with the shapes of `feed`, and with some of its inputs as initializers."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    del fixed.graph.input[:]
    for value in model.graph.input:
        if value.name in constants:
            fixed.graph.initializer.append(numpy_helper.from_array(feed[value.name], value.name))
            continue
        shape = value.type.tensor_type.shape
        shape.Clear()
        for extent in feed[value.name].shape:
            shape.dim.add().dim_value = extent
        fixed.graph.input.append(value)
    return fixed


def attempt(
    model: onnx.ModelProto,
    feed: dict[str, np.ndarray],
    constants: set[str],
    expected: dict[str, np.ndarray],
    rounding: float,
    mesh: str,
) -> None:
    """ToolError or Difference if it is not right."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        onnx.save(fix_inputs(model, feed, constants), folder / "model.onnx")
        compiled = wafer_tools.compile_model(
            folder / "model.onnx", folder / "model.wafer", ["--mesh", mesh], timeout=60
        )
        given = {name: value for name, value in feed.items() if name not in constants}
        result = wafer_tools.run_image(compiled.image, given, folder / "run", timeout=60)
        for name, want in expected.items():
            got = result.outputs[name]
            error, excess = largest_excess(got, want, name)
            if excess > 1 and error > rounding:
                raise Difference(f"{name}: an error of {error:.3g}, {excess:.3g} times what is allowed")


def run(name: str, mesh: str) -> str:
    """ "pass", or why not."""
    folder = SUITE / name
    model = onnx.load(folder / "model.onnx")
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    if any(not value.type.HasField("tensor_type") for value in [*inputs, *model.graph.output]):
        return "not a tensor"
    data = folder / "test_data_set_0"
    feed = {value.name: read_array(data / f"input_{i}.pb") for i, value in enumerate(inputs)}
    expected = {value.name: read_array(data / f"output_{i}.pb") for i, value in enumerate(model.graph.output)}
    integers = {name for name, value in feed.items() if value.dtype.kind == "i"}
    choices = [set(), {value.name for value in inputs[1:]}, integers]
    outcome = "no choice"
    for number, constants in enumerate(choices):
        if number and not NEEDS_CONSTANT.search(outcome):
            break
        if number and not constants:
            continue
        try:
            attempt(model, feed, constants, expected, ROUNDED.get(name, 0), mesh)
            return "pass"
        except Difference as error:
            return f"WRONG: {error}"
        except wafer_tools.ToolError as error:
            text = str(error)
            outcome = re.sub(r"^\$ [^\n]*\n", "", text)
            if "exit code 1" not in text:
                return f"CRASH: {outcome}"
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="folder/test, as the suite calls them")
    parser.add_argument("--mesh", default="5x4")
    parser.add_argument("--list", type=pathlib.Path)
    parser.add_argument("--every", type=int, default=1, help="with --list: take every Nth test only")
    parser.add_argument("--survey", action="store_true")
    parser.add_argument(
        "--write", type=pathlib.Path, help="with --survey: write the tests that pass to this file"
    )
    args = parser.parse_args()
    chosen = list(args.names)
    if args.list:
        lines = [line.strip() for line in args.list.read_text().splitlines()]
        chosen += [line for line in lines if line and not line.startswith("#")][:: args.every]
    if args.survey:
        chosen = names()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        outcomes = dict(zip(chosen, pool.map(lambda name: run(name, args.mesh), chosen), strict=True))
    passed = [name for name, outcome in outcomes.items() if outcome == "pass"]
    for name, outcome in outcomes.items():
        if outcome != "pass":
            print(f"{name}: {outcome}")
    if args.survey:
        kinds = collections.Counter(
            re.sub(r"'.*?'|[0-9.]+", "", outcome.splitlines()[0])[:70] for outcome in outcomes.values()
        )
        for kind, count in kinds.most_common(25):
            print(f"{count:5} {kind}")
        if args.write:
            comment = "# ONNX's backend tests that agree; onnx_backend.py --survey --write makes this list.\n"
            args.write.write_text(comment + "".join(f"{name}\n" for name in passed))
    print(f"{len(passed)} of {len(chosen)} backend tests agree")
    return 0 if args.survey or (chosen and len(passed) == len(chosen)) else 1


if __name__ == "__main__":
    sys.exit(main())
