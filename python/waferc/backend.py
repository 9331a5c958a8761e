"""ONNX's Backend API: prepare, run_model, run_node, supports_device.

    rep = waferc.backend.prepare(onnx.load("model.onnx"), mesh="16x16")
    rep.run([x])

Keyword arguments are those of waferc.InferenceSession. Models are prepared to be run a few times: if nothing else is
said, effort="quick" compiles them in less time for more cycles.
"""

import collections
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import Error
from .session import InferenceSession, is_compiled


class BackendRep:
    def __init__(self, session: InferenceSession):
        self.session = session

    def run(self, inputs: Any, **kwargs: Any) -> tuple[np.ndarray, ...]:
        """Inputs by name, in order, or one alone. The outputs, in order and by name."""
        infos = self.session.get_inputs()
        if not isinstance(inputs, Mapping):
            if not isinstance(inputs, Sequence):
                inputs = [inputs]
            if len(inputs) != len(infos):
                raise ValueError(f"the model takes {len(infos)} inputs, not {len(inputs)}")
            inputs = {info.name: value for info, value in zip(infos, inputs, strict=True)}
        names = [info.name for info in self.session.get_outputs()]
        outputs: tuple[np.ndarray, ...] = _outputs_type(tuple(names))(*self.session.run(names, inputs))
        return outputs


@functools.lru_cache(maxsize=64)  # to make a class takes as long as a small run
def _outputs_type(names: tuple[str, ...]) -> Any:
    """Names are ONNX's, and may be anything."""
    return collections.namedtuple("Outputs", names, rename=True)


def supports_device(device: str) -> bool:
    """The emulator runs on the host."""
    return device.split(":")[0] == "CPU"


def is_compatible(model: Any, device: str = "CPU", **kwargs: Any) -> bool:
    """False if the model is refused before its inputs are known."""
    try:
        prepare(model, device, **kwargs)
    except Error:
        return False
    return supports_device(device)


def prepare(model: Any, device: str = "CPU", **kwargs: Any) -> BackendRep:
    if not supports_device(device):
        raise ValueError(f"there is no device '{device}'; the emulator runs on 'CPU'")
    options = {} if is_compiled(model) else {"effort": "quick"}
    return BackendRep(InferenceSession(model, **options | kwargs))


def run_model(model: Any, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[np.ndarray, ...]:
    return prepare(model, device, **kwargs).run(inputs)


def run_node(
    node: Any, inputs: Any, device: str = "CPU", outputs_info: Any = None, **kwargs: Any
) -> tuple[np.ndarray, ...]:
    """One node on inputs in order. Needs the package onnx."""
    from onnx import helper

    arrays = [np.asarray(value) for value in (inputs if isinstance(inputs, list | tuple) else [inputs])]
    names = [name for name in node.input if name]
    graph = helper.make_graph(
        [node],
        "node",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in zip(names, arrays, strict=True)
        ],
        [
            helper.make_value_info(name, helper.make_tensor_type_proto(0, None))
            for name in node.output
            if name
        ],
    )
    options = {key: value for key, value in kwargs.items() if key != "opset_version"}
    opset = helper.make_opsetid(node.domain, kwargs.get("opset_version", 23))
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    return run_model(model, arrays, device, **options)
