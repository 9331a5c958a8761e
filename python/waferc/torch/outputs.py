"""What a graph gives back, as PyTorch would: which of it is new, which is memory of an input, and how it lies there.

A program computes values. Whoever calls a graph may rely on more: that an output is a view of an input, that two outputs
share their memory, that an input was changed in place, on strides. All of that is read off one run with
fake tensors, which have geometry and no elements.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv
from torch.utils._python_dispatch import TorchDispatchMode

from .export import Unsupported

Geometry = tuple[tuple[int, ...], tuple[int, ...], int]  # size, stride, offset in its storage


@dataclasses.dataclass(frozen=True)
class Alias:
    """An input, or a view of one."""

    value: int  # index of the input
    geometry: Geometry | None  # None: it itself; the offset counts from the input's


@dataclasses.dataclass(frozen=True)
class Computed:
    """A tensor that the program gives."""

    index: int  # among its outputs
    dtype: torch.dtype
    geometry: Geometry | None  # None: dense, in memory of its own
    storage: int | None = None  # outputs with the same number share it
    storage_bytes: int = 0


@dataclasses.dataclass(frozen=True)
class Plan:
    outputs: list[Any]  # Alias, Computed, or a value that is none of a tensor
    leaves: list[int]  # the graph's outputs that are the program's first outputs
    mutated: list[int]  # inputs that it changes in place; their new values are the program's last outputs


def plan(call: Callable[[list[Any]], Sequence[Any]], values: Sequence[Any]) -> Plan:
    """Runs a graph on fakes of its inputs. `values` are tensors and others; `call` gives back a flat list."""
    # New symbols are sizes that only the data decide.
    mode = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    with torch.inference_mode(False), torch.no_grad(), mode, _NoTraining():
        fakes = [_fake(value) if isinstance(value, torch.Tensor) else value for value in values]
        versions = [_version(fake) for fake in fakes]
        given = list(call(fakes))
    owners = {
        fake.untyped_storage()._cdata: i for i, fake in enumerate(fakes) if isinstance(fake, torch.Tensor)
    }
    mutated = [i for i, fake in enumerate(fakes) if _version(fake) != versions[i]]
    computed: dict[int, int] = {}  # a tensor's id, its index
    leaves: list[int] = []
    for leaf, value in enumerate(given):
        if (
            isinstance(value, torch.Tensor)
            and value.untyped_storage()._cdata not in owners
            and id(value) not in computed
        ):
            computed[id(value)] = len(leaves)
            leaves.append(leaf)
    tensors = [given[leaf] for leaf in leaves]
    shared = [value.untyped_storage()._cdata for value in tensors]
    outputs: list[Any] = []
    for value in given:
        if not isinstance(value, torch.Tensor):
            outputs.append(value)
        elif id(value) in computed:
            outputs.append(_computed(value, computed[id(value)], shared))
        else:
            index = owners[value.untyped_storage()._cdata]
            outputs.append(_alias(value, index, fakes[index]))
    return Plan(outputs, leaves, mutated)


class _NoTraining(TorchDispatchMode):
    """Batch normalization that trains changes its statistics, and does not say so in its signature."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        given = {**dict(zip((a.name for a in function._schema.arguments), args, strict=False)), **kwargs}
        if given.get("training") and given.get("running_mean") is not None:
            raise Unsupported("batch normalization trains: it changes its statistics", "module.eval()")
        return function(*args, **kwargs)


def _fake(value: torch.Tensor) -> torch.Tensor:
    """A tensor of the same geometry in a storage of the same size. Call it under a FakeTensorMode."""
    storage = torch.empty(value.untyped_storage().nbytes() // value.element_size(), dtype=value.dtype)
    return storage.as_strided(value.size(), value.stride(), value.storage_offset())


def _version(value: Any) -> int:
    return value._version if isinstance(value, torch.Tensor) else 0


def _geometry(value: torch.Tensor, offset: int) -> Geometry:
    return tuple(value.size()), tuple(value.stride()), offset


def _known(value: torch.Tensor) -> bool:
    return all(isinstance(size, int) for size in value.size())


def _alias(value: torch.Tensor, index: int, fake: torch.Tensor) -> Alias:
    if value is fake:
        return Alias(index, None)
    if value.dtype != fake.dtype or value.is_conj() or value.is_neg():
        raise Unsupported("an output is an input's memory read as another type", "return a copy: .clone()")
    return Alias(index, _geometry(value, value.storage_offset() - fake.storage_offset()))


def _computed(value: torch.Tensor, index: int, shared: list[int]) -> Computed:
    storage = value.untyped_storage()
    if not _known(value):
        return Computed(index, value.dtype, None)
    if shared.count(storage._cdata) > 1:
        return Computed(
            index, value.dtype, _geometry(value, value.storage_offset()), storage._cdata, storage.nbytes()
        )
    return Computed(index, value.dtype, None if value.is_contiguous() else _geometry(value, 0))


def assemble(plan: Plan, values: Sequence[Any], results: Sequence[torch.Tensor]) -> list[Any]:
    """What the graph returns, out of its inputs and what the program gave; inputs that it changes are changed."""
    for index, result in zip(plan.mutated, results[len(plan.leaves) :], strict=True):
        values[index].copy_(result)
    storages: dict[int, torch.UntypedStorage] = {}
    made: dict[int, torch.Tensor] = {}
    outputs = []
    for output in plan.outputs:
        if isinstance(output, Computed):
            if output.index not in made:
                made[output.index] = _laid_out(output, results[output.index], storages)
            outputs.append(made[output.index])
        elif isinstance(output, Alias):
            value = values[output.value]
            if output.geometry is not None:
                size, stride, offset = output.geometry
                value = value.as_strided(size, stride, value.storage_offset() + offset)
            outputs.append(value)
        else:
            outputs.append(output)
    return outputs


def _laid_out(
    output: Computed, result: torch.Tensor, storages: dict[int, torch.UntypedStorage]
) -> torch.Tensor:
    if output.geometry is None:
        return result
    size, stride, offset = output.geometry
    if output.storage is None:
        tensor = torch.empty_strided(size, stride, dtype=output.dtype)
    else:
        if output.storage not in storages:
            storages[output.storage] = torch.UntypedStorage(output.storage_bytes)
        tensor = torch.empty(0, dtype=output.dtype).set_(storages[output.storage], offset, size, stride)
    written = tensor
    for dim, step in enumerate(stride):
        if step == 0 and size[dim] > 1:  # one element that is seen many times
            written, result = written.narrow(dim, 0, 1), result.narrow(dim, 0, 1)
    written.copy_(result)
    return tensor
