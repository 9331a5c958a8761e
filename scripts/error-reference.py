#!/usr/bin/env python3
"""Writes the reference of error codes from include/wafer/Support/ErrorCodes.def.

Usage: scripts/error-reference.py OUTPUT.md
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
GROUPS = {
    1: "The model file and the ONNX frontend",
    2: "Lowering to tensors, shapes, folding",
    3: "Kernels, planning, SRAM",
    4: "Placement and target profiles",
    5: "Routing and route verification",
    6: "Program images and the loader",
    7: "Emulated programs",
    8: "Tools, tensor files, host I/O",
}


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    text = (ROOT / "include/wafer/Support/ErrorCodes.def").read_text()
    codes = [
        (int(number), name, "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', summary)).replace('\\"', '"'))
        for name, number, summary in re.findall(
            r'^WAFER_ERROR\((\w+),\s*(\d+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)', text, re.MULTILINE
        )
    ]
    if len({number for number, _, _ in codes}) != len(codes):
        print("ErrorCodes.def gives a number twice", file=sys.stderr)
        return 1
    lines = ["# Error codes", "", "Numbers never change and are never used again."]
    for group, title in GROUPS.items():
        rows = sorted(code for code in codes if code[0] // 1000 == group)
        if rows:
            lines += ["", f"## {title}", "", "| code | name | meaning |", "|---|---|---|"]
            lines += [f"| WF{number} | {name} | {summary} |" for number, name, summary in rows]
    pathlib.Path(sys.argv[1]).write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
