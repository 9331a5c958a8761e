"""A pretrained network compiled for a wafer and run on it: what `make demo` shows.

magika, a network that tells a file's type from 2,048 of its bytes, is taken out of its wheel, compiled for a wafer-scale
machine, and run on files of this repository by the emulator, PE by PE; every score is held against ONNX Runtime's.
"""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile
import time

import onnxruntime
import wafer_tools
import zoo
from same_numbers import Difference, largest_excess
from zoo.magika import Labels

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python" / "waferc"))

import picture

SHOWN_REGIONS = 24
SHOWN_STREAMS = 12


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def show_compilation(compiled: wafer_tools.Compiled, color: bool, columns: int) -> None:
    report = compiled.report
    print(f"{'stage':12}{'seconds':>9}{'IR operations':>15}")
    for stage in report["stages"]:
        ops = f"{stage['ops']:,}" if stage["ops"] else ""
        print(f"{stage['name'][:12]:12}{stage['seconds']:9.2f}{ops:>15}")
    image = report["image"]
    print(
        f"{image['bytes'] / 1e6:.2f} MB of program image, {image['weight_bytes'] / 1e6:.2f} MB of them weights; "
        f"{compiled.seconds:.1f} s in all"
    )

    title("Placement")
    for line in picture.describe(report, columns, color, SHOWN_REGIONS):
        print(line)

    streams = report["streams"]
    if streams:
        print(f"\n{'stream':44}{'lanes':>6}{'words':>10}{'hops':>6}")
    for stream in streams[:SHOWN_STREAMS]:
        ends = f"{stream['from']} -> {', '.join(stream['to'])}"
        print(f"{ends[:43]:44}{stream['lanes']:>6}{stream['words']:>10,}{stream['hops']:>6}")
    if len(streams) > SHOWN_STREAMS:
        print(f"and {len(streams) - SHOWN_STREAMS} more")
    colors = report["colors"]
    print(f"colors used: {colors['used']} of {colors['limit']}")


def show_runs(
    compiled: wafer_tools.Compiled, model: zoo.Model, count: int, build: pathlib.Path, folder: pathlib.Path
):
    """True if every verdict and every score is ONNX Runtime's."""
    labels = Labels(model.path.parents[3])
    session = onnxruntime.InferenceSession(model.path, providers=["CPUExecutionProvider"])
    print(
        f"{'file':28}{'the wafer says':>20}{'ONNX Runtime':>20}{'error/allowed':>15}{'cycles':>12}{'seconds':>9}"
    )
    same, stats = True, {}
    for index, (name, feed) in enumerate(model.inputs(count)):
        result = wafer_tools.run_image(compiled.image, feed, folder / str(index), build=build, timeout=300)
        output = session.get_outputs()[0].name
        (reference,) = session.run([output], feed)
        ours, theirs = labels.verdict(result.outputs[output]), labels.verdict(reference)
        try:
            _, excess = largest_excess(result.outputs[output], reference, name)
        except Difference as difference:
            print(difference)
            excess = float("inf")
        same = same and ours.label == theirs.label and excess <= 1
        stats = result.stats
        print(
            f"{name:28}{ours.label:>12} {ours.score:.5f}{theirs.label:>12} {theirs.score:.5f}{excess:>14.1%} "
            f"{stats['cycles']:>12,.0f}{stats['seconds']['run']:>9.2f}",
            flush=True,
        )
    sram, pes = stats["sram"], stats["pes"]
    print(
        f"\n{pes['used']:,} of {pes['total']:,} PEs run; the fullest uses {sram['max_bytes']:,} of "
        f"{sram['limit_bytes']:,} B of SRAM, all together {sram['total_bytes'] / 1e6:.1f} MB"
    )
    clock = compiled.report["target"].get("clock_ghz")
    if clock:
        microseconds = stats["cycles"] / clock / 1e3
        print(
            f"{stats['cycles']:,.0f} cycles are {microseconds:,.0f} us at {clock} GHz, by the emulator's timing model"
        )
    return same


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--build", type=pathlib.Path, default=ROOT / "build", help="build folder (default: build)"
    )
    parser.add_argument("--target", default="wse2", help="machine (default: wse2)")
    parser.add_argument("--mesh", default="auto", help="WxH, or auto: the smallest that fits (default)")
    parser.add_argument(
        "--files", type=int, default=6, help="how many files to tell the type of (default: 6)"
    )
    args = parser.parse_args()
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    columns = min(100, shutil.get_terminal_size((80, 24)).columns - 2)

    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder, stage = pathlib.Path(temporary), "finding the model"
        try:
            model = zoo.find("magika")
            stage = f"compiling for {args.target}"
            title(f"Compiling magika ({model.path.stat().st_size / 1e6:.1f} MB of ONNX) for {args.target}")
            options = [*model.compile_options, "--target", args.target, "--mesh", args.mesh]
            compiled = wafer_tools.compile_model(
                model.path, folder / "magika.wafer", options, args.build, timeout=600, show_progress=True
            )
            show_compilation(compiled, color, columns)
            stage = "running on the emulator"
            title(f"Telling the types of {args.files} files, PE by PE")
            same = show_runs(compiled, model, args.files, args.build, folder)
        except (wafer_tools.ToolError, FileNotFoundError) as error:
            print(f"\n{error}\n\nThe demo stopped while {stage}.", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print(f"\nStopped while {stage}.", file=sys.stderr)
            return 130
    print(f"{time.perf_counter() - start:.0f} s in all")
    if not same:
        print("The wafer and ONNX Runtime do not agree: that is a bug, please report it.", file=sys.stderr)
        return 1
    print("Every verdict is ONNX Runtime's, every score within 1e-4 of itself plus 1e-5 of the largest.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
