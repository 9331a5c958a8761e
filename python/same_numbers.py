"""When two results are the same numbers: within 1e-4 of the value plus 1e-5 of the tensor's largest magnitude, or of
narrow floats two units of the last place and a tenth of that.
"""

import ml_dtypes
import numpy as np

OF_VALUE, OF_LARGEST = 1e-4, 1e-5


class Difference(Exception):
    """The outputs are not what they must be."""


def largest_excess(
    ours: np.ndarray, reference: np.ndarray, what: str, distance: float = 0.0
) -> tuple[float, float]:
    """(largest absolute difference, largest ratio of a difference to what is allowed); Difference if shapes differ.

    `distance` is allowed in any case.
    """
    if ours.shape != reference.shape or ours.dtype != reference.dtype:
        raise Difference(
            f"{what} is {ours.dtype}{list(ours.shape)}, ONNX Runtime's is {reference.dtype}{list(reference.shape)}"
        )
    if reference.size == 0:
        return 0.0, 0.0
    if reference.dtype.kind != "f" and reference.dtype != ml_dtypes.bfloat16:
        different = np.count_nonzero(ours != reference)
        return float(different), np.inf if different else 0.0
    coarser = max(1.0, 2 * float(ml_dtypes.finfo(reference.dtype).eps) / OF_VALUE)
    ours, reference = ours.astype(np.float64), reference.astype(np.float64)
    finite = np.isfinite(reference)
    if (
        not np.array_equal(ours[~finite], reference[~finite], equal_nan=True)
        or not np.isfinite(ours[finite]).all()
    ):
        raise Difference(f"{what} has infinities or NaNs where ONNX Runtime has none, or the other way round")
    if not finite.any():
        return 0.0, 0.0
    ours, reference = ours[finite], reference[finite]
    error = np.abs(ours - reference)
    allowed = coarser * (OF_VALUE * np.abs(reference) + OF_LARGEST * np.abs(reference).max())
    allowed = np.maximum(allowed, distance)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(error == 0, 0.0, error / allowed)
    return float(error.max()), float(excess.max())
