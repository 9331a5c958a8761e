#!/usr/bin/env python3
"""Writes how each operator stands with ONNX's backend tests, from the list that onnx_backend.py makes of a run.

Usage: scripts/conformance-reference.py docs/onnx-tests.md
"""

import collections
import pathlib
import sys

import onnx

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test/models"))

import onnx_backend

LIST = ROOT / "test/models/Inputs/onnx-backend-tests.txt"
STATUSES = ("pass", "constant", "refused", "differs")
OTHERS = {
    "simple": "Small graphs",
    "pytorch-operator": "Operators as PyTorch exported them",
    "pytorch-converted": "Layers as PyTorch exported them",
    "real": "Networks",
}

HEAD = """\
# ONNX's backend tests

Written by scripts/conformance-reference.py from test/models/Inputs/onnx-backend-tests.txt, the list that a run of
`test/models/onnx_backend.py --survey --write` makes; don't edit.

All {total:,} tests of the suite of ONNX {version} count, with its own data and tolerances, through `waferc.backend`.

| how it ends | tests | share |
|---|--:|--:|
| **pass**: as the suite feeds it, every input known at run time only | {pass:,} | {pass_share} |
| **constant**: as well, compiled for the value of an input that decides shapes or axes | {constant:,} | {constant_share} |
| **refused**: by the compiler or the emulator, with a code | {refused:,} | {refused_share} |
| **differs**: other numbers than the suite's | {differs:,} | {differs_share} |

errors.md says what the codes mean. Refused with WF1009 are types without a form on the machine (strings, numbers of 4 bits, float8),
with WF1012 sequences and optionals as inputs and outputs, with WF2001 operators without a lowering, as those of chance.
"""


def operator_of(name: str, cases: dict) -> str:
    """What a test is about: its node's operator; for a function's expanded form, that of the function's own test."""
    kind, _, test = name.partition("/")
    if kind != "node":
        return OTHERS[kind]
    while test:
        case = cases.get(f"node/{test}")
        nodes = onnx.load(case.model, load_external_data=False).graph.node if case else ()
        operators = {f"{node.domain}.{node.op_type}".removeprefix(".") for node in nodes}
        if len(operators) == 1:
            return operators.pop()
        test = test.rpartition("_expanded")[0]
    return "Several operators"


def reasons_of(tests: dict) -> str:
    """Codes and what they are about, with how many tests each, most first; differences as the list states them."""
    counts = collections.Counter(
        outcome.reason.partition(" ")[0] if outcome.status == "refused" else outcome.reason
        for outcome in tests.values()
        if outcome.status in ("refused", "differs")
    )
    return "; ".join(f"{text} ({count})" if count > 1 else text for text, count in counts.most_common())


def table(rows: dict) -> str:
    text = (
        "\n| operator | " + " | ".join(STATUSES) + " | why not |\n|---" + "|--:" * len(STATUSES) + "|---|\n"
    )
    for name in sorted(rows, key=str.lower):
        counts = collections.Counter(outcome.status for outcome in rows[name].values())
        cells = [str(counts[status] or "") for status in STATUSES]
        text += f"| {name} | {' | '.join(cells)} | {reasons_of(rows[name]).replace('|', chr(92) + '|')} |\n"
    return text


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    cases, outcomes = onnx_backend.suite(), onnx_backend.read_list(LIST)
    rows = collections.defaultdict(dict)
    for name, outcome in outcomes.items():
        rows[operator_of(name, cases)][name] = outcome
    counts = collections.Counter(outcome.status for outcome in outcomes.values())
    shares = {f"{status}_share": f"{counts[status] / len(outcomes):.1%}" for status in STATUSES}
    figures = {status: counts[status] for status in STATUSES}
    text = HEAD.format(total=len(outcomes), version=onnx.__version__, **figures, **shares)
    groups = {name: rows.pop(name) for name in [*OTHERS.values(), "Several operators"] if name in rows}
    text += (
        "\n## By operator\n" + table(rows) + "\n## Graphs\n" + table(groups).replace("operator", "tests", 1)
    )
    pathlib.Path(sys.argv[1]).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
