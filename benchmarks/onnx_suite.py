"""How long ONNX's backend tests take: of this build, and beside another checkout's, which may run them in its own way.

Usage: onnx_suite.py [--count N] [--seed N] [--jobs N] [--repeat N] [--against CHECKOUT]

A random sample of the tests that pass as the suite feeds them, in every checkout's list. Each checkout runs its own
test/models/onnx_backend.py with what it has in build/, start of Python included, the checkouts taking turns; the best
of --repeat runs counts. CPU seconds are those of all processes (on a machine that others use they say more than wall
seconds). `x` is this checkout's time over the other's.

Commit 4ed62fd is the last one that runs each test as two commands, wafer-compile and wafer-run:

    git worktree add ../before 4ed62fd && (cd ../before && make build)
    benchmarks/onnx_suite.py --against ../before
"""

import argparse
import os
import pathlib
import random
import re
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCRIPT, LIST = "test/models/onnx_backend.py", "test/models/Inputs/onnx-backend-tests.txt"


def passing(checkout: pathlib.Path) -> set[str]:
    """Whole networks take minutes each and are left out."""
    names = re.findall(r"^(\S+) pass$", (checkout / LIST).read_text(), re.MULTILINE)
    return {name for name in names if not name.startswith("real/")}


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(checkout: pathlib.Path, names: list[str], jobs: int) -> tuple[float, float]:
    """Wall and CPU seconds."""
    build = checkout / "build"
    environment = (
        os.environ
        | {
            "PYTHONPATH": str(build / "python"),
            "PATH": f"{build / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "OPENBLAS_NUM_THREADS": "1",  # NumPy's other threads look for work for a tenth of a second, and find none
        }
    )
    command = [sys.executable, str(checkout / SCRIPT), "--jobs", str(jobs), *names]
    wall, cpu = time.perf_counter(), cpu_seconds()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    if done.returncode or f"{len(names)} pass" not in done.stdout:
        raise SystemExit(f"{checkout}: {done.stdout}{done.stderr}")
    return wall, cpu


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=300, help="tests (default: 300)")
    parser.add_argument("--seed", type=int, default=12, help="of the sample (default: 12)")
    parser.add_argument("--jobs", type=int, default=1, help="tests at a time (default: 1)")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each, the best counts (default: 1)")
    parser.add_argument("--against", type=pathlib.Path, metavar="CHECKOUT", help="another one, built")
    args = parser.parse_args()
    checkouts = [ROOT] + ([args.against.resolve()] if args.against else [])
    common = sorted(set.intersection(*map(passing, checkouts)))
    names = sorted(random.Random(args.seed).sample(common, min(args.count, len(common))))
    best = {checkout: [float("inf"), float("inf")] for checkout in checkouts}
    for _ in range(args.repeat):
        for checkout in checkouts:
            best[checkout] = [min(pair) for pair in zip(best[checkout], run(checkout, names, args.jobs))]
    print(f"{len(names)} tests, {args.jobs} at a time{'':14}wall s     CPU s  ms each")
    for checkout, (wall, cpu) in best.items():
        print(f"{str(checkout)[-38:]:40}{wall:>10.2f}{cpu:>10.2f}{1e3 * cpu / len(names):>9.1f}")
    if args.against:
        ours, theirs = best.values()
        print(f"{'x':40}{ours[0] / theirs[0]:>10.3f}{ours[1] / theirs[1]:>10.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
