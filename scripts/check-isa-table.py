#!/usr/bin/env python3
"""Holds the table of vector operations in docs/isa.md against include/wafer/Program/VectorOps.def.

Usage: scripts/check-isa-table.py

Numbers, names, operands and the types that an operation is not defined on must agree. Prints what does not.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROW = re.compile(r'^WAFER_VECTOR_OP\(\w+, (\d+), "(\w+)", (\d), (\w+),', re.MULTILINE)


def numbers(text: str) -> list[int]:
    """The numbers of "1-3, 7"."""
    result = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        result += range(int(first), int(last or first) + 1)
    return result


def defined() -> dict:
    text = (ROOT / "include/wafer/Program/VectorOps.def").read_text()
    return {int(n): (name, int(arity), types) for n, name, arity, types in ROW.findall(text)}


def documented() -> dict:
    rows = {}
    lines = (ROOT / "docs/isa.md").read_text().splitlines()
    begin = lines.index("| n | operation | on f32 | on i32 | cost |")
    below = False  # "as all below": the column holds on
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        number, operation, on_f32, on_i32, _ = (cell.strip() for cell in line.strip("|").split("|"))
        words = operation.split()
        operands = [w for w in words if len(w) == 1]
        names = [w for w in words if len(w) > 1]
        below = below or "not allowed, as all below" in on_i32
        types = "I32" if on_f32 == "not allowed" else "F32" if below or on_i32 == "not allowed" else "any"
        for n, name in zip(numbers(number), names, strict=True):
            rows[n] = (name, len(operands), types)
    return rows


def main() -> int:
    code, docs, wrong = defined(), documented(), 0
    for n in sorted(set(code) | set(docs)):
        want = code.get(n)
        if want:
            want = (want[0], want[1], want[2] if want[2] in ("F32", "I32") else "any")
        if want != docs.get(n):
            print(f"operation {n}: VectorOps.def has {want}, docs/isa.md {docs.get(n)}")
            wrong += 1
    print(f"{len(code)} operations, {wrong} differ")
    return 1 if wrong or not code else 0


if __name__ == "__main__":
    sys.exit(main())
