#!/usr/bin/env python3
"""Runs the fuzz targets of a build and prints one line for each.

Usage: scripts/fuzz.py [TARGET ...] [--build build-sanitize] [--runs N] [--seconds N]

TARGET is image, model, npy, options or profile; all of them if none is named. What a target has learnt is kept below
BUILD/fuzz/TARGET/corpus and used by the next run. After a finding the target stops; the line names the input, which
`BUILD/bin/fuzz-TARGET INPUT` reproduces. The last line counts the findings.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
TESTS = ROOT / "test" / "fuzz"
# The longest input: what reaches everything and leaves mutations quick.
TARGETS = {"image": 16384, "model": 4096, "npy": 1024, "options": 512, "profile": 8192}
# An input that waits: the targets themselves limit the processor's time, which a busy host does not use up.
SECONDS_PER_INPUT = 300
MEGABYTES = 4096
# Half of a run went into the stacks that AddressSanitizer keeps of every allocation; replaying a finding has them whole.
ENVIRONMENT = {"WAFER_FUZZ_IN_PROCESS": "1", "ASAN_OPTIONS": "malloc_context_size=1"}


def is_isolated(target: str, program: pathlib.Path, found: str) -> bool:
    """True if an input kills the ONNX library only, which the compiler runs in a process of its own."""
    if target != "model" or not found:
        return False
    return subprocess.run([program, found], capture_output=True, check=False).returncode == 0


def run(target: str, build: pathlib.Path, runs: int, seconds: int) -> bool:
    """True without a finding."""
    folder, program = build / "fuzz" / target, build / "bin" / f"fuzz-{target}"
    corpus, seeds, log = folder / "corpus", folder / "seeds", folder / "log"
    corpus.mkdir(parents=True, exist_ok=True)
    if not seeds.exists():
        maker = [ROOT / ".venv/bin/python", TESTS / "seeds.py", target, seeds, "--build", build]
        subprocess.run(maker, check=True, capture_output=True)
    known = TESTS / "Inputs" / target
    begin, inputs, deaths, finding = time.monotonic(), 0, 0, ""
    while inputs < runs and not finding:
        spent = int(time.monotonic() - begin)
        if seconds and spent >= seconds:
            break
        command = [
            program,
            f"-runs={runs - inputs}",
            f"-max_total_time={seconds - spent if seconds else 0}",
            f"-max_len={TARGETS[target]}",
            f"-timeout={SECONDS_PER_INPUT}",
            f"-report_slow_units={SECONDS_PER_INPUT}",
            f"-rss_limit_mb={MEGABYTES}",
            f"-artifact_prefix={folder}/",
            "-print_final_stats=1",
            corpus,
            seeds,
            *([known] if known.is_dir() else []),
        ]
        with open(log, "w") as output:
            code = subprocess.run(
                command,
                stdout=output,
                stderr=output,
                check=False,
                env=ENVIRONMENT | os.environ,
            ).returncode
        text = log.read_text(errors="replace")
        done = re.findall(r"stat::number_of_executed_units:\s+(\d+)", text)
        inputs += int(done[-1]) if done else 0
        if code == 0:
            continue
        where = re.findall(r"Test unit written to (\S+/(?:crash|leak|oom|timeout)-\S+)", text)
        if done and is_isolated(target, program, where[0] if where else ""):
            deaths += 1
            continue
        what = re.findall(
            r"^(?:SUMMARY: .*|broken promise: .*|.*runtime error: .*|.*Assertion .* failed.*)$",
            text,
            re.MULTILINE,
        )
        finding = f"FINDING: {what[0] if what else f'exit code {code}'}; {where[0] if where else log}"
    line = (
        f"{target}: {inputs} inputs in {time.monotonic() - begin:.0f} s, {len(list(corpus.iterdir()))} kept"
    )
    if deaths:
        line += f", {deaths} deaths of the ONNX library in its own process"
    print(f"{line}, {finding or 'no finding'}", flush=True)
    return not finding


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], metavar="TARGET")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build-sanitize")
    parser.add_argument("--runs", type=int, default=20_000, help="inputs for each target (default: 20000)")
    parser.add_argument(
        "--seconds", type=int, default=0, help="at most so long for each target (default: no limit)"
    )
    args = parser.parse_args()
    targets = args.targets or list(TARGETS)
    findings = sum(not run(target, args.build.resolve(), args.runs, args.seconds) for target in targets)
    print(f"{len(targets)} targets, {findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
