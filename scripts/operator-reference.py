#!/usr/bin/env python3
"""Writes the list of operators with a lowering, from the tables of lib/Conversion/OnnxToTensor.

Usage: scripts/operator-reference.py docs/operators.md
"""

import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "lib/Conversion/OnnxToTensor"

HEAD = """\
# Operators

Written by scripts/operator-reference.py from the tables of lib/Conversion/OnnxToTensor; don't edit.

These have a lowering of their own. Any other operator of ONNX is replaced by the body of its function, if its schema
has one; what remains is refused, every node of it in one report, before anything is compiled. A lowering may still refuse a form
of its operator (a data type, a mode), with the reason and what to do about it. Models of older operator sets mean what
these said: docs/onnx-versions.md.

Tensors are of floats of 16 to 64 bits, integers of 8 to 64 bits and bool (tensor-level.md says how each is computed).
"""


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    text = HEAD
    for path in sorted(FOLDER.glob("*.cpp")):
        if path.stem == "OldVersions":
            continue
        entries = re.findall(
            r'\{"(\w+)", \d+, (?!refuse)(?:[^{}"]+, "([\w.]+)"(?:, "\w+")?|[^{}"]+)\},', path.read_text()
        )
        if entries:
            names = {f"{domain}.{op}" if domain else op for op, domain in entries}
            text += f"\n## {path.stem}\n\n" + ", ".join(sorted(names)) + "\n"
    pathlib.Path(sys.argv[1]).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
