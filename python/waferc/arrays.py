"""Arrays of NumPy and of others, and ONNX's element types."""

from typing import Any

import numpy as np

# ONNX's number, its name in types of tensors, NumPy's.
_TYPES = [
    (1, "float", "float32"),
    (2, "uint8", "uint8"),
    (3, "int8", "int8"),
    (4, "uint16", "uint16"),
    (5, "int16", "int16"),
    (6, "int32", "int32"),
    (7, "int64", "int64"),
    (9, "bool", "bool"),
    (10, "float16", "float16"),
    (11, "double", "float64"),
    (12, "uint32", "uint32"),
    (13, "uint64", "uint64"),
    (16, "bfloat16", "bfloat16"),
]
_NAMES = {number: name for number, name, _ in _TYPES}
_NUMBERS = {numpy_name: number for number, _, numpy_name in _TYPES}
_BFLOAT16 = 16

Given = tuple[str, int, list[int], Any]  # what the extension takes


def type_text(number: int) -> str:
    """As ONNX Runtime says it: "tensor(float)"."""
    return f"tensor({_NAMES[number]})"


def dtype_of(number: int) -> np.dtype:
    """NumPy's type. bfloat16 needs the package ml_dtypes."""
    if number == _BFLOAT16:
        import ml_dtypes

        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(next(numpy_name for other, _, numpy_name in _TYPES if other == number))


def as_array(value: Any) -> np.ndarray:
    """A NumPy array of something: itself, by DLPack without a copy, or by NumPy's rules."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__dlpack__"):
        try:
            return np.from_dlpack(value)
        except (BufferError, RuntimeError, TypeError, ValueError):
            pass  # another device, a gradient, a type that NumPy does not know
    if hasattr(value, "detach"):  # PyTorch
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            import torch

            value = value.contiguous().view(torch.uint16).numpy().view(dtype_of(_BFLOAT16))
        else:
            value = value.numpy()
    return np.asarray(value)


def given(name: str, value: Any, number: int | None = None) -> Given:
    """A tensor for the extension. The array is copied only if it is not dense. `number` is the type that is wanted: lists of
    Python's numbers become of it, arrays must be of it."""
    if number is not None and not hasattr(value, "dtype") and not hasattr(value, "__dlpack__"):
        value = np.asarray(value, dtype_of(number))
    array = as_array(value)
    if array.dtype.name not in _NUMBERS:
        raise TypeError(f"'{name}' is an array of {array.dtype}, which ONNX's tensors do not have")
    shape = list(array.shape)
    return name, _NUMBERS[array.dtype.name], shape, plain(np.ascontiguousarray(array))


def plain(array: np.ndarray) -> np.ndarray:
    """The bytes of a dense array, as a view that every consumer of DLPack knows."""
    return array.reshape(-1).view(np.uint8)
