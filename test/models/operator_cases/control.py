"""Cases of operators.py: recurrent, control (If, Loop, Scan, sequences)."""

import numpy as np
from onnx import helper

from .case import BOOL, F32, I32, I64, case, chain, node, values

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
STATES = {"RNN": ["h"], "GRU": ["h"], "LSTM": ["h", "c"]}


def recurrent(op, name, steps, batch=1, inputs=6, units=5, optional=("b",), lengths=None, **attributes):
    """One node with all outputs. `optional` has b (biases), h (initial states) and p (peepholes)."""
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    rows = GATES[op] * units
    batch_first = attributes.get("layout", 0)
    given = {"x": values(*((batch, steps) if batch_first else (steps, batch)), inputs)}
    weights = {
        "w": values(directions, rows, inputs, low=-0.6, high=0.6, seed=1),
        "r": values(directions, rows, units, low=-0.6, high=0.6, seed=2),
    }
    operands = ["x", "w", "r", "", "", ""]
    if "b" in optional:
        weights["b"] = values(directions, 2 * rows, low=-0.5, high=0.5, seed=3)
        operands[3] = "b"
    if lengths is not None:
        given["n"] = np.array(lengths, np.int32)
        operands[4] = "n"
    if "h" in optional:
        shape = (batch, directions, units) if batch_first else (directions, batch, units)
        for seed, state in enumerate(STATES[op]):
            given[state] = values(*shape, low=-1, high=1, seed=10 + seed)
        operands[5:] = STATES[op]
    if "p" in optional:
        weights["p"] = values(directions, 3 * units, low=-0.5, high=0.5, seed=4)
        operands = [*operands, *[""] * (7 - len(operands)), "p"]
    while not operands[-1]:
        operands.pop()
    case(
        "recurrent",
        name,
        op,
        given,
        weights,
        outputs=1 + len(STATES[op]),
        opset=22,
        operands=operands,
        hidden_size=units,
        **attributes,
    )


def add_recurrent():
    for op in ("RNN", "GRU", "LSTM"):
        for direction in ("forward", "reverse", "bidirectional"):
            for steps in (3, 11):
                recurrent(op, f"{direction}, {steps} steps", steps, direction=direction)
            recurrent(
                op,
                f"{direction}, lengths, states",
                9,
                batch=3,
                optional=("b", "h"),
                lengths=[9, 4, 1],
                direction=direction,
            )
        recurrent(op, "no biases, a batch", 7, batch=4, optional=())
        recurrent(op, "clip", 7, clip=0.3)
        recurrent(op, "64 units", 20, units=64, inputs=40)
    recurrent("GRU", "reset after the product", 8, batch=2, linear_before_reset=1, optional=("b", "h"))
    recurrent("GRU", "reset after, both ways", 8, direction="bidirectional", linear_before_reset=1)
    recurrent("LSTM", "peepholes", 8, batch=2, optional=("b", "h", "p"))
    recurrent("LSTM", "peepholes, both ways", 8, optional=("b", "p"), direction="bidirectional")
    recurrent("LSTM", "input and forget coupled", 8, input_forget=1)
    recurrent(
        "LSTM",
        "other functions",
        6,
        activations=["HardSigmoid", "LeakyRelu", "ScaledTanh"],
        activation_alpha=[0.3, 0.1, 0.8],
        activation_beta=[0.4, 0.9],
    )
    recurrent(
        "RNN",
        "other functions each way",
        6,
        direction="bidirectional",
        activations=["Softsign", "Elu"],
        activation_alpha=[0.7],
    )
    recurrent("GRU", "other functions", 6, activations=["Affine", "Softplus"], activation_alpha=[0.2])


def body(name, nodes, inputs, outputs, weights=()):
    def info(value):
        return helper.make_tensor_value_info(*value)

    return helper.make_graph(
        nodes, name, [info(v) for v in inputs], [info(v) for v in outputs], list(weights)
    )


def number(name, value):
    return helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape, value.ravel())


def add_control():
    # A recurrence over a weight and a scanned input; the last state, and all of them.
    step = body(
        "step",
        [
            node("MatMul", ["h", "w"], ["a"]),
            node("Add", ["a", "s"], ["b"]),
            node("Tanh", ["b"], ["h2"]),
            node("Neg", ["h2"], ["o"]),
        ],
        [("h", F32, [1, 8]), ("s", F32, [1, 8])],
        [("h2", F32, [1, 8]), ("o", F32, [1, 8])],
    )
    for steps in (3, 17):
        for back in (0, 1):
            chain(
                "control",
                f"Scan: {steps} steps{', backward' if back else ''}",
                [
                    node(
                        "Scan",
                        ["h0", "x"],
                        ["y0", "y1"],
                        body=step,
                        num_scan_inputs=1,
                        scan_input_directions=[back],
                        scan_output_directions=[back],
                    )
                ],
                {"h0": values(1, 8), "x": values(steps, 1, 8, seed=1)},
                {"w": values(8, 8, low=-0.5, high=0.5, seed=2)},
            )
    scan_axis = body(
        "step",
        [node("Add", ["h", "s"], ["h2"]), node("Mul", ["h2", "h2"], ["o"])],
        [("h", F32, [3]), ("s", F32, [3])],
        [("h2", F32, [3]), ("o", F32, [3])],
    )
    chain(
        "control",
        "Scan: other axes",
        [
            node(
                "Scan",
                ["h0", "x"],
                ["y0", "y1"],
                body=scan_axis,
                num_scan_inputs=1,
                scan_input_axes=[1],
                scan_output_axes=[-1],
            )
        ],
        {"h0": values(3), "x": values(3, 40, seed=1)},
    )
    # What a step hands on may be the other tensor carried.
    swap = body(
        "step",
        [
            node("Identity", ["c"], ["c2"]),
            node("Identity", ["v"], ["u2"]),
            node("Add", ["u", "v"], ["v2"]),
            node("Identity", ["u"], ["o"]),
        ],
        [("i", I64, []), ("c", BOOL, []), ("u", F32, [5]), ("v", F32, [5])],
        [("c2", BOOL, []), ("u2", F32, [5]), ("v2", F32, [5]), ("o", F32, [5])],
    )
    for steps in (4, 20):
        chain(
            "control",
            f"Loop: {steps} steps that exchange what they carry",
            [node("Loop", ["m", "", "u0", "v0"], ["u", "v", "o"], body=swap)],
            {"u0": values(5), "v0": values(5, seed=1)},
            {"m": np.int64(steps)},
        )
    until = body(
        "step",
        [
            node("Add", ["u", "one"], ["u2"]),
            node("ReduceSum", ["u2"], ["s"], keepdims=0),
            node("Less", ["s", "most"], ["c2"]),
        ],
        [("i", I64, []), ("c", BOOL, []), ("u", F32, [5])],
        [("c2", BOOL, []), ("u2", F32, [5])],
        [number("one", np.ones(1, np.float32)), number("most", np.array(40, np.float32))],
    )
    for steps in (3, 30):
        chain(
            "control",
            f"Loop: at most {steps} steps, ends by itself",
            [node("Loop", ["m", "", "u0"], ["u"], body=until)],
            {"u0": values(5)},
            {"m": np.int64(steps)},
        )
    for name, condition in (("then", True), ("else", False)):
        chain(
            "control",
            f"If: {name}, the other divides by zero",
            [
                node(
                    "If",
                    ["c"],
                    ["y"],
                    then_branch=body("t", [node("Gather", ["a", "k"], ["p"])], [], [("p", I32, [5])]),
                    else_branch=body("e", [node("Div", ["a", "z"], ["q"])], [], [("q", I32, [5])]),
                )
            ],
            {
                "c": np.array(condition),
                "a": np.arange(5, dtype=np.int32),
                "z": np.full(5, 0 if condition else 2, np.int32),
                "k": np.full(5, 2 if condition else 99, np.int64),
            },
        )
    chain(
        "control",
        "sequences",
        [
            node("SplitToSequence", ["x", "two"], ["s"], axis=1),
            node("SequenceAt", ["s", "last"], ["a"]),
            node("SequenceInsert", ["s", "a", "first"], ["s2"]),
            node("SequenceErase", ["s2"], ["s3"]),
            node("ConcatFromSequence", ["s3"], ["y"], axis=0, new_axis=1),
        ],
        {"x": values(4, 6)},
        {"two": np.int64(2), "last": np.int64(-1), "first": np.int64(0)},
    )


add_recurrent()
add_control()
