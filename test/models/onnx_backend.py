"""Runs ONNX's own backend tests through waferc.backend and holds the outputs against the suite's.

Usage: onnx_backend.py [--mesh WxH] [--effort quick|full] [--check LIST [--every N]] [--survey [--write LIST]] [NAME ...]

All 1,914 tests of the suite count, with its own data and tolerances, and every input at run time. A model is compiled for
the first inputs: for their shapes and, where an input decides shapes or axes, for its value.

LIST has a line for every test: its name, how it ends, and why if it does not pass.

    pass      as the suite feeds it
    constant  as well, compiled for the values of the inputs that the reason names
    refused   by the compiler or the emulator, with a code
    differs   other numbers than the suite's, of a kind that the reason states

--check holds every (Nth) test against its line: a test that ends otherwise fails the run, one that passes unexpectedly
included. --survey tries the whole suite and counts; with --write it makes the list anew, and keeps what a list there
says of tests that still differ.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import functools
import pathlib
import re
import sys
from collections.abc import Iterable, Sequence

import numpy as np
import onnx
import waferc
from onnx import numpy_helper
from onnx.backend.test import loader
from waferc import backend

KINDS = ("node", "simple", "pytorch-operator", "pytorch-converted", "real")
SUITE = pathlib.Path(loader.DATA_DIR)
# A mesh whose sides divide little; larger ones for what does not fit there, and for whole networks.
SMALL_MESH, LARGE_MESH, NETWORK_MESH = "5x4", "64x64", "256x256"


@dataclasses.dataclass(frozen=True)
class Case:
    name: str  # kind/test
    model: pathlib.Path
    relative: float
    absolute: float

    @property
    def network(self) -> bool:
        return self.name.startswith("real/")

    def arrays(self, model: onnx.ModelProto) -> tuple[dict, dict]:
        """The inputs and the expected outputs of the first data set, by name."""
        weights = {weight.name for weight in model.graph.initializer}
        inputs = [value for value in model.graph.input if value.name not in weights]
        if self.network:  # the suite feeds them a ramp
            (value,) = inputs
            shape = [dim.dim_value or 1 for dim in value.type.tensor_type.shape.dim]
            size = int(np.prod(shape))
            feed = {value.name: (np.arange(size).reshape(shape) / size).astype(np.float32)}
            outputs = [self.model.with_name(f"{self.model.stem}_output_0.pb")]
            return feed, dict(
                zip([o.name for o in model.graph.output], map(read_array, outputs), strict=True)
            )
        data = self.model.parent / "test_data_set_0"
        return (
            {value.name: read_array(data / f"input_{i}.pb") for i, value in enumerate(inputs)},
            {value.name: read_array(data / f"output_{i}.pb") for i, value in enumerate(model.graph.output)},
        )


@dataclasses.dataclass(frozen=True)
class Outcome:
    status: str  # pass, constant, refused, differs; broken is never expected
    reason: str = ""

    def line(self, name: str) -> str:
        return f"{name} {self.status}" + (f": {self.reason}" if self.reason else "")

    def fulfils(self, wanted: "Outcome") -> bool:
        """Codes and statuses are compared; the wording of a reason and the size of an error are not."""
        return self.status == wanted.status and (
            self.status != "refused" or self.reason.split()[:1] == wanted.reason.split()[:1]
        )


def suite() -> dict[str, Case]:
    cases = {}
    for kind in KINDS:
        for test in loader.load_model_tests(kind=kind):
            model = (
                pathlib.Path(test.model_dir) / "model.onnx"
                if test.model_dir
                else SUITE / "light" / pathlib.Path(test.url).name
            )
            name = f"{kind}/{test.name}"
            cases[name] = Case(name, model, test.rtol, test.atol)
    return dict(sorted(cases.items()))


def read_array(path: pathlib.Path) -> np.ndarray:
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(tensor)


def compare(got: np.ndarray, want: np.ndarray, case: Case) -> None:
    """AssertionError as the suite's runner raises it."""
    if got.dtype.kind == "V":  # .npy has no name for bfloat16
        got = got.view(want.dtype)
    np.testing.assert_array_equal(got.shape, want.shape)
    np.testing.assert_equal(got.dtype, want.dtype)
    np.testing.assert_allclose(got, want, rtol=case.relative, atol=case.absolute)


def failure(error: Exception) -> Outcome:
    if isinstance(error, waferc.Error):
        return Outcome("refused", f"{error.code} {error.message.splitlines()[0]}"[:160].strip())
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if re.match(r"Mismatched|Max|ACTUAL|DESIRED|\[?(x|y):|nan location", line)]
    return Outcome("differs", "; ".join(told or lines)[:120])


def run(case: Case, mesh: str, options: dict[str, str]) -> Outcome:
    """On `mesh`, or on larger ones if the test does not fit."""
    if case.network:
        return run_on(case, NETWORK_MESH, options)
    outcome = run_on(case, mesh, options)
    return run_on(case, LARGE_MESH, options) if outcome.reason.startswith("WF3001") else outcome


def run_on(case: Case, mesh: str, options: dict[str, str]) -> Outcome:
    model = onnx.load(case.model)
    values = [*model.graph.input, *model.graph.output]
    if other := [v.name for v in values if not v.type.HasField("tensor_type")]:
        return Outcome("refused", f"WF1012 '{other[0]}' is a sequence or an optional")
    feed, expected = case.arrays(model)
    try:
        prepared = backend.prepare(
            str(case.model), mesh=mesh, disk_cache=False, count_cycles=False, **options
        )
        outputs = dict(zip([o.name for o in prepared.session.get_outputs()], prepared.run(feed), strict=True))
        for name, want in expected.items():
            compare(outputs[name], want, case)
    except (AssertionError, waferc.Error) as error:
        return failure(error)
    specialized = prepared.session.specialized
    return Outcome("constant", ", ".join(specialized)) if specialized else Outcome("pass")


def matching(cases: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """Those that a name or a pattern is for. Patterns are tried one by one, which takes long for many names."""
    names = set(wanted)
    patterns = [name for name in names if re.search(r"[*?\[]", name)]
    return [
        case
        for case in cases
        if case in names or any(pathlib.PurePath(case).match(pattern) for pattern in patterns)
    ]


def read_list(path: pathlib.Path) -> dict[str, Outcome]:
    outcomes = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            name, status, reason = re.fullmatch(r"(\S+) (\w+)(?:: (.*))?", line).groups()
            outcomes[name] = Outcome(status, reason or "")
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="kind/test, as the suite calls them; * is a wildcard")
    parser.add_argument(
        "--mesh", default=SMALL_MESH, help=f"mesh for what fits there (default: {SMALL_MESH})"
    )
    parser.add_argument(
        "--effort", choices=["quick", "full"], help="of the compiler (default: the backend's)"
    )
    parser.add_argument("--check", type=pathlib.Path, metavar="LIST")
    parser.add_argument("--every", type=int, default=1, help="with --check: every Nth test only")
    parser.add_argument("--survey", action="store_true")
    parser.add_argument(
        "--write", type=pathlib.Path, metavar="LIST", help="with --survey: write the list anew"
    )
    parser.add_argument("--jobs", type=int, default=2, help="tests at a time (default: 2)")
    args = parser.parse_args()
    cases = suite()
    wanted = read_list(args.check) if args.check else {}
    if args.check and (unlisted := sorted(cases.keys() ^ wanted.keys())):
        print(f"the list and the suite differ in {len(unlisted)} tests, as {unlisted[0]}")
        return 1
    chosen = matching(cases, args.names)
    if args.check:
        # The nine networks take longer than all others together; a survey runs them.
        chosen += [name for name in wanted if not cases[name].network][:: args.every]
    if args.survey:
        chosen = list(cases)
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        one = functools.partial(run, mesh=args.mesh, options={"effort": args.effort} if args.effort else {})
        done = pool.map(one, [cases[name] for name in chosen], chunksize=8)
        outcomes = dict(zip(chosen, done, strict=True))
    good = 0
    for name, outcome in outcomes.items():
        expected = wanted.get(name, Outcome("pass"))
        if outcome.fulfils(expected):
            good += 1
        elif args.check:
            print(f"{outcome.line(name)}\n  expected: {expected.status} {expected.reason}")
        else:
            print(outcome.line(name))
    if args.write:
        before = read_list(args.write) if args.write.exists() else {}
        for name, outcome in outcomes.items():
            if outcome.status == "differs" and before.get(name, Outcome("")).status == "differs":
                outcomes[name] = before[name]
        header = (
            "# How each of ONNX's backend tests ends; onnx_backend.py --survey --write makes this list.\n"
            "# pass: as the suite feeds it; constant: compiled for the values of these inputs; else the reason.\n"
        )
        args.write.write_text(header + "".join(f"{o.line(name)}\n" for name, o in outcomes.items()))
    counts = collections.Counter(outcome.status for outcome in outcomes.values())
    print(", ".join(f"{count} {status}" for status, count in counts.most_common()))
    if args.check:
        print(f"{good} of {len(chosen)} tests end as listed")
    return 0 if args.survey or (chosen and good == len(chosen)) else 1


if __name__ == "__main__":
    sys.exit(main())
