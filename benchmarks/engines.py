"""Models on the emulator's engines beside ONNX Runtime: PE by PE, by class with one thread and with two, in one run.

Usage: engines.py [MODEL ...] [--scalar] [--runs N]

Seconds of a run, the least of N after a first one, loading apart; in brackets the seconds of CPU that the thread which
decides has taken: where the host has other work, these say more. `x ORT` is by class with two threads over ONNX Runtime
with two. PE by PE takes minutes for the larger models: --scalar. What does not compile is said with its error.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

import large_models
import wafer_tools
import zoo

# A model of the zoo or of large_models, and options of wafer-compile.
CASES = {
    "resnet50-thin": ("resnet50-thin", []),
    "resnet18": ("resnet18", []),
    "bert-base": ("bert-base", ["--largest-region", "128"]),
    "gpt2": ("gpt2", []),
    "magika-64": ("magika", ["--mesh", "64x64"]),
    "magika-128": ("magika", ["--mesh", "128x128", "--largest-region", "128"]),
    "magika-256": ("magika", ["--mesh", "256x256", "--largest-region", "256"]),
    "recognizer": ("recognizer", []),
    "classifier": ("classifier", ["--mesh", "48x48"]),
}


def onnxruntime_seconds(path: pathlib.Path, feed: zoo.Feed, runs: int) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    session.run(None, feed)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - start)
    return min(times)


def measure(case: str, args: argparse.Namespace, folder: pathlib.Path) -> None:
    name, options = CASES[case]
    if name in large_models.MODELS:
        path = folder / "model.onnx"
        feed = large_models.write(name, path)
    else:
        model = zoo.find(name)
        path, options = model.path, [*model.compile_options, *options]
        (_, feed), *_ = model.inputs(1)
    print(f"{case:14}", end="", flush=True)
    try:
        image = wafer_tools.compile_model(
            path, folder / "model.wafer", options, args.build, timeout=args.timeout
        ).image
    except (wafer_tools.ToolError, subprocess.TimeoutExpired) as error:
        said = [line for line in str(error).splitlines() if "error[" in line]
        print(f"  does not compile: {(said or [str(error).splitlines()[0]])[0]}", flush=True)
        return
    command = [str(args.build / "bin/engines-benchmark"), str(image), "--runs", str(args.runs)]
    for index, (key, value) in enumerate(feed.items()):
        np.save(folder / f"{index}.npy", value)
        command.append(f"{key}={folder / f'{index}.npy'}")
    if not args.scalar:
        command += ["--engine", "classes"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=args.timeout)
    if ran.returncode:
        print(f"  does not run: {ran.stderr.splitlines()[0]}", flush=True)
        return
    rows = [line.split() for line in ran.stdout.splitlines()[1:]]
    if len({tuple(row[6:]) for row in rows}) != 1:
        sys.exit(f"\n{case}: the engines differ:\n{ran.stdout}")
    scalar = f"{float(rows.pop(0)[2]):.3f}" if args.scalar else ""
    one, two = ((row[0], float(row[2]), float(row[4])) for row in rows)
    ort = onnxruntime_seconds(path, feed, 10)
    by_class = "".join(f"{seconds:>9.3f} ({cpu:6.3f})" for _, seconds, cpu in (one, two))
    note = "" if two[0] == "classes" else "  PE by PE after all"
    print(f"{scalar:>9}{by_class}{ort:>10.4f}{two[1] / ort:>9.0f}{note}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(CASES)} (default: all)")
    parser.add_argument("--scalar", action="store_true", help="run PE by PE, too")
    parser.add_argument("--runs", type=int, default=3, help="after a first one; 0: that one (default: 3)")
    parser.add_argument(
        "--build", type=pathlib.Path, default=ROOT / "build", help="build folder (default: build)"
    )
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for one command (default: 1800)")
    args = parser.parse_args()
    if unknown := set(args.models) - set(CASES):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    print(f"{'':14}{'PE by PE':>9}{'by class, 1':>18}{'2 threads':>18}{'ORT, 2':>10}{'x ORT':>9}")
    for case in args.models or CASES:
        with tempfile.TemporaryDirectory() as folder:
            measure(case, args, pathlib.Path(folder))


if __name__ == "__main__":
    main()
