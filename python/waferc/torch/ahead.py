"""Modules as programs, ahead of time."""

import inspect
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.utils import _pytree as pytree

from ..program import Program
from ..program import compile as compile_model
from ..session import InferenceSession
from .export import Unsupported, first_line, write_onnx
from .graph import Bound, from_numpy
from .options import check_options
from .outputs import Plan, assemble, plan


def compile(
    module: Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    **options: Any,
) -> "Compiled":
    """Compiles a module, or a function of tensors, for the shapes of these arguments.

    Arguments are whatever nests tensors; those that are no tensors are fixed, and so are the module's parameters and buffers. Options are
    those of waferc.compile. The program's inputs are named for the arguments.

    Raises waferc.Error for what the compiler refuses, Unsupported for what does not get to it.
    """
    options = check_options(options, session=False)
    kwargs = dict(kwargs or {})
    flat = _Flat(module, tuple(args), kwargs)
    values, weights = flat.leaves, flat.weights
    everything = [*values, *weights.values()]
    names = [*_names(module, tuple(args), kwargs), *weights]

    def call(fakes: list[Any]) -> Sequence[Any]:
        held = dict(zip(weights, fakes[len(values) :], strict=True))
        return torch.func.functional_call(flat, held, tuple(fakes[: len(values)]))

    try:
        made = plan(call, everything)
    except Unsupported:
        raise
    except Exception as error:
        raise Unsupported(f"it cannot be traced: {first_line(error)}") from error
    if state := [names[i].removeprefix("module.") for i in made.mutated if i >= len(values)]:
        raise Unsupported(
            f"the module changes {', '.join(state)} at each call, and programs keep no state",
            "module.eval(), or make it an argument and a result",
        )
    if not made.leaves and not made.mutated:
        raise Unsupported("there is nothing to compute: every output is an argument")
    inputs = [i for i, value in enumerate(values) if isinstance(value, torch.Tensor)]
    outputs = _output_names(flat.structure)
    taken = [names[i] for i in inputs]
    given = _distinct([*(outputs[i] for i in made.leaves), *(f"new_{names[i]}" for i in made.mutated)], taken)
    with tempfile.TemporaryDirectory(prefix="waferc-") as folder:
        bound = Bound(flat, values, names, set(), made)
        path = write_onnx(bound, [values[i] for i in inputs], taken, given, folder)
        program = compile_model(path, **options)
    return Compiled(program, flat, made, dict(zip(taken, inputs, strict=True)), given)


class Compiled:
    """A module as a program: takes and gives what the module does. `program` is the waferc.Program."""

    def __init__(
        self, program: Program, flat: "_Flat", made: Plan, inputs: dict[str, int], outputs: list[str]
    ):
        self.program = program
        self._flat, self._plan, self._inputs, self._outputs = flat, made, inputs, outputs
        self._session = InferenceSession(program)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, spec = pytree.tree_flatten((args, kwargs))
        if spec != self._flat.spec:
            raise ValueError(f"compiled for arguments of the form {self._flat.spec}, not {spec}")
        for value, fixed in zip(leaves, self._flat.leaves, strict=True):
            if not isinstance(fixed, torch.Tensor) and value != fixed:
                raise ValueError(f"compiled for {fixed!r} as an argument that is no tensor, not {value!r}")
        results = self._session.run(self._outputs, {name: leaves[i] for name, i in self._inputs.items()})
        values = [*leaves, *self._flat.weights.values()]
        outputs = assemble(self._plan, values, [from_numpy(result) for result in results])
        return pytree.tree_unflatten(outputs, self._flat.structure)

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Writes the program image, for waferc.InferenceSession and wafer-run."""
        self.program.save(path)

    def stats(self) -> dict[str, Any]:
        """Of the last call (docs/report.md)."""
        return self._session.stats()


class _Flat(torch.nn.Module):
    """A module that takes the leaves of its arguments and gives those of its result."""

    def __init__(self, module: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]):
        super().__init__()
        self.training = False
        self.module = module
        self.leaves, self.spec = pytree.tree_flatten((args, kwargs))
        self.weights = dict([*self.named_parameters(), *self.named_buffers()])
        self.structure: Any = None  # of the result, known when it was called

    def forward(self, *leaves: Any) -> list[Any]:
        args, kwargs = pytree.tree_unflatten(leaves, self.spec)
        outputs, self.structure = pytree.tree_flatten(self.module(*args, **kwargs))
        return outputs


def _names(module: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """A name for each leaf of the arguments: the parameter's, and the keys that lead to it."""
    called = module.forward if isinstance(module, torch.nn.Module) else module
    try:
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names = []
    for (kind, key, *rest), _ in pytree.tree_flatten_with_path((args, kwargs))[0]:
        if kind.idx == 0:
            first = positional[key.idx] if key.idx < len(positional) else f"arg_{key.idx}"
        else:
            first = str(key.key)
        names.append(_joined([first, *rest]))
    return _distinct(names, [])


def _output_names(structure: Any) -> list[str]:
    found = pytree.tree_flatten_with_path(pytree.tree_unflatten(range(structure.num_leaves), structure))[0]
    return [_joined(path if path and hasattr(path[0], "key") else ["output", *path]) for path, _ in found]


def _joined(path: Sequence[Any]) -> str:
    parts = [str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", key)))) for key in path]
    return re.sub(r"\W", "_", "_".join(parts))


def _distinct(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    used, result = set(taken), []
    for name in names:
        other = name
        while other in used:
            other += "_"
        used.add(other)
        result.append(other)
    return result
