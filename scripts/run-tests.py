#!/usr/bin/env python3
"""Runs every test of a build and closes with one line: N passed, M failed.

Usage: scripts/run-tests.py [--build build] [lit options or test paths ...]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", help="build folder (default: build)")
    parser.add_argument("--lit", default="/usr/lib/llvm-22/bin/lit", help="lit's path")
    args, rest = parser.parse_known_args()
    build = os.path.abspath(args.build)
    paths = [a for a in rest if not a.startswith("-")]
    options = [a for a in rest if a.startswith("-")]
    if not paths:
        paths = [os.path.join(build, "test"), os.path.join(build, "test", "unit")]
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "results.json")
        code = subprocess.run([args.lit, "-sv", "-o", output, *options, *paths], check=False).returncode
        if not os.path.exists(output):
            print("0 passed, 1 failed")
            return 1
        with open(output) as file:
            tests = json.load(file)["tests"]
    good = {"PASS", "XFAIL", "FLAKYPASS"}
    skipped = sum(t["code"] in {"UNSUPPORTED", "SKIPPED", "EXCLUDED"} for t in tests)
    passed = sum(t["code"] in good for t in tests)
    failed = len(tests) - passed - skipped
    if passed == 0 and failed == 0:
        failed = 1  # a run that finds no test proves nothing
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or code else 0


if __name__ == "__main__":
    sys.exit(main())
