"""How long each model takes to compile, for the whole wafer, for 64 x 64 PEs, and for the smallest mesh that holds it.

Usage: compile_times.py [model ...] [--mesh whole 64x64 auto] [--target T] [--build build] [--against OTHER/build]

Wall seconds and CPU seconds of wafer-compile (those of all threads: on a machine that others use they say more), the
best of --repeat runs each. `x one` is the time of --mesh auto over that of the mesh it finds, given: 5 is the limit.
With --against, the same of another build, the runs of both taking turns; `ratio` is this build's CPU time over the
other's, 1.1 is the limit. Times below a tenth of a second are not judged. The exit code is 0 if every limit holds.
"""

import argparse
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools
import zoo

AUTO_LIMIT, RATIO_LIMIT, TOO_SHORT = 5.0, 1.1, 0.1


class Times:
    """Compiles for one build; the best of a model's runs counts."""

    def __init__(self, build: pathlib.Path, args: argparse.Namespace, folder: pathlib.Path):
        self.build, self.args, self.folder = build, args, folder
        self.wall = self.cpu = float("inf")
        self.side = ""

    def run(self, model: zoo.Model, mesh: str) -> None:
        options = [*model.compile_options, "--target", self.args.target]
        options += [] if mesh == "whole" else ["--mesh", mesh]
        done = wafer_tools.compile_model(
            model.path, self.folder / "image.wafer", options, self.build, timeout=self.args.timeout
        )
        self.wall, self.cpu = min(self.wall, done.seconds), min(self.cpu, done.cpu_seconds)
        self.side = f"{done.report['mesh']['width']}x{done.report['mesh']['height']}"


def measured(
    model: zoo.Model, mesh: str, args: argparse.Namespace, folder: pathlib.Path
) -> list[Times | str]:
    """Of this build and, if there is one, of the other: its times, or why there are none."""
    builds = [args.build] + ([args.against] if args.against else [])
    results: list[Times | str] = [Times(build, args, folder) for build in builds]
    for _ in range(args.repeat):
        for index, times in enumerate(results):
            if isinstance(times, str):
                continue
            try:
                times.run(model, mesh)
            except wafer_tools.ToolError as error:
                results[index] = str(error).splitlines()[-2 if "exit code" in str(error) else -1][:60]
    return results


def row(model: zoo.Model, mesh: str, args: argparse.Namespace, folder: pathlib.Path) -> bool:
    holds = True
    results = measured(model, mesh, args, folder)
    ours = results[0]
    cells = [f"{model.name:12}{mesh:>8}"]
    if isinstance(ours, str):
        print("".join(cells), ours, flush=True)
        return False
    cells.append(f"{ours.side:>9}{ours.wall:>9.2f}{ours.cpu:>9.2f}")
    times_one = ""
    if mesh == "auto":
        given = measured(model, ours.side, argparse.Namespace(**{**vars(args), "against": None}), folder)[0]
        if isinstance(given, Times):
            ratio = ours.cpu / given.cpu
            times_one = f"{ratio:.2f}x"
            holds = ratio <= AUTO_LIMIT or ours.cpu < TOO_SHORT
    cells.append(f"{times_one:>9}")
    if len(results) > 1:
        other = results[1]
        if isinstance(other, str):
            cells.append(f"  {other}")
        else:
            ratio = ours.cpu / other.cpu
            cells.append(f"{other.side:>9}{other.wall:>9.2f}{other.cpu:>9.2f}{ratio:>8.2f}x")
            holds = holds and (ratio <= RATIO_LIMIT or ours.cpu < TOO_SHORT)
    print("".join(cells) + ("" if holds else "  over"), flush=True)
    return holds


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "models", nargs="*", metavar="model", help=f"of {', '.join(zoo.NAMES)} (default: all)"
    )
    parser.add_argument(
        "--mesh",
        nargs="+",
        default=["whole", "64x64", "auto"],
        help="whole, WxH or auto (default: whole 64x64 auto)",
    )
    parser.add_argument("--target", default="wse2", help="machine (default: wse2)")
    parser.add_argument(
        "--repeat", type=int, default=3, help="compilations of each, the best counts (default: 3)"
    )
    parser.add_argument(
        "--build", type=pathlib.Path, default=ROOT / "build", help="build folder (default: build)"
    )
    parser.add_argument(
        "--against", type=pathlib.Path, help="build folder of another checkout to compare with"
    )
    parser.add_argument("--timeout", type=float, default=900, help="seconds for one command (default: 900)")
    args = parser.parse_args()
    unknown = set(args.models) - set(zoo.NAMES)
    if unknown:
        parser.error(f"no model is called {', '.join(sorted(unknown))}")
    print(
        f"{'model':12}{'mesh':>8}{'PEs':>9}{'wall s':>9}{'CPU s':>9}{'x one':>9}"
        + (f"{'PEs':>9}{'wall s':>9}{'CPU s':>9}{'ratio':>9}" if args.against else "")
    )
    holds = True
    with tempfile.TemporaryDirectory() as folder:
        for name in args.models or zoo.NAMES:
            for mesh in args.mesh:
                holds = row(zoo.find(name), mesh, args, pathlib.Path(folder)) and holds
    print("every limit holds" if holds else "NOT every limit holds")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
