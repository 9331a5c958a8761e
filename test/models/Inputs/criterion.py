"""The comparison's own test: what it must accept and what it must not."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "python"))

from same_numbers import Difference, largest_excess

reference = np.array([100.0, 1.0, 0.0], np.float32)


def excess(ours):
    return largest_excess(np.array(ours, np.float32), reference, "x")[1]


# Largest magnitude 100: every value may be off by 1e-3, 100 by 1e-2 more.
assert excess(reference) == 0
assert excess([100.0109, 1.00109, 0.00099]) < 1
assert excess([100.0115, 1.0, 0.0]) > 1
assert excess([100.0, 1.0012, 0.0]) > 1
assert excess([100.0, 1.0, 0.0011]) > 1


def refused(ours, against):
    try:
        largest_excess(np.array(ours), np.array(against), "x")
    except Difference:
        return True
    return False


assert refused(np.zeros((2, 1), np.float32), np.zeros(2, np.float32))
assert refused(np.zeros(2, np.float64), np.zeros(2, np.float32))
assert refused([np.nan, 1.0], [0.0, 1.0])
assert refused([0.0, 1.0], [np.nan, 1.0])
assert refused([np.inf, 1.0], [-np.inf, 1.0])
assert not refused([np.nan, np.inf, 1.0], [np.nan, np.inf, 1.0])
assert largest_excess(np.array([1, 2]), np.array([1, 3]), "x")[1] == np.inf
assert largest_excess(np.zeros(3, np.float32), np.zeros(3, np.float32), "x")[1] == 0
print("holds")
