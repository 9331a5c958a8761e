"""The cases of operators.py, a file a topic; importing the package fills FAMILIES."""

import importlib

from .case import FAMILIES, Case

__all__ = ["FAMILIES", "Case"]

for _topic in (
    "elementwise",
    "convolution",
    "matmul",
    "reduction",
    "normalization",
    "sampling",
    "shape",
    "gather",
    "attention",
    "contrib",
    "graph",
    "control",
    "types",
    "quantization",
    "extents",
):
    importlib.import_module(f"{__name__}.{_topic}")
