"""Compiling for a mesh with dead parts: how long it takes beside the clean mesh, and whether the numbers are right.

Usage: dead_parts.py [model ...] [--mesh 64x64 750x994] [--kind scattered clusters] [--percent 1] [--seeds 0 ...]

For each model and mesh a line for the clean mesh and one for each kind of defects and seed: CPU seconds of
wafer-compile, their ratio to the clean mesh's (3 is the limit), the size of regions and their number, lanes of the
widest stream, cycles, and the largest error of one inference relative to what is allowed beside ONNX Runtime. The exit
code is 0 if every limit holds and every number is right.
"""

import argparse
import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools
import zoo
from reference import Reference
from same_numbers import Difference, largest_excess
from zoo import defects

LIMIT, TOO_SHORT = 3.0, 0.3


def without_mesh(options: list[str]) -> list[str]:
    """The options without the mesh that a model is usually compiled for."""
    meshes = [at for at, option in enumerate(options) if option == "--mesh"]
    return [option for at, option in enumerate(options) if at not in meshes and at - 1 not in meshes]


def measure(args, name: str, label: str, target: str, mesh: str, clean: float, folder) -> float:
    """CPU seconds of the compilation, or infinity if something does not hold; prints a line."""
    model = zoo.find(name)
    options = [*without_mesh(model.compile_options), "--target", target, "--mesh", mesh]
    print(f"{name:23}{mesh:>8} {label:16}", end="", flush=True)
    try:
        compiled = wafer_tools.compile_model(
            model.path, folder / "image.wafer", options, args.build, timeout=args.timeout
        )
        (_, feed), *_ = model.inputs(1)
        result = wafer_tools.run_image(
            compiled.image, feed, folder / "run", build=args.build, timeout=args.timeout
        )
        fed = {**feed, **model.fixed}
        reference = Reference(model.path, {input: value.shape for input, value in fed.items()})
        expected = reference.run(fed)
        distances = reference.distances(fed, expected)
        excess = max(
            largest_excess(result.outputs[output], value, output, distances[output])[1]
            for output, value in expected.items()
        )
    except (wafer_tools.ToolError, Difference) as error:
        print(
            " ",
            next((line for line in str(error).splitlines() if "error" in line), str(error).splitlines()[-1]),
        )
        return float("inf")
    regions, streams = compiled.report["regions"], compiled.report["streams"]
    rect = regions[0]["rect"]
    ratio = compiled.cpu_seconds / clean if clean else 1.0
    holds = excess <= 1 and (ratio <= LIMIT or compiled.cpu_seconds < TOO_SHORT)
    print(
        f"{compiled.cpu_seconds:>8.2f}{ratio:>7.2f}x{rect['width']:>5}x{rect['height']:<4}{len(regions):>5}"
        f"{max(stream['lanes'] for stream in streams):>7}{result.stats['cycles']:>12,.0f}{excess:>8.1%}"
        + ("" if holds else "  over"),
        flush=True,
    )
    return compiled.cpu_seconds if holds else float("inf")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "models", nargs="*", metavar="model", help=f"of {', '.join(zoo.NAMES)} (default: all)"
    )
    parser.add_argument("--target", default="wse2", help="machine (default: wse2)")
    parser.add_argument(
        "--mesh", nargs="+", default=["64x64", "750x994"], help="WxH (default: 64x64 750x994)"
    )
    parser.add_argument("--kind", nargs="+", choices=defects.KINDS, default=defects.KINDS)
    parser.add_argument("--percent", type=float, default=1, help="of PEs, and of links (default: 1)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the defects (default: 0)")
    parser.add_argument(
        "--build", type=pathlib.Path, default=ROOT / "build", help="build folder (default: build)"
    )
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one command (default: 600)")
    args = parser.parse_args()
    unknown = set(args.models) - set(zoo.NAMES)
    if unknown:
        parser.error(f"no model is called {', '.join(sorted(unknown))}")
    print(
        f"{'model':23}{'mesh':>8} {'dead':16}{'CPU s':>8}{'ratio':>8}{'region':>9}{'regions':>6}{'lanes':>7}{'cycles':>12}{'error':>8}"
    )
    holds = True
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name in args.models or zoo.NAMES:
            for mesh in args.mesh:
                width, height = map(int, mesh.split("x"))
                clean = measure(args, name, "-", args.target, mesh, 0.0, folder)
                holds = holds and clean < float("inf")
                for kind in args.kind:
                    for seed in args.seeds:
                        path = folder / f"{kind}{seed}.json"
                        profile = defects.profile(args.target, width, height, args.percent / 100, kind, seed)
                        path.write_text(json.dumps(profile))
                        seconds = measure(args, name, f"{kind} {seed}", str(path), mesh, clean, folder)
                        holds = holds and seconds < float("inf")
    print("every limit holds" if holds else "NOT every limit holds")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
