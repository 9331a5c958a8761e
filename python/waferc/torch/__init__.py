"""PyTorch on the wafer (docs/pytorch.md).

    compiled = torch.compile(model, backend="waferc", options={"mesh": "16x16"})   # graph by graph, at the first call

    compiled = waferc.torch.compile(model, (x,), mesh="16x16")                     # ahead of time
    compiled.save("model.wafer")

`import waferc` does not import PyTorch; importing this does.
"""

from .ahead import Compiled, compile
from .dynamo import backend, graphs
from .export import Unsupported
from .graph import FallbackWarning

__all__ = ["Compiled", "FallbackWarning", "Unsupported", "backend", "compile", "graphs"]
