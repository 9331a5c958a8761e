"""Parses and verifies the examples of a dialect's ops: op_examples.py OPS.TD --wafer-opt PATH

Every op has a block marked ```mlir in its description that shows the op. Blocks without a wafer.program of their own
stand in a region of 4 x 2 PEs; aliases (lines that begin with #) stand before it.
"""

import argparse
import pathlib
import re
import subprocess

OP = re.compile(r'^def \w+ : \w+_Op<"(\w+)".*?^\}$', re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^ *```mlir\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def module(example: str) -> str:
    if "wafer.program" in example:
        return example
    lines = example.splitlines()
    aliases = [line for line in lines if line.lstrip().startswith("#")]
    body = [line for line in lines if not line.lstrip().startswith("#")]
    region = ["wafer.program @main mesh(8 x 8) {", "wafer.region @r0 size(4 x 2) {"]
    return "\n".join([*aliases, *region, *body, "}", "}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ops", type=pathlib.Path)
    parser.add_argument("--wafer-opt", default="wafer-opt")
    arguments = parser.parse_args()
    count = 0
    for op in OP.finditer(arguments.ops.read_text()):
        name, examples = op.group(1), EXAMPLE.findall(op.group(0))
        if not any(re.search(rf"\bwafer\.{name}\b", example) for example in examples):
            raise SystemExit(f"{arguments.ops}: wafer.{name} has no example")
        for example in examples:
            run = subprocess.run(
                [arguments.wafer_opt, "-"],
                input=module(example),
                check=False,
                capture_output=True,
                text=True,
            )
            if run.returncode != 0:
                raise SystemExit(f"{arguments.ops}: the example of wafer.{name}:\n{run.stderr}")
            count += 1
    print(f"{count} examples")


if __name__ == "__main__":
    main()
