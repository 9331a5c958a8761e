"""Compiles a model, runs it on the emulator and holds every value against ONNX Runtime's.

Usage: compare.py MODEL [--target T] [--inputs N] [--seeds S ...] [options of wafer-compile, as --mesh=auto]

MODEL is one of the zoo (python/zoo) or an ONNX file; a file's inputs are random. A value is right if it is within 1e-4 of
itself plus 1e-5 of the tensor's largest magnitude (python/same_numbers.py, also for narrow floats); in bfloat16 it may
be as far from float32 as rounding after every node is (python/reference.py). Infinities and NaNs must be where ONNX
Runtime has them. With several seeds, every seed must give the first one's outputs bit for bit. The
exit code is 0 only if all of it holds, and the last line says `equal` or what is not.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy as np
import onnx

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools
import zoo
from reference import Reference
from same_numbers import Difference, largest_excess


def random_inputs(path: pathlib.Path, count: int):
    """Inputs for a model that the zoo does not know; its declared shapes must be static."""
    model = onnx.load(path, load_external_data=False)
    weights = {tensor.name for tensor in model.graph.initializer}
    for seed in range(count):
        random = np.random.default_rng(seed)
        feed = {}
        for value in model.graph.input:
            if value.name in weights:
                continue
            tensor = value.type.tensor_type
            shape = [dim.dim_value for dim in tensor.shape.dim]
            if not all(dim.HasField("dim_value") for dim in tensor.shape.dim):
                raise SystemExit(
                    f"input {value.name} has no static shape; compare.py can't make a value for it"
                )
            dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
            if dtype.kind == "f":
                feed[value.name] = random.standard_normal(shape).astype(dtype)
            else:
                feed[value.name] = random.integers(0, 2, shape).astype(dtype)
        yield f"random {seed}", feed


def sram_text(report: dict) -> str:
    regions = report.get("regions", [])
    if not regions:
        return "no regions reported"
    fullest = max(regions, key=lambda region: region["sram"]["total"])
    return (
        f"{len(regions)} regions, fullest PE {fullest['sram']['total']} of {fullest['sram']['limit']} B "
        f"({fullest['name']})"
    )


def compare(args: argparse.Namespace, folder: pathlib.Path) -> None:
    if args.model in zoo.NAMES:
        model = zoo.find(args.model)
        path, options, inputs = model.path, model.compile_options, model.inputs(args.inputs)
        fixed = model.fixed
    else:
        path, options, inputs = pathlib.Path(args.model), [], list(random_inputs(args.model, args.inputs))
        fixed = {}
    reference = Reference(path, {name: value.shape for name, value in inputs[0][1].items()} if inputs else {})
    names = reference.names
    options = [*options, "--target", args.target, *args.compile_options]
    print(f"{args.model} on {args.target}, {len(inputs)} inputs, seeds {args.seeds}")

    failures, first_seed = [], []
    for seed in args.seeds:
        compiled = wafer_tools.compile_model(
            path, folder / f"seed{seed}.wafer", [*options, "--seed", str(seed)], timeout=args.timeout
        )
        mesh = compiled.report.get("mesh", {})
        print(
            f"seed {seed}: compiled in {compiled.seconds:.1f} s, mesh {mesh.get('width')}x{mesh.get('height')}, "
            f"{sram_text(compiled.report)}"
        )
        print(
            f"  {'input':32} {'max |error|':>12} {'of allowed':>10} {'cycles':>12} {'load s':>7} {'run s':>7}"
        )
        for index, (label, feed) in enumerate(inputs):
            result = wafer_tools.run_image(
                compiled.image, feed, folder / f"seed{seed}-{index}", args.run_options, timeout=args.timeout
            )
            if sorted(result.outputs) != sorted(names):
                raise Difference(f"outputs are {sorted(result.outputs)}, the model's are {sorted(names)}")
            error, excess = 0.0, 0.0
            exact = reference.run({**feed, **fixed})
            distances = reference.distances({**feed, **fixed}, exact)
            for name, wanted in exact.items():
                pair = largest_excess(
                    result.outputs[name], wanted, f"{label}: {name}", distance=distances[name]
                )
                error, excess = max(error, pair[0]), max(excess, pair[1])
            seconds = result.stats["seconds"]
            print(
                f"  {label[:32]:32} {error:12.3g} {excess:9.1%} {result.stats['cycles']:12,.0f} "
                f"{seconds['load']:7.2f} {seconds['run']:7.2f}",
                flush=True,
            )
            if excess > 1:
                failures.append(f"{label}: an error of {excess:.3g} times what is allowed")
            if seconds["run"] > args.limit_seconds:
                failures.append(f"{label}: {seconds['run']:.1f} s, the limit is {args.limit_seconds:g} s")
            if seed == args.seeds[0]:
                first_seed.append(result.outputs)
            elif any(first_seed[index][name].tobytes() != result.outputs[name].tobytes() for name in names):
                failures.append(f"{label}: seed {seed} gives other bits than seed {args.seeds[0]}")
    if failures:
        raise Difference("\n".join(failures))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("model", help=f"one of {', '.join(zoo.NAMES)}, or an ONNX file")
    parser.add_argument("--target", default="wse2", help="wse2, wse3 or a profile's path (default: wse2)")
    parser.add_argument("--inputs", type=int, default=5, help="how many inputs (default: 5)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="placement seeds (default: 0)")
    parser.add_argument("--limit-seconds", type=float, default=10, help="longest inference (default: 10)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one command (default: 600)")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for images, inputs and outputs")
    parser.add_argument("--run-option", dest="run_options", action="append", default=[], help="for wafer-run")
    args, args.compile_options = parser.parse_known_args()

    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            compare(args, folder)
        except (wafer_tools.ToolError, Difference) as error:
            print(error)
            print("NOT EQUAL" if isinstance(error, Difference) else "FAILED")
            return 1
    print("equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
