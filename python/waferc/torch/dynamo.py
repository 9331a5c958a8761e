"""The backend of torch.compile: each graph that Dynamo finds becomes programs, or is run by PyTorch, with a reason."""

import re
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from .graph import Graph, reset, warn_once
from .options import check_options

_graphs: "weakref.WeakSet[Graph]" = weakref.WeakSet()


def graphs() -> list[Graph]:
    """The graphs that torch.compile has handed over and that are still in use, the oldest first: `origin`, `fallback` (why
    PyTorch runs it, or None), `program` and `stats()` of the last call, `compilations`."""
    return sorted(_graphs, key=lambda graph: graph.number)


def backend(
    module: torch.fx.GraphModule,
    example_inputs: Sequence[Any],
    *,
    mode: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Callable[..., Sequence[Any]]:
    """torch.compile(backend="waferc"). `options` are those of waferc.compile that are no shapes or values of inputs, and
    `disk_cache`, `count_cycles`, `threads` of waferc.InferenceSession."""
    if mode is not None:
        raise ValueError(
            f"waferc has no mode {mode!r}; it has options, as torch.compile(options={{'mesh': 'auto'}})"
        )
    checked = check_options(options or {}, session=True)
    _tell_of_break(module)
    placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
    weights = {
        i
        for i, (node, value) in enumerate(zip(placeholders, example_inputs, strict=True))
        if isinstance(value, torch.nn.Parameter)
        or (node.meta.get("tensor_dict") or {}).get("_dynamo_static_input_type")
    }
    origin, reason = _origin(module), _unsuitable(module)
    names = [node.name for node in placeholders]
    graph = Graph(module, names, weights, _read_numbers(module, placeholders), origin, checked)
    if reason:
        graph.fall_back(reason)
    _graphs.add(graph)
    return graph


setattr(backend, "reset", reset)  # noqa: B010 torch._dynamo.reset() calls it, and types have no such attribute


def _unsuitable(module: torch.fx.GraphModule) -> str | None:
    """Why a graph cannot be a program, from what is around it."""
    (result,) = (node for node in module.graph.nodes if node.op == "output")
    values = [node.meta.get("example_value") for node in result.all_input_nodes]
    if any(isinstance(value, torch.Tensor) and value.requires_grad for value in values):
        return "gradients are recorded, and programs have none\n  hint: call it under torch.no_grad() or torch.inference_mode()"
    if torch.is_autocast_enabled("cpu"):
        return "autocast is on\n  hint: give the module the type, as model.to(torch.bfloat16)"
    return None


def _read_numbers(module: torch.fx.GraphModule, placeholders: Sequence[torch.fx.Node]) -> set[int]:
    """Python's floats come as tensors that are read with .item(). They become floats again, and their indices are returned: their
    values are the program's."""
    numbers = set()
    for index, node in enumerate(placeholders):
        users = list(node.users)
        if users and all(user.op == "call_method" and user.target == "item" for user in users):
            for user in users:
                user.replace_all_uses_with(node)
                module.graph.erase_node(user)
            numbers.add(index)
    if numbers:
        module.recompile()
    return numbers


_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)')


def _origin(module: torch.fx.GraphModule) -> str:
    """The line that the graph begins with, or its outermost module if all lines are PyTorch's."""
    for node in module.graph.nodes:
        if not node.op.startswith("call"):
            continue
        if frames := list(_FRAME.finditer(node.stack_trace or "")):
            return "{file}:{line} ({function})".format(**frames[-1].groupdict())
        for _, kind in (node.meta.get("nn_module_stack") or {}).values():
            return getattr(kind, "__qualname__", str(kind))
    return "a graph"


def _tell_of_break(module: torch.fx.GraphModule) -> None:
    """Dynamo ends a graph where it meets what it cannot trace."""
    why = getattr(module, "compile_subgraph_reason", None)
    if why is None or not why.graph_break:
        return
    where = why.user_stack[-1] if why.user_stack else None
    place = f"{where.filename}:{where.lineno} ({where.name})" if where else "a function"
    reason = " ".join(why.reason.split("  Developer debug context:")[0].split())
    if reason.startswith("generic_jump"):
        reason = "a branch on the value of a tensor"
    warn_once(f"{place}: the graph breaks here, and PyTorch runs what is between its parts: {reason}")
