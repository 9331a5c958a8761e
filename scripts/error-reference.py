#!/usr/bin/env python3
"""Writes the page of error codes from ErrorCodes.def and ErrorTexts.def in include/wafer/Support.

Usage: scripts/error-reference.py docs/errors.md [FOLDER]

FOLDER is where the two files are, if not there. Ends with 1 if they do not go together.
"""

import pathlib
import re
import sys
import textwrap

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "include/wafer/Support"
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

HEAD = """\
# Errors

Written by scripts/error-reference.py from ErrorCodes.def and ErrorTexts.def in include/wafer/Support; don't edit.

Every error has a code, which never changes its meaning: `error[WF2001]: ...`. With `--errors json`, `wafer-compile` prints
code, node, message and hint as JSON. An entry of this page is also what `wafer-compile --explain WF2001` and
`wafer-run --explain WF2001` print. Examples are as printed; file names, numbers and nodes are those of tests.
"""


def entries(text: str, macro: str, arguments: str) -> list[tuple[str, ...]]:
    """The arguments of each use of a macro; every use must be of the form that the pattern has."""
    found = re.findall(rf"^{macro}\((\w+),{arguments}\)$", text, re.MULTILINE | re.DOTALL)
    uses = len(re.findall(rf"^{macro}\(", text, re.MULTILINE))
    if len(found) != uses:
        sys.exit(f"error-reference.py: {uses - len(found)} uses of {macro} are of another form than the rest")
    return found


def unique(pairs: list[tuple], what: str) -> dict:
    result = dict(pairs)
    if len(result) != len(pairs):
        sys.exit(f"error-reference.py: {what} twice")
    return result


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else FOLDER
    defined = entries(
        (folder / "ErrorCodes.def").read_text(), "WAFER_ERROR", r'\s*(\d+),\s*"((?:[^"\\\n]|\\.)*)"'
    )
    codes = unique([(int(number), (name, summary)) for name, number, summary in defined], "a number is given")
    raw = r'\s*R"\(((?:(?!\)").)*)\)"'
    written = entries((folder / "ErrorTexts.def").read_text(), "WAFER_ERROR_TEXT", f"{raw},{raw},{raw}")
    texts = unique([(name, text) for name, *text in written], "a code is explained")
    names = {name for name, _ in codes.values()}
    for name in sorted(names ^ texts.keys()):
        print(f"{name} has no {'entry in ErrorTexts.def' if name in names else 'code'}", file=sys.stderr)
    if names != texts.keys():
        return 1

    page = HEAD
    for group, title in GROUPS.items():
        page += f"\n## {title}\n"
        for number, (name, summary) in sorted(codes.items()):
            if number // 1000 != group:
                continue
            cause, remedy, example = texts[name]
            page += f"\n### WF{number}\n\n**{summary}** (`{name}`)\n\n"
            for prose in (cause, f"What to do: {remedy}"):
                page += textwrap.fill(prose, 120, break_long_words=False, break_on_hyphens=False) + "\n\n"
            if example:
                page += f"```\n{example}\n```\n"
            else:
                page = page[:-1]
    pathlib.Path(sys.argv[1]).write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
