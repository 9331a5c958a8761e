"""waferc in ONNX Runtime: where the execution provider's library is, and what it is called.

    ort.register_execution_provider_library("waferc", onnxruntime_ep_waferc.get_library_path())
    devices = [d for d in ort.get_ep_devices() if d.ep_name == onnxruntime_ep_waferc.get_ep_name()]
    options.add_provider_for_devices(devices, {"mesh": "auto"})

See docs/onnxruntime.md. Nothing is imported here, ONNX Runtime neither: which one it is, is the caller's choice.
"""

import pathlib

__all__ = ["get_ep_name", "get_ep_names", "get_library_path"]


def get_library_path() -> str:
    """The library to register; FileNotFoundError if it was not built."""
    path = pathlib.Path(__file__).absolute().parent / "libonnxruntime_ep_waferc.so"
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: this build of waferc has no execution provider for ONNX Runtime; `make ep` builds one"
        )
    return str(path)


def get_ep_name() -> str:
    return "WaferExecutionProvider"


def get_ep_names() -> list[str]:
    return [get_ep_name()]
