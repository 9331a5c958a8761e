"""Running models, in the shape of ONNX Runtime's InferenceSession."""

import dataclasses
import json
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from . import _core
from .arrays import dtype_of, given, plain, type_text
from .binding import IOBinding
from .program import Program, Progress, _source
from .progress import reporter
from .specialize import Model, Specializer


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """An input or an output, as ONNX Runtime's NodeArg: a dimension is a number, the name of a symbol, or None."""

    name: str
    shape: list[int | str | None]
    type: str  # "tensor(float)"


@dataclasses.dataclass(frozen=True)
class ModelMeta:
    producer_name: str = ""
    graph_name: str = ""
    description: str = ""
    domain: str = ""
    version: int = 0
    custom_metadata_map: dict[str, str] = dataclasses.field(default_factory=dict)


class InferenceSession:
    """A model on the emulated wafer.

    `model` is a path or the bytes of an ONNX model, an onnx.ModelProto, a Program, or a program image. A model is
    compiled when the first inputs are there, for their shapes and for the values of those inputs that decide shapes;
    programs are kept in memory and, unless `disk_cache` is False, in the user's cache folder (waferc.cache).

    Options are those of waferc.compile. `sess_options` and `providers` are there for callers of ONNX Runtime and mean
    nothing. A session may be used by several threads; their runs follow one another. A run itself uses one thread on
    each processor of this host, or at most `threads`; results are the same. `count_cycles` says whether runs count the
    machine's cycles; with "exact" the machine is stepped cycle by cycle, which takes small meshes (WF8011) and long.
    """

    def __init__(
        self,
        model: Any,
        sess_options: Any = None,
        providers: Any = None,
        *,
        constants: Mapping[str, Any] | None = None,
        folder: str | os.PathLike[str] | None = None,
        progress: Progress = None,
        disk_cache: bool = True,
        count_cycles: bool | Literal["exact"] = True,
        threads: int = 0,
        **options: Any,
    ):
        self._lock = threading.Lock()
        if not isinstance(threads, int) or isinstance(threads, bool) or not 0 <= threads < 2**16:
            raise ValueError(f"threads={threads!r}: a number of threads, or 0 for one on each processor")
        if count_cycles not in (False, True, "exact"):
            raise ValueError(f"count_cycles={count_cycles!r}: False, True or 'exact'")
        self._progress, self._threads = progress, threads
        self._count_cycles = _core.CYCLES_EXACT if count_cycles == "exact" else int(count_cycles)
        self._stats: dict[str, Any] = {}
        self._sessions: dict[int, tuple[Program, _core.Session]] = {}
        self._fixed: Program | None = None
        self._specializer: Specializer | None = None
        if not isinstance(model, Program) and _is_image(model):
            source, _ = _source(model)
            model = Program.from_bytes(source) if isinstance(source, bytes) else Program.open(source)
        if isinstance(model, Program):
            if constants or options:
                raise TypeError("a compiled program takes no options of the compiler")
            self._fixed = model
            self._inputs = [_info(*value) for value in model._handle.inputs()]
            self._outputs = [_info(*value) for value in model._handle.outputs()]
            self._meta = ModelMeta()
            return
        described = Model(model, None if folder is None else os.fspath(folder))
        self._specializer = Specializer(described, options, constants or {}, progress, disk_cache)
        fixed = set(constants or {})
        self._inputs = [_declared(value) for value in described.inputs if value["name"] not in fixed]
        self._outputs = [_declared(value) for value in described.outputs]
        said = described.said
        self._meta = ModelMeta(
            said["producer"],
            said["graph"],
            said["description"],
            said["domain"],
            said["version"],
            said["metadata"],
        )

    def get_inputs(self) -> list[TensorInfo]:
        return list(self._inputs)

    def get_outputs(self) -> list[TensorInfo]:
        return list(self._outputs)

    def get_modelmeta(self) -> ModelMeta:
        return self._meta

    def get_providers(self) -> list[str]:
        return ["WaferExecutionProvider"]

    @property
    def program(self) -> Program | None:
        """The program of the last run; None before the first if the model is compiled then."""
        return self._fixed

    @property
    def specialized(self) -> list[str]:
        """Inputs whose values programs are compiled for: the compiler must know them."""
        return list(self._specializer.deciding) if self._specializer else []

    def run(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, Any],
        run_options: Any = None,
        *,
        trace: "str | os.PathLike[str] | None" = None,
        trace_pes: tuple[int, int, int, int] | None = None,
    ) -> list[np.ndarray]:
        """One inference: the outputs that are named, or all. Inputs are arrays of NumPy or of whatever has DLPack; dense
        ones are not copied. The interpreter's lock is free meanwhile, and Ctrl-C ends it.

        trace      a file to write what happens when, for ui.perfetto.dev (docs/trace.md)
        trace_pes  whose instructions are in it: x, y, width and height of a rectangle of PEs
        """
        if trace_pes and not trace:
            raise TypeError("trace_pes goes with trace")
        with self._lock:
            return self._run(output_names, input_feed, trace, trace_pes)

    def prepare(self, input_feed: Mapping[str, Any]) -> Program:
        """The program that run() takes for such inputs, compiled if it is not there."""
        with self._lock:
            return self._prepare(input_feed)[0]

    def _prepare(self, feed: Mapping[str, Any]) -> tuple[Program, list[str]]:
        """The program, and the names of the inputs that are constants in it."""
        constant: list[str] = []
        if self._specializer:
            self._fixed, constant = self._specializer.program(feed)
        assert self._fixed is not None
        return self._fixed, constant

    def _run(
        self,
        output_names: Sequence[str] | None,
        feed: Mapping[str, Any],
        trace: "str | os.PathLike[str] | None",
        trace_pes: tuple[int, int, int, int] | None,
    ) -> list[np.ndarray]:
        program, constant = self._prepare(feed)
        declared = {value[0]: value for value in program._handle.inputs()}
        inputs = [
            given(name, value, declared[name][1] if name in declared else None)
            for name, value in feed.items()
            if name not in constant
        ]
        known = {value[0]: value for value in program._handle.outputs()}
        outputs, taken = [], []
        for name in output_names or [value.name for value in self._outputs]:
            if name not in known:
                raise ValueError(f"there is no output '{name}'; the model's are {', '.join(known)}")
            _, number, shape, _ = known[name]
            array = np.empty(shape, dtype_of(number))
            outputs.append(array)
            taken.append((name, number, shape, plain(array)))
        session = self._session(program)
        session.trace(
            None if trace is None else os.fspath(trace),
            "{},{},{}x{}".format(*trace_pes) if trace_pes else None,
        )
        with reporter(self._progress, "running") as report:
            session.run(inputs, taken, self._count_cycles, 0.0, report)
        self._stats = json.loads(session.stats())
        for index, (name, _, shape, _) in enumerate(taken):
            if (dimension := known[name][3]) is not None:
                extent = session.output_shape(name, len(shape))[dimension]
                # The elements that count come first, densely.
                shape = [*shape[:dimension], extent, *shape[dimension + 1 :]]
                outputs[index] = outputs[index].reshape(-1)[: int(np.prod(shape))].reshape(shape)
        return outputs

    def _session(self, program: Program) -> _core.Session:
        if known := self._sessions.get(id(program)):
            return known[1]
        if len(self._sessions) >= 4:  # each has the memory of a machine
            self._sessions.pop(next(iter(self._sessions)))
        session = _core.Session(program._handle)
        session.use_threads(self._threads)
        self._sessions[id(program)] = (program, session)
        return session

    def stats(self) -> dict[str, Any]:
        """Of the last run: cycles, seconds, wavelets, regions, nodes (docs/report.md)."""
        return self._stats

    def io_binding(self) -> IOBinding:
        return IOBinding(self)

    def run_with_iobinding(self, binding: IOBinding, run_options: Any = None) -> None:
        binding._fill(self)


def is_compiled(model: Any) -> bool:
    """A Program, or a program image: a session runs it as it is."""
    return isinstance(model, Program) or _is_image(model)


def _is_image(model: Any) -> bool:
    magic = b"WAFERIMG"
    if isinstance(model, bytes | bytearray | memoryview):
        return bytes(model[: len(magic)]) == magic
    if hasattr(model, "SerializeToString"):
        return False
    try:
        with open(model, "rb") as file:
            return file.read(len(magic)) == magic
    except OSError:
        return False  # the compiler says it better


def _info(name: str, number: int, shape: list[int], open_dimension: int | None) -> TensorInfo:
    dims: list[int | str | None] = list(shape)
    if open_dimension is not None:
        dims[open_dimension] = None
    return TensorInfo(name, dims, type_text(number))


def _declared(value: Mapping[str, Any]) -> TensorInfo:
    try:
        kind = type_text(value["type"])
    except KeyError:
        kind = "tensor()"
    return TensorInfo(value["name"], value["shape"] or [], kind)
