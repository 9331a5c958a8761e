"""Each model's inference on the emulator beside ONNX Runtime's with 1 and 2 threads.

Usage: models.py [model ...] [--target T] [--mesh WxH|auto] [--build build]

Load and run times are those that wafer-run measures, without the start of the process; ONNX Runtime's are the best of
20 runs after a first one. `x ORT` is the emulator's time over ONNX Runtime's with as many threads as the emulator has.
"""

import argparse
import pathlib
import sys
import tempfile
import time

import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools
import zoo


def onnxruntime_seconds(model: zoo.Model, feed: zoo.Feed, threads: int) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.path, options, providers=["CPUExecutionProvider"])
    session.run(None, feed)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - start)
    return min(times)


def measure(args: argparse.Namespace, name: str, folder: pathlib.Path) -> None:
    model = zoo.find(name)
    (_, feed), *_ = model.inputs(1)
    options = [*model.compile_options, "--target", args.target, "--mesh", args.mesh]
    compiled = wafer_tools.compile_model(
        model.path, folder / f"{name}.wafer", options, args.build, timeout=args.timeout
    )
    runs = [
        wafer_tools.run_image(
            compiled.image, feed, folder / f"{name}{index}", build=args.build, timeout=args.timeout
        )
        for index in range(args.repeat)
    ]
    stats = min((run.stats for run in runs), key=lambda stats: stats["seconds"]["run"])
    ort = {threads: onnxruntime_seconds(model, feed, threads) for threads in (1, 2)}
    same_threads = ort[min(2, stats["threads"])]
    mesh = compiled.report["mesh"]
    print(
        f"{name:12}{mesh['width']:>5}x{mesh['height']:<5}{compiled.seconds:>10.2f}{stats['seconds']['load']:>9.2f}"
        f"{stats['seconds']['run'] * 1e3:>11.1f}{stats['threads']:>8}{ort[1] * 1e3:>11.2f}{ort[2] * 1e3:>11.2f}"
        f"{stats['seconds']['run'] / same_threads:>9.1f}{stats['cycles']:>14,.0f}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "models",
        nargs="*",
        metavar="model",
        help=f"of {', '.join(zoo.NAMES)} (default: {', '.join(zoo.SUITE)})",
    )
    parser.add_argument("--target", default="wse2", help="machine (default: wse2)")
    parser.add_argument("--mesh", default="auto", help="WxH or auto (default: auto)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, the best counts (default: 3)")
    parser.add_argument(
        "--build", type=pathlib.Path, default=ROOT / "build", help="build folder (default: build)"
    )
    parser.add_argument("--timeout", type=float, default=900, help="seconds for one command (default: 900)")
    args = parser.parse_args()
    unknown = set(args.models) - set(zoo.NAMES)
    if unknown:
        parser.error(f"no model is called {', '.join(sorted(unknown))}")
    print(f"{'':28}{'':6}emulator{'':15}ONNX Runtime, ms")
    print(
        f"{'model':12}{'mesh':>8}   {'compile s':>10}{'load s':>9}{'run ms':>11}{'threads':>8}{'1 thread':>11}"
        f"{'2 threads':>11}{'x ORT':>9}{'cycles':>14}"
    )
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in args.models or zoo.SUITE:
            try:
                measure(args, name, pathlib.Path(folder))
            except (wafer_tools.ToolError, FileNotFoundError) as error:
                print(f"{name}: {error}")
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
