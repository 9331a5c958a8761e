"""Inputs and outputs that stay bound over several runs, as ONNX Runtime's io_binding()."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import as_array

if TYPE_CHECKING:
    from .session import InferenceSession


class IOBinding:
    def __init__(self, session: "InferenceSession"):
        self._session = session
        self._inputs: dict[str, Any] = {}
        self._outputs: dict[str, np.ndarray | None] = {}
        self._results: list[np.ndarray] = []

    def bind_cpu_input(self, name: str, value: Any) -> None:
        """The array is read at each run, without a copy if it is dense."""
        self._inputs[name] = as_array(value)

    bind_ortvalue_input = bind_cpu_input

    def bind_output(self, name: str, device_type: str = "cpu", buffer: np.ndarray | None = None) -> None:
        """Into `buffer`, of the output's type and shape, or into an array of the run's own."""
        if device_type != "cpu":
            raise ValueError(f"outputs are on the host, not on '{device_type}'")
        self._outputs[name] = buffer

    def clear_binding_inputs(self) -> None:
        self._inputs.clear()

    def clear_binding_outputs(self) -> None:
        self._outputs.clear()

    def copy_outputs_to_cpu(self) -> list[np.ndarray]:
        """The outputs of the last run, in the order in which they were bound."""
        return list(self._results)

    get_outputs = copy_outputs_to_cpu

    def _fill(self, session: "InferenceSession") -> None:
        names = list(self._outputs) or None
        results = session.run(names, self._inputs)
        for index, buffer in enumerate(self._outputs.values()):
            if buffer is not None:
                if buffer.shape != results[index].shape or buffer.dtype != results[index].dtype:
                    raise ValueError(
                        f"output {index} is {results[index].dtype}{list(results[index].shape)}, "
                        f"the buffer {buffer.dtype}{list(buffer.shape)}"
                    )
                buffer[...] = results[index]
                results[index] = buffer
        self._results = results
