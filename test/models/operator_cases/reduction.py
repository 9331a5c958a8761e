"""Cases of operators.py: reduction, softmax."""

import numpy as np

from .case import case, integers, values

# reduction
for _op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"):
    case("reduction", "last axis", _op, [values(6, 15)], {"axes": np.array([-1])}, keepdims=0)
    case("reduction", "first axis, kept", _op, [values(6, 15)], {"axes": np.array([0])})
    case("reduction", "middle", _op, [values(4, 15, 6)], {"axes": np.array([1])}, keepdims=0)
    case("reduction", "two axes", _op, [values(2, 3, 5, 7)], {"axes": np.array([2, 3])})
    case("reduction", "everything", _op, [values(6, 15)], keepdims=0)
for _op in ("ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"):
    case("reduction", "last axis", _op, [values(6, 15)], {"axes": np.array([-1])}, keepdims=0)
for _op in ("ReduceL2", "ReduceLogSum"):
    case("reduction", "int32", _op, [abs(integers(6, 15))], {"axes": np.array([1])})
case("reduction", "attribute (opset 11)", "ReduceSum", [values(6, 15)], opset=11, axes=[1])
case("reduction", "a long row", "ReduceSum", [values(2, 3000)], {"axes": np.array([1])})
case("reduction", "last axis", "ArgMax", [values(6, 15)], axis=-1)
HOLES = values(6, 15).round()
HOLES[0, 3] = HOLES[1, 0] = HOLES[2, :] = np.nan
case("reduction", "NaN", "ArgMax", [HOLES], axis=1)
case("reduction", "NaN, the last of equals", "ArgMin", [HOLES], axis=1, select_last_index=1)
case(
    "reduction", "exclusive, backwards", "CumSum", [values(4, 9)], {"a": np.int64(1)}, exclusive=1, reverse=1
)
case("reduction", "int32", "ReduceSum", [integers(6, 15)], {"axes": np.array([1])})


# softmax
case("softmax", "last axis", "Softmax", [values(6, 15)])
case("softmax", "middle axis", "Softmax", [values(2, 9, 4)], axis=1)
case("softmax", "large values", "Softmax", [values(4, 50, low=-300, high=300)])
case("softmax", "flattened (opset 11)", "Softmax", [values(2, 3, 4)], opset=11, axis=1)
case("softmax", "last axis", "LogSoftmax", [values(6, 15)])
case("softmax", "last axis", "Hardmax", [values(6, 15).round()])
case("softmax", "flattened (opset 11)", "Hardmax", [values(2, 3, 4)], opset=11)
case("softmax", "a long row", "Softmax", [values(1, 2000)])
