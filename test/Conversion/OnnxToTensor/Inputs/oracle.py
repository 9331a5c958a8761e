"""Holds the lowering against ONNX's own node tests, without running anything on a machine.

Each test model gets its inputs as constants; the compiler must then fold the whole graph to the expected outputs. So
every lowering is checked by the interpreter of the tensor level.

Usage: oracle.py WAFER_COMPILE [--list FILE [--every N]] [--survey] [--write FILE] [NAME ...]

With --list, the tests named in FILE must pass. With --survey, every node test is tried and its outcome counted.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
import onnx
from onnx import numpy_helper

NODE_TESTS = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "node")
TYPES = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "i64": np.int64, "i32": np.int32}
TYPES |= {"i16": np.int16, "i8": np.int8, "i1": np.bool_, "bf16": ml_dtypes.bfloat16}
CONSTANT = re.compile(
    r"(%\S+) = arith\.constant (?:\{.*?\} )?dense<(.*)> : tensor<(?:([0-9x]*)x)?([a-z][a-z0-9]*)>$"
)
TOKEN = re.compile(r"0x[0-9A-Fa-f]+|-?[0-9][0-9.]*(?:[eE][-+]?[0-9]+)?|true|false")


def parse_dense(text, shape, dtype):
    count = int(np.prod(shape, dtype=np.int64))
    if text.startswith('"0x'):
        raw = bytes.fromhex(text[3:-1])
        if dtype == np.bool_:
            values = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")[:count].astype(np.bool_)
        else:
            values = np.frombuffer(raw, dtype)
    else:
        values = []
        for token in TOKEN.findall(text):
            if token.startswith("0x"):
                width = np.dtype(dtype).itemsize
                values.append(np.frombuffer(int(token, 16).to_bytes(width, "little"), dtype)[0])
            elif token in ("true", "false"):
                values.append(token == "true")
            else:
                values.append(int(token) if np.issubdtype(dtype, np.integer) else float(token))
        values = np.array(values, dtype)
    if values.size == 1:
        values = np.broadcast_to(values.reshape(()), shape)
    return values.reshape(shape)


def read_tensor(path):
    tensor = onnx.TensorProto()
    with open(path, "rb") as file:
        tensor.ParseFromString(file.read())
    return tensor


def run(compiler, name):
    """ "pass", or why not."""
    folder = os.path.join(NODE_TESTS, name)
    model = onnx.load(os.path.join(folder, "model.onnx"))
    data = os.path.join(folder, "test_data_set_0")
    for i, value in enumerate(model.graph.input):
        if not value.type.HasField("tensor_type"):
            return "not a tensor"
        tensor = read_tensor(os.path.join(data, f"input_{i}.pb"))
        tensor.name = value.name
        model.graph.initializer.append(tensor)
    del model.graph.input[:]
    expected = []
    for i, value in enumerate(model.graph.output):
        if not value.type.HasField("tensor_type"):
            return "not a tensor"
        expected.append(numpy_helper.to_array(read_tensor(os.path.join(data, f"output_{i}.pb"))))
    with tempfile.TemporaryDirectory() as temporary:
        path = os.path.join(temporary, "model.onnx")
        onnx.save(model, path)
        command = [compiler, path, "--emit=tensor", "--errors=json", "--detach-above", "10000000"]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    if result.returncode not in (0, 1):
        return f"crash: exit {result.returncode}"
    if result.returncode == 1:
        first = json.loads(result.stderr)["diagnostics"][0]
        return f"{first['code']}: {first['message']}"
    constants = {}
    for line in result.stdout.splitlines():
        if match := CONSTANT.match(line.strip()):
            shape = [int(d) for d in match[3].split("x")] if match[3] else []
            constants[match[1]] = parse_dense(match[2], shape, TYPES[match[4]])
        elif line.strip().startswith("return"):
            names = line.strip().removeprefix("return").split(":")[0].replace(",", " ").split()
    for want, returned in zip(expected, names, strict=True):
        got = constants.get(returned)
        if got is None:
            return "not folded"
        if got.shape != want.shape:
            return f"WRONG: shape {got.shape}, expected {want.shape}"
        if np.issubdtype(want.dtype, np.unsignedinteger) and got.dtype.itemsize == want.dtype.itemsize:
            got = got.view(want.dtype)  # the tensor level has no signs
        if got.dtype != want.dtype:
            return f"WRONG: type {got.dtype}, expected {want.dtype}"
        if want.dtype.kind == "V" or np.issubdtype(want.dtype, np.floating):
            few = ml_dtypes.finfo(want.dtype).eps > 1e-4  # the last place of a narrow float
            got, want = got.astype(np.float64), want.astype(np.float64)
            finite = want[np.isfinite(want)]
            bound = 1e-5 * np.max(np.abs(finite)) if finite.size else 0
            if not np.allclose(got, want, rtol=1e-2 if few else 1e-4, atol=bound + 1e-7, equal_nan=True):
                return f"WRONG: differs by up to {np.max(np.abs(got - want))}"
        elif not np.array_equal(got, want):
            return f"WRONG: {np.count_nonzero(got != want)} of {want.size} differ"
    return "pass"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compiler")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list")
    parser.add_argument("--every", type=int, default=1, help="with --list: take every Nth test only")
    parser.add_argument("--survey", action="store_true")
    parser.add_argument("--write", help="with --survey: write the names of the tests that pass to this file")
    args = parser.parse_args()
    names = args.names
    if args.list:
        with open(args.list) as file:
            listed = [line.strip() for line in file if line.strip() and not line.startswith("#")]
        names += listed[:: args.every]
    if args.survey:
        names = sorted(os.listdir(NODE_TESTS))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        outcomes = dict(zip(names, pool.map(lambda name: run(args.compiler, name), names)))
    failed = {name: outcome for name, outcome in outcomes.items() if outcome != "pass"}
    if args.survey:
        for name, outcome in failed.items():
            print(f"{name}: {outcome}")
        kinds = collections.Counter(
            re.sub(r"'.*?'|[0-9.]+", "", outcome)[:60] for outcome in outcomes.values()
        )
        print(kinds.most_common(12))
        if args.write:
            with open(args.write, "w") as file:
                file.write("".join(f"{name}\n" for name in names if name not in failed))
        return 0
    for name, outcome in failed.items():
        print(f"{name}: {outcome}")
    print(f"{len(names) - len(failed)} of {len(names)} node tests agree")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
