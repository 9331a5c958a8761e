"""What is installed, and what is missing for what."""

import importlib.metadata
import importlib.util
import os
import pathlib
import platform

from . import _core, cache

# Packages, and what they are for.
_OPTIONAL = {
    "onnx": "onnx.ModelProto as a model, waferc.backend.run_node",
    "ml_dtypes": "bfloat16",
    "tqdm": "progress bars",
    "onnxruntime": "waferc as its execution provider",
    "torch": 'torch.compile(backend="waferc"), waferc.torch',
    "onnxscript": "torch's exporter, on which these two stand",
}


def check() -> int:
    """Prints a line for each thing that was looked at; 0 if what is needed is there and works."""
    print(f"waferc        {_core.version()}, Python {platform.python_version()} on {platform.platform()}")
    print(f"library       {pathlib.Path(_core.__file__).parent}")
    for name, use in {"numpy": "arrays", **_OPTIONAL}.items():
        try:
            print(f"{name:13} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            print(f"{name:13} not installed; for {use}")
    where = cache.folder()
    if where is None:
        print("cache         off")
    else:
        entries = [path.stat().st_size for path in where.glob("*.wafer")] if where.is_dir() else []
        writable = os.access(where if where.is_dir() else where.parent, os.W_OK)
        print(
            f"cache         {where}: {len(entries)} programs, {sum(entries) / 1e6:.1f} of {cache.limit() / 1e6:,.0f} MB"
            + ("" if writable or not where.parent.exists() else "; it cannot be written")
        )
    print(f"provider      {_execution_provider()}")
    found = [_try_a_model()]
    if all(importlib.util.find_spec(name) for name in ("torch", "onnxscript")):
        found.append(_try_torch())
    return max(found)


def _execution_provider() -> str:
    """Where the library for ONNX Runtime is, or why it is not there."""
    try:
        import onnxruntime_ep_waferc

        return onnxruntime_ep_waferc.get_library_path()
    except ImportError:
        return "the package onnxruntime_ep_waferc is not installed"
    except FileNotFoundError as missing:
        return str(missing)


def _relu() -> bytes:
    """y = relu(x), an ONNX model of four floats, written by hand: waferc does not need the package onnx."""

    def field(number: int, data: bytes | int) -> bytes:
        if isinstance(data, int):
            return bytes([number << 3, data])
        return bytes([number << 3 | 2, len(data)]) + data

    shape = field(2, field(1, field(1, 4)))
    value = field(2, field(1, field(1, 1) + shape))
    node = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    graph = (
        field(1, node)
        + field(2, b"g")
        + field(11, field(1, b"x") + value)
        + field(12, field(1, b"y") + value)
    )
    return field(1, 10) + field(7, graph) + field(8, field(1, b"") + field(2, 20))


def _try_a_model() -> int:
    import numpy as np

    from . import Error, InferenceSession

    try:
        session = InferenceSession(_relu(), mesh="2x2", disk_cache=False)
        (y,) = session.run(None, {"x": np.array([-1, 2, -3, 4], np.float32)})
    except (Error, OSError, RuntimeError) as error:
        print(f"a model       FAILED: {error}")
        return 1
    if y.tolist() != [0, 2, 0, 4]:
        print(f"a model       WRONG: relu of [-1, 2, -3, 4] is {y.tolist()}")
        return 1
    print(f"a model       compiled and run: {session.stats()['cycles']:,.0f} cycles on a mesh of 2 x 2 PEs")
    return 0


def _try_torch() -> int:
    import torch

    from . import Error
    from . import torch as door

    try:
        options = {"mesh": "2x2", "disk_cache": False}
        with torch.no_grad():
            y = torch.compile(torch.relu, backend="waferc", options=options)(torch.tensor([-1.0, 2, -3, 4]))
    except (ImportError, RuntimeError, Error) as error:
        print(f"torch.compile FAILED: {error}")
        return 1
    (graph,) = door.graphs()
    if graph.fallback or y.tolist() != [0, 2, 0, 4]:
        print(f"torch.compile WRONG: relu of [-1, 2, -3, 4] is {y.tolist()}; {graph.fallback}")
        return 1
    print('torch.compile works with backend="waferc"')
    return 0
