"""From a module to an ONNX file, by PyTorch's own exporter."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence

import torch

from .fastpaths import in_parts

# The newest operator set that the exporter writes without converting: it has Attention and RMSNormalization.
_OPSET = 23


class Unsupported(Exception):
    """Something that has no way into a program, with what to change."""

    def __init__(self, reason: str, hint: str = ""):
        self.reason, self.hint = reason, hint
        super().__init__(reason + (f"\n  hint: {hint}" if hint else ""))


def write_onnx(
    module: torch.nn.Module,
    tensors: Sequence[torch.Tensor],
    inputs: Sequence[str],
    outputs: Sequence[str],
    folder: str,
) -> str:
    """Writes a module that takes and gives tensors alone, for the shapes of these; the path of the model in `folder`. Weights are in a
    file beside it. Raises Unsupported."""
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise Unsupported("the package onnxscript is not installed", "pip install onnxscript") from error
    with torch.no_grad(), _quietly():
        try:
            exported = in_parts(torch.export.export(module, tuple(tensors), strict=False))
        except Exception as error:
            raise Unsupported(f"torch.export: {first_line(error)}") from error
        try:
            program = torch.onnx.export(
                exported,
                (),
                input_names=list(inputs),
                output_names=list(outputs),
                opset_version=_OPSET,
                dynamo=True,
                verbose=False,
            )
        except Exception as error:
            raise Unsupported(f"torch.onnx.export: {first_line(_cause(error))}") from error
    # Traces of the stack and other notes would make programs of one model differ with the place it was called from.
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()
    for value in program.model.graph.initializers.values():
        value.metadata_props.clear()
    path = os.path.join(folder, "model.onnx")
    program.save(path, external_data=True)
    return path


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the exporter's notes on packages that are not there and on PyTorch's own old names."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _cause(error: BaseException) -> BaseException:
    """The exporter wraps what happened at a node in what it did meanwhile."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
