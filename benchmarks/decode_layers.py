"""Decode layers of LLaMA's form: PEs, cycles as estimated and as emulated, and how far from ONNX Runtime.

Usage: decode_layers.py [layer ...] [--target T ...] [--largest-region N] [--setup CYCLES ...] [--build build]

Cycles are of the whole program: the token's vector comes in from the host and goes out, with its key and value. `inside` are
those from when every PE has what it needs of the vector to when the layer's result is there, which rests as the vector does: what is left where
layers follow one another on the wafer. `compile s` is wafer-compile's processor time. `error` is the largest difference of an output from ONNX Runtime's, relative to the
output's largest value.

`--setup` has machines whose vector instructions take so many cycles to set up; no public source says how many that are on WSE-2.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import large_models
import numpy as np
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools

LAYERS = [name for name in large_models.MODELS if name.startswith("decode-")]


def cycles_inside(regions: list[dict]) -> float:
    """Of one region: from the end of all that comes before its first kernel to that of its last kernel."""
    if len(regions) > 1:
        return float("nan")
    steps = regions[0]["kernels"]
    first = next(i for i, step in enumerate(steps) if step["op"] == "kernel")
    brought = max(step["last_cycle"] for step in steps[:first])
    return max(step["last_cycle"] for step in steps if step["op"] == "kernel") - brought


def profile_with_setup(target: str, cycles: int, folder: pathlib.Path) -> str:
    """A machine like `target`, but with this set-up of vector instructions: the path of its profile."""
    profile = json.loads((ROOT / f"profiles/{target}.json").read_text())
    for kind in ("move", "arith", "fma"):
        profile["core"][f"vector_{kind}_setup_cycles"]["value"] = cycles
    path = folder / f"{target}.json"
    path.write_text(json.dumps(profile))
    return str(path)


def measure(
    args: argparse.Namespace, name: str, target: str, setup: int | None, folder: pathlib.Path
) -> None:
    path = folder / "layer.onnx"
    feed = large_models.write(name, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    expected = dict(zip(names, session.run(None, feed), strict=True))
    options = ["--target", profile_with_setup(target, setup, folder) if setup is not None else target]
    if args.largest_region:
        options += ["--largest-region", str(args.largest_region)]
    compiled = wafer_tools.compile_model(path, folder / "layer.wafer", options, args.build)
    run = wafer_tools.run_image(compiled.image, feed, folder / "out", build=args.build)
    regions = compiled.report["regions"]
    estimated = max(kernel["end_cycle"] for region in regions for kernel in region["kernels"])
    error = max(
        float(np.abs(run.outputs[key] - value).max() / np.abs(value).max()) for key, value in expected.items()
    )
    sizes = ", ".join(f"{region['rect']['width']}x{region['rect']['height']}" for region in regions)
    print(
        f"{name:12}{target:6}{'' if setup is None else setup:>6}  {sizes:24}{estimated:>11,}{run.stats['cycles']:>11,.0f}{cycles_inside(run.stats['regions']):>9,.0f}"
        f"{compiled.cpu_seconds:>11.1f}{run.stats['seconds']['run']:>8.1f}{error:>10.1e}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "layers", nargs="*", metavar="layer", help=f"of {', '.join(LAYERS)} (default: all)", default=LAYERS
    )
    parser.add_argument("--target", nargs="+", default=["wse2", "wse3"], help="machines (default: wse2 wse3)")
    parser.add_argument(
        "--largest-region", type=int, help="side of a region, at most (default: the compiler's)"
    )
    parser.add_argument(
        "--setup",
        type=int,
        nargs="+",
        metavar="CYCLES",
        default=[None],
        help="set-up of vector instructions (default: the target's)",
    )
    parser.add_argument(
        "--build", type=pathlib.Path, default=ROOT / "build", help="build folder (default: build)"
    )
    args = parser.parse_args()
    print(
        "layer       target setup  regions                   estimated   emulated   inside  compile s   run s     error"
    )
    for name in args.layers:
        for target in args.target:
            for setup in args.setup:
                with tempfile.TemporaryDirectory() as folder:
                    measure(args, name, target, setup, pathlib.Path(folder))


if __name__ == "__main__":
    main()
