"""Compiled programs."""

import json
import os
import pathlib
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from . import _core
from .arrays import given
from .picture import describe
from .progress import reporter

Progress = bool | Callable[[str, float | None], None] | None


def compile_options() -> dict[str, str]:
    """What compile() takes besides its named arguments: name and help of each, the names with _ for -."""
    named = {"dim", "shape", "const", "emit"}
    return {
        name.replace("-", "_"): f"{form}: {text}"
        for name, form, text, _ in _core.compile_options()
        if name not in named
    }


def compile(
    model: "str | os.PathLike[str] | bytes | Any",
    *,
    target: str = "wse2",
    mesh: str | tuple[int, int] | None = None,
    dims: Mapping[str, int] | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    constants: Mapping[str, Any] | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress = None,
    **options: Any,
) -> "Program":
    """Compiles a model: a path, the bytes of one, or an onnx.ModelProto.

    target     the machine: wse2, wse3, or a profile's JSON file
    mesh       PEs to use, (width, height) or "16x16"; "auto" is the smallest square that holds it; None the whole
    dims       values of symbolic dimensions
    shapes     shapes of inputs, in place of the declared ones
    constants  inputs that become constants: arrays, or what NumPy makes arrays of
    folder     where the external data of a model that is no path lie
    progress   True: a progress bar on a terminal; or a function of a text and a fraction (None if it is not known)
    options    further options of wafer-compile, as seed=1; compile_options() lists them

    Raises waferc.Error. Ctrl-C ends it with KeyboardInterrupt.
    """
    settings = [("target", target)]
    if mesh is not None:
        settings.append(("mesh", mesh if isinstance(mesh, str) else "x".join(map(str, mesh))))
    settings += [("dim", f"{name}={value}") for name, value in (dims or {}).items()]
    for name, shape in (shapes or {}).items():
        settings.append(("shape", f"{name}=" + ("x".join(map(str, shape)) if len(shape) else "scalar")))
    settings += [(name.replace("_", "-"), str(value)) for name, value in options.items()]
    source, shown = _source(model)
    with reporter(progress, "compiling") as report:
        handle = _core.compile(
            source,
            shown,
            None if folder is None else os.fspath(folder),
            settings,
            [given(name, value) for name, value in (constants or {}).items()],
            report,
        )
    return Program(handle)


def _source(model: Any) -> tuple[str | bytes, str | None]:
    """A path, or bytes and what messages call them."""
    if isinstance(model, bytes | bytearray | memoryview):
        return bytes(model), None
    if hasattr(model, "SerializeToString"):
        return bytes(model.SerializeToString()), f"<{model.graph.name or 'model'}>"
    return os.fspath(model), None


class Report(dict[str, Any]):
    """The report of a compilation (docs/report.md), as a dictionary. What `emulated` is set to, a session's stats(), is on
    the page as well."""

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Writes a page to look at in a browser (docs/page.md) if the name ends with .html, else JSON."""
        if not self:
            raise ValueError("a program that was opened from an image has no report of its compilation")
        _core.save_report(json.dumps(self, indent=2) + "\n", os.fspath(path))


class Program:
    """A compiled program: what it takes and gives, its image, and how it lies on the wafer."""

    def __init__(self, handle: _core.Program):
        self._handle = handle

    @staticmethod
    def open(path: "str | os.PathLike[str]") -> "Program":
        """Opens a program image, a file that save() or wafer-compile wrote."""
        return Program(_core.open(os.fspath(path)))

    @staticmethod
    def from_bytes(image: bytes) -> "Program":
        return Program(_core.from_bytes(image))

    def to_bytes(self) -> bytes:
        return self._handle.bytes()

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Writes the image, whole or not at all."""
        path = pathlib.Path(path)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_bytes(self.to_bytes())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    @property
    def report(self) -> Report:
        """Regions, memory, streams, stages (docs/report.md); empty for a program that was opened."""
        text = self._handle.report()
        return Report(json.loads(text) if text else {})

    def show(self, file: TextIO | None = None) -> None:
        """Prints where the regions lie, how full their PEs are and what they are estimated to take."""
        out = file or sys.stdout
        report = self.report
        if not report:
            print("opened from an image: there is no report of its compilation", file=out)
            return
        columns = shutil.get_terminal_size().columns
        for line in describe(report, max(40, columns - 1), color=out.isatty()):
            print(line, file=out)
