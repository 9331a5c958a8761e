"""Runs wafer-compile and wafer-run as a user would, and reads what they write (docs/report.md)."""

import dataclasses
import json
import os
import pathlib
import resource
import shutil
import subprocess
import time
from collections.abc import Sequence

import ml_dtypes
import numpy as np


class ToolError(Exception):
    """A tool failed; the text is its command line and what it printed."""


def tool(name: str, build: pathlib.Path | None = None) -> str:
    """The path of `name`: in `build`/bin, on PATH, or in the checkout's own build."""
    if build and os.access(build / "bin" / name, os.X_OK):
        return str(build / "bin" / name)
    found = shutil.which(name)
    if not found and build is None:
        return tool(name, pathlib.Path(__file__).resolve().parents[1] / "build")
    if not found:
        raise ToolError(f"{name} is neither on PATH nor built; run `make build`")
    return found


def _cpu_seconds() -> float:
    """Of all commands that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _run(command: list[str], timeout: float | None, show_progress: bool) -> float:
    start = time.perf_counter()
    try:
        # Progress goes to standard error; it stays with the terminal if it is wanted.
        done = subprocess.run(
            command,
            check=False,
            stdout=subprocess.PIPE,
            stderr=None if show_progress else subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as expired:
        raise ToolError(f"$ {' '.join(command)}\nnot done after {timeout:g} s") from expired
    seconds = time.perf_counter() - start
    if done.returncode:
        end = (
            f"killed by signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        )
        raise ToolError(f"$ {' '.join(command)}\n{done.stdout}{end}")
    return seconds


@dataclasses.dataclass(frozen=True)
class Compiled:
    image: pathlib.Path
    report: dict
    seconds: float  # wall time of the command
    cpu_seconds: float  # of all its threads


def compile_model(
    model: pathlib.Path,
    image: pathlib.Path,
    options: Sequence[str],
    build: pathlib.Path | None = None,
    timeout: float | None = None,
    show_progress: bool = False,
) -> Compiled:
    report = image.with_suffix(".report.json")
    command = [tool("wafer-compile", build), str(model), "-o", str(image), "--report", str(report), *options]
    before = _cpu_seconds()
    seconds = _run(command, timeout, show_progress)
    return Compiled(image, json.loads(report.read_text()), seconds, _cpu_seconds() - before)


def _load(path: pathlib.Path) -> np.ndarray:
    """NumPy has no bfloat16 of its own; it stores one as two raw bytes."""
    array = np.load(path)
    return array.view(ml_dtypes.bfloat16) if array.dtype == np.dtype("V2") else array


@dataclasses.dataclass(frozen=True)
class Result:
    outputs: dict[str, np.ndarray]  # by ONNX name
    stats: dict
    seconds: float  # wall time of the command


def run_image(
    image: pathlib.Path,
    feed: dict[str, np.ndarray],
    folder: pathlib.Path,
    options: Sequence[str] = (),
    build: pathlib.Path | None = None,
    timeout: float | None = None,
) -> Result:
    """One inference. `folder` is made; it keeps inputs, outputs and statistics."""
    folder.mkdir(parents=True, exist_ok=True)
    stats = folder / "stats.json"
    command = [
        tool("wafer-run", build),
        str(image),
        "--output-dir",
        str(folder / "out"),
        "--stats",
        str(stats),
    ]
    for index, (name, value) in enumerate(feed.items()):
        path = folder / f"input{index}.npy"
        np.save(path, value)
        command += ["--input", f"{name}={path}"]
    seconds = _run([*command, *options], timeout, False)
    files = json.loads((folder / "out" / "outputs.json").read_text())
    outputs = {name: _load(folder / "out" / file) for name, file in files.items()}
    return Result(outputs, json.loads(stats.read_text()), seconds)
