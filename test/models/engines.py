"""Runs models with both engines of the emulator, and by class with one thread and several: the same outputs to the bit,
the same statistics to the cycle.

Usage: engines.py [CASE ...]

A case is one of those below: a model, options of wafer-compile and the timing. The engine by class must come to the
end itself, not hand the program over.
"""

import argparse
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import wafer_tools
import zoo

CASES = {
    "small": ("decoder", ["--mesh", "auto"], "stream"),
    "one region": ("decoder", ["--mesh", "24x24"], "stream"),
    "regions": ("decoder", ["--mesh", "24x24", "--largest-region", "4"], "stream"),
    "wse3": ("encoder", ["--mesh", "20x20", "--target", "wse3"], "stream"),
    "two inputs": ("encoder", ["--mesh", "24x24", "--largest-region", "8"], "stream"),
    "untimed": ("encoder", ["--mesh", "16x16"], "off"),
    "convolutions": ("classifier", ["--mesh", "32x32"], "stream"),
}
MAY_DIFFER = {"engine", "seconds", "threads"}


def differences(case: str, folder: pathlib.Path) -> list[str]:
    name, options, timing = CASES[case]
    model = zoo.find(name)
    (_, feed), *_ = model.inputs(1)
    image = wafer_tools.compile_model(
        model.path, folder / "model.wafer", [*model.compile_options, *options]
    ).image

    def run(engine: str, *more: str) -> wafer_tools.Result:
        arguments = ["--engine", engine, "--timing", timing, *more]
        return wafer_tools.run_image(image, feed, folder / "-".join([engine, *more]), arguments)

    scalar = run("scalar")
    found = []
    for threads in ("1", "2", "8"):
        classes = run("classes", "--threads", threads)
        if classes.stats["engine"] != "classes":
            found.append("was handed over to the scalar engine")
        found += [
            f"{key} differ with {threads} threads"
            for key in scalar.stats
            if key not in MAY_DIFFER and scalar.stats[key] != classes.stats[key]
        ]
        found += [
            f"output {key} differs with {threads} threads"
            for key, value in scalar.outputs.items()
            if value.tobytes() != classes.outputs[key].tobytes()
        ]
    cycles = scalar.stats["cycles"]
    print(f"{case}: {name}, {cycles:,.0f} cycles, {', '.join(found) or 'equal'}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE")
    cases = parser.parse_args().cases or list(CASES)
    failed = 0
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            failed += bool(differences(case, pathlib.Path(folder)))
    print(f"{len(cases) - failed} of {len(cases)} cases are the same on both engines")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
