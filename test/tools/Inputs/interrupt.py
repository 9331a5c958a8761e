"""Interrupts wafer-compile and wafer-run, sooner and later: what they leave behind is whole, or what was there before.

Usage: interrupt.py MODEL FOLDER
"""

import pathlib
import signal
import subprocess
import sys
import time

import numpy as np

STEPS = 8
# Whoever runs tests in the background may have them ignore the signal, and children inherit that.
signal.signal(signal.SIGINT, signal.SIG_DFL)
model, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True)
image = folder / "model.wafer"
compiling = ["wafer-compile", model, "--mesh", "24x24", "-o", str(image), "--report", str(folder / "r.json")]


def interrupted(command, after) -> bool:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    return process.wait() != 0


start = time.perf_counter()
subprocess.run(compiling, check=True)
seconds = time.perf_counter() - start
whole = image.read_bytes()
running = ["wafer-run", str(image), "--input", f"ids={folder}/ids.npy", "--output-dir", str(folder / "out")]
np.save(folder / "ids.npy", np.zeros((1, 16), np.int64))
stopped = 0
for step in range(STEPS):
    if step % 2:
        image.write_bytes(b"what was there before")
    else:
        image.unlink()
    stopped += interrupted(compiling, seconds * step / STEPS)
    if image.exists() and image.read_bytes() not in (whole, b"what was there before"):
        raise SystemExit(f"step {step}: the image is half-written")
image.write_bytes(whole)
start = time.perf_counter()
subprocess.run(running, check=True)
seconds = time.perf_counter() - start
logits = (folder / "out/0-logits.npy").read_bytes()
for step in range(STEPS):
    (folder / "out/0-logits.npy").unlink(missing_ok=True)
    stopped += interrupted(running, seconds * step / STEPS)
    if (folder / "out/0-logits.npy").exists() and (folder / "out/0-logits.npy").read_bytes() != logits:
        raise SystemExit(f"step {step}: the output is half-written")
left = {path.name for path in folder.rglob("*")} - {"model.wafer", "r.json", "ids.npy", "out", "0-logits.npy"}
print(
    "nothing half-written"
    if left <= {"outputs.json"} and stopped
    else f"left behind: {left}, stopped {stopped}"
)
