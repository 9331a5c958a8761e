"""A graph of tensors as programs: one for each set of shapes, scalars and weights that it is called with.

Programs have fixed shapes and hold their weights. So a graph is exported and compiled when it is called, with what it is called
with; the next call with the same shapes takes the program from memory.

Weights are compared with what the programs hold at every call, element by element (a pass over memory, far less than
emulating a use of them): parameters can be written in ways that leave no trace, as through `.data` or NumPy. If they changed,
programs are made anew; a tensor that keeps changing is no weight, and is passed like an input from then on.
"""

import collections
import itertools
import shutil
import tempfile
import threading
import warnings
import weakref
from collections.abc import Sequence
from typing import Any

import torch

from ..errors import Error
from ..program import Program
from ..session import InferenceSession
from .export import Unsupported, first_line, write_onnx
from .outputs import Plan, assemble, plan

KEPT = 16  # programs of one graph in memory
_MOST_CHANGES = 2  # of a weight
_USAGE = "WF8001"  # an option is wrong: the caller's error, and no reason to fall back
_BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class FallbackWarning(UserWarning):
    """Something is run by PyTorch and not on the wafer; the message says why."""


class Bound(torch.nn.Module):
    """A graph of tensors alone: weights and scalars are in their places, inputs that it changes are copied first, and their new
    values are outputs."""

    def __init__(
        self,
        module: torch.nn.Module,
        values: Sequence[Any],
        names: Sequence[str],
        weights: set[int],
        plan: Plan,
    ):
        super().__init__()
        self.training = False
        self.module, self.plan, self.values = module, plan, list(values)
        self.weights = torch.nn.Module()
        self.weight_names = {i: names[i] for i in sorted(weights)}
        for index, name in self.weight_names.items():
            self.weights.register_buffer(name, values[index].detach())

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        given = iter(tensors)
        values = []
        for index, value in enumerate(self.values):
            if index in self.weight_names:
                value = getattr(self.weights, self.weight_names[index])
            elif isinstance(value, torch.Tensor):
                value = next(given)
            values.append(value.clone() if index in self.plan.mutated else value)
        outputs = self.module(*values)
        return (
            *(outputs[leaf] for leaf in self.plan.leaves),
            *(values[index] for index in self.plan.mutated),
        )


class Specialized:
    """A graph for one set of shapes, scalars and weights, compiled."""

    def __init__(self, plan: Plan, names: list[str], inputs: list[int], session: InferenceSession):
        self.plan, self.names, self.inputs, self.session = plan, names, inputs, session

    def run(self, values: Sequence[Any]) -> list[Any]:
        results = self.session.run(
            None, {name: values[i] for name, i in zip(self.names, self.inputs, strict=True)}
        )
        return assemble(self.plan, values, [from_numpy(result) for result in results])


class Graph:
    """A callable for Dynamo: flat values in, a list of values out.

    module     takes the values and gives the outputs
    names      of the values
    weights    indices of the values that are parameters and buffers
    numbers    indices of the values that are tensors, and numbers to the module
    origin     where it comes from, for messages
    """

    _numbers = itertools.count()

    def __init__(
        self,
        module: torch.nn.Module,
        names: list[str],
        weights: set[int],
        numbers: set[int],
        origin: str,
        options: dict[str, Any],
    ):
        self.module, self.names, self.weights, self.numbers = module, names, set(weights), numbers
        self.origin, self.options = origin, options
        self.number = next(Graph._numbers)
        self.fallback: str | None = None  # why PyTorch runs it
        self.program: Program | None = None  # of the last call
        self.compilations = 0
        self._stats: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._made: collections.OrderedDict[tuple[Any, ...], Specialized | None] = collections.OrderedDict()
        self._held: dict[int, torch.Tensor] = {}  # copies of the weights that are in the programs
        self._changes: collections.Counter[int] = collections.Counter()

    def stats(self) -> dict[str, Any]:
        """Of the last call on the wafer (docs/report.md)."""
        return self._stats

    def fall_back(self, reason: str) -> None:
        self.fallback = reason
        warn_once(f"{self.origin}: PyTorch runs this graph, not the wafer: {reason}")

    def __call__(self, *values: Any) -> Sequence[Any]:
        values = tuple(value.item() if i in self.numbers else value for i, value in enumerate(values))
        if self.fallback is not None:
            return self.module(*values)
        with self._lock:
            try:
                made = self._specialized(values)
                if made is None or _overlap(made.plan, values):
                    return self.module(*values)
                outputs = made.run(values)
            except (Error, Unsupported) as error:
                if isinstance(error, Error) and error.code == _USAGE:
                    raise
                self.fall_back(str(error))
                return self.module(*values)
            self.program, self._stats = made.session.program, made.session.stats()
            return outputs

    def _specialized(self, values: Sequence[Any]) -> Specialized | None:
        """None: there is nothing to compute."""
        self._compare_weights(values)
        key = tuple(
            (tuple(value.shape), value.stride(), value.dtype) if isinstance(value, torch.Tensor) else value
            for value in values
        )
        if key in self._made:
            self._made.move_to_end(key)
            return self._made[key]
        made = self._specialize(values)
        self._made[key] = made
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        return made

    def _compare_weights(self, values: Sequence[Any]) -> None:
        changed = [i for i in self.weights if i in self._held and not _same(values[i], self._held[i])]
        for index in changed:
            self._changes[index] += 1
            del self._held[index]
            if self._changes[index] > _MOST_CHANGES:
                self.weights.discard(index)
        if changed:
            self._made.clear()

    def _specialize(self, values: Sequence[Any]) -> Specialized | None:
        for value in values:
            if isinstance(value, torch.Tensor) and (
                value.device.type != "cpu" or value.layout != torch.strided
            ):
                raise Unsupported(
                    f"a tensor is {value.layout} on {value.device}, and programs take dense tensors of the CPU",
                    "move the module and its inputs to the CPU",
                )
        try:
            made = plan(lambda fakes: self.module(*fakes), values)
        except Unsupported:
            raise
        except Exception as error:
            raise Unsupported(f"it cannot be traced: {first_line(error)}") from error
        if not made.leaves and not made.mutated:
            return None
        self.weights -= set(made.mutated)  # they are state
        self._held = {
            i: held if (held := self._held.get(i)) is not None else values[i].detach().clone()
            for i in self.weights
        }
        inputs = [
            i for i, value in enumerate(values) if isinstance(value, torch.Tensor) and i not in self.weights
        ]
        specialized = specialize(
            Bound(self.module, values, self.names, self.weights, made),
            made,
            values,
            self.names,
            inputs,
            self.options,
        )
        self.compilations += 1
        return specialized


_told: set[str] = set()


def warn_once(text: str) -> None:
    """Dynamo makes graphs of one function again and again, for other shapes and types."""
    if text not in _told:
        _told.add(text)
        warnings.warn(text, FallbackWarning, stacklevel=4)


def reset() -> None:
    """Forgets which warnings were given."""
    _told.clear()


def specialize(
    module: torch.nn.Module,
    made: Plan,
    values: Sequence[Any],
    names: Sequence[str],
    inputs: list[int],
    options: dict[str, Any],
) -> Specialized:
    """Exports and compiles a module whose inputs are these of the values. Raises Unsupported, and waferc.Error."""
    examples = [torch.zeros_like(values[i], memory_format=torch.preserve_format) for i in inputs]
    taken = [names[i] for i in inputs]
    given = [f"output_{i}" for i in range(len(made.leaves))] + [f"new_{names[i]}" for i in made.mutated]
    folder = tempfile.mkdtemp(prefix="waferc-")
    try:
        with torch.inference_mode(False):
            path = write_onnx(module, examples, taken, given, folder)
        session = InferenceSession(path, **options)
        session.prepare({name: values[i] for name, i in zip(taken, inputs, strict=True)})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    forget = weakref.finalize(session, shutil.rmtree, folder, ignore_errors=True)
    if not session.specialized:  # it will not be compiled again
        forget()
    return Specialized(made, taken, inputs, session)


def from_numpy(array: Any) -> torch.Tensor:
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view("int16")).view(torch.bfloat16)
    return torch.from_numpy(array)


def _same(value: torch.Tensor, held: torch.Tensor) -> bool:
    """Equal to the bit: NaN is NaN, and -0 is not 0."""
    if value.shape != held.shape or value.dtype != held.dtype:
        return False
    bits = _BITS.get(value.element_size())
    value = value.detach()
    return torch.equal(value, held) if bits is None else torch.equal(value.view(bits), held.view(bits))


def _overlap(made: Plan, values: Sequence[Any]) -> bool:
    """Is something changed that is the memory of another input, too?"""
    storages = collections.Counter(
        value.untyped_storage().data_ptr()
        for value in values
        if isinstance(value, torch.Tensor) and value.numel()
    )
    return any(storages[values[i].untyped_storage().data_ptr()] > 1 for i in made.mutated)
