"""How the compiler grows: with the mesh (it must not) and with the number of nodes (linearly).

Usage: growth.py [mesh] [elementwise] [matmul] [layers] [--build build] [--repeat N]

mesh         the text-direction classifier on its smallest mesh and on the whole of wse2: IR operations at each stage, image
             bytes without weights, compile time, each at most 1.5x; load time under 5 s
elementwise  a chain of 1,000 and of 2,000 elementwise nodes: compile time
matmul       a chain of 100 and of 200 matrix products: compile time
layers       a decoder of two and of four layers, hidden size 256: compile time
             Twice the nodes may take twice the time; 2.5x is the limit, for noise.

The exit code is 0 if every limit holds. Times are the best of --repeat runs.
"""

import argparse
import pathlib
import sys
import tempfile

import large_models
import onnx

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools
import zoo
from zoo import chains

WHOLE_WAFER = "750x994"
MESH_LIMIT, CHAIN_LIMIT, LOAD_LIMIT = 1.5, 2.5, 5.0


class Table:
    """Rows of name, first, second and their ratio, and whether all ratios held."""

    def __init__(self, first: str, second: str, limit: float):
        self.limit, self.holds = limit, True
        print(f"{'':24}{first:>16}{second:>16}{'ratio':>8}")

    def row(self, name: str, first: float, second: float, digits: int = 0) -> None:
        ratio = second / first if first else (1.0 if not second else float("inf"))
        # Below a tenth of a second a ratio is noise.
        judged = digits == 0 or max(first, second) > 0.1
        over = judged and ratio > self.limit
        self.holds = self.holds and not over
        print(
            f"{name:24}{first:>16,.{digits}f}{second:>16,.{digits}f}{ratio:>7.2f}x"
            + (f"  over {self.limit}x" if over else ""),
            flush=True,
        )


def best(args, path, image, options) -> wafer_tools.Compiled:
    runs = [
        wafer_tools.compile_model(path, image, options, args.build, timeout=args.timeout)
        for _ in range(args.repeat)
    ]
    return min(runs, key=lambda run: run.seconds)


def mesh(args, folder) -> bool:
    model = zoo.find("classifier")
    options = [*model.compile_options, "--target", "wse2", "--mesh"]
    search = wafer_tools.compile_model(
        model.path, folder / "auto.wafer", [*options, "auto"], args.build, timeout=args.timeout
    )
    smallest = f"{search.report['mesh']['width']}x{search.report['mesh']['height']}"
    compiled = [
        best(args, model.path, folder / f"{size}.wafer", [*options, size]) for size in (smallest, WHOLE_WAFER)
    ]
    small, large = (run.report for run in compiled)
    print(f"text-direction classifier, smallest mesh (found in {search.seconds:.2f} s) and whole wafer")
    table = Table(smallest, WHOLE_WAFER, MESH_LIMIT)
    for one, other in zip(small["stages"], large["stages"], strict=True):
        if one["ops"] or other["ops"]:
            table.row(f"IR operations, {one['name']}", one["ops"], other["ops"])
    without_weights = [
        report["image"]["bytes"] - report["image"]["weight_bytes"] for report in (small, large)
    ]
    table.row("image without weights, B", *without_weights)
    table.row("compile time, s", *(run.seconds for run in compiled), digits=2)
    (_, feed), *_ = model.inputs(1)
    runs = [
        wafer_tools.run_image(run.image, feed, folder / f"run{index}", build=args.build, timeout=args.timeout)
        for index, run in enumerate(compiled)
    ]
    loads = [run.stats["seconds"]["load"] for run in runs]
    print(f"{'load time, s':24}{loads[0]:>16.2f}{loads[1]:>16.2f}   limit {LOAD_LIMIT:g} s")
    print(
        f"{'run time, s':24}{runs[0].stats['seconds']['run']:>16.2f}{runs[1].stats['seconds']['run']:>16.2f}"
    )
    print(f"{'cycles':24}{runs[0].stats['cycles']:>16,.0f}{runs[1].stats['cycles']:>16,.0f}")
    return table.holds and max(loads) < LOAD_LIMIT


def chain(args, folder, name, count, make, of="nodes") -> bool:
    compiled = []
    for length in (count // 2, count):
        path = folder / f"{name}{length}.onnx"
        onnx.save(make(length), path)
        compiled.append(best(args, path, path.with_suffix(".wafer"), ["--target", "wse2"]))
    print(f"chain of {name} {of}")
    table = Table(f"{count // 2:,} {of}", f"{count:,} {of}", CHAIN_LIMIT)
    for one, other in zip(*(run.report["stages"] for run in compiled), strict=True):
        table.row(f"{one['name']}, s", one["seconds"], other["seconds"], digits=2)
        if one["ops"] or other["ops"]:
            table.row(f"{one['name']}, IR operations", one["ops"], other["ops"])
    table.row("compile time, s", *(run.seconds for run in compiled), digits=2)
    return table.holds


PARTS = {
    "mesh": mesh,
    "elementwise": lambda args, folder: chain(args, folder, "elementwise", 2000, chains.elementwise),
    "matmul": lambda args, folder: chain(args, folder, "matmul", 200, chains.matmul),
    "layers": lambda args, folder: chain(
        args, folder, "decoder", 4, lambda layers: large_models.decode(layers, 256, 4, 2, 896, 256), "layers"
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--build", type=pathlib.Path, default=ROOT / "build", help="build folder (default: build)"
    )
    parser.add_argument(
        "--repeat", type=int, default=1, help="compilations of each, the best counts (default: 1)"
    )
    parser.add_argument("--timeout", type=float, default=900, help="seconds for one command (default: 900)")
    args = parser.parse_args()
    unknown = set(args.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    holds = True
    with tempfile.TemporaryDirectory() as folder:
        for name in args.parts or PARTS:
            try:
                holds = PARTS[name](args, pathlib.Path(folder)) and holds
            except wafer_tools.ToolError as error:
                print(error)
                holds = False
            print()
    print("every limit holds" if holds else "NOT every limit holds")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
