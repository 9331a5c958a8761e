"""What is raised: one exception for whatever the compiler or the emulator refuses."""

import dataclasses
import json
from typing import Any

from . import _core


@dataclasses.dataclass(frozen=True)
class Diagnostic:
    code: str  # "WF2001", stable
    node: str  # the ONNX node at fault, or ""
    message: str
    hint: str  # what to change, or ""
    inputs: tuple[str, ...] = ()  # of the model, whose values the compiler must know


class Error(Exception):
    """Something is refused. `code`, `node`, `message`, `hint` and `inputs` are the first diagnostic's."""

    def __init__(self, diagnostics: list[Diagnostic]):
        self.diagnostics = diagnostics
        first = diagnostics[0]
        self.code, self.node, self.message = first.code, first.node, first.message
        self.hint, self.inputs = first.hint, first.inputs
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = []
        for d in self.diagnostics:
            lines.append(f"[{d.code}] {d.message}" + (f"\n  hint: {d.hint}" if d.hint else ""))
        return "\n".join(dict.fromkeys(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        return Error, (self.diagnostics,)


def explain(code: str) -> str:
    """What a code as "WF2001" means and what to do about it, as in docs/errors.md. ValueError if there is none."""
    text = _core.explain(code)
    if text is None:
        raise ValueError(f"there is no error code {code!r}")
    return text


def error_of(text: str) -> Error:
    """The exception for what the C interface says as JSON."""
    found = [
        Diagnostic(d["code"], d["node"], d["message"], d["hint"], tuple(d["inputs"]))
        for d in json.loads(text)["diagnostics"]
        if d["severity"] == "error"
    ]
    return Error(found)
