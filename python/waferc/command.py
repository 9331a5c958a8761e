"""The command waferc: compile, run, report, doctor."""

import argparse
import json
import pathlib
import sys

import numpy as np

from . import Error, InferenceSession, Program, __version__, compile, compile_options, explain
from .doctor import check


def _pairs(texts: list[str], what: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals or not name:
            raise SystemExit(f"waferc: {what} {text}: write NAME=VALUE")
        pairs[name] = value
    return pairs


def _add_compiler(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="an .onnx file")
    parser.add_argument(
        "--target", default="wse2", help="wse2, wse3, or a profile's JSON file (default: wse2)"
    )
    parser.add_argument("--mesh", help="PEs to use, as 16x16, or auto (default: the whole target)")
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=N", help="a symbolic dimension")
    parser.add_argument("--shape", action="append", default=[], metavar="INPUT=AxBxC")
    parser.add_argument("--const", action="append", default=[], metavar="INPUT=VALUE|FILE.npy")
    for name, text in compile_options().items():
        if name not in ("target", "mesh"):
            form, _, help_text = text.partition(": ")
            parser.add_argument("--" + name.replace("_", "-"), dest=name, metavar=form, help=help_text)


def _value(text: str) -> np.ndarray:
    if text.endswith(".npy"):
        return np.asarray(np.load(text))
    return np.array(json.loads(f"[{text}]") if "," in text else json.loads(text))


def _compile(args: argparse.Namespace) -> Program:
    options = {
        name: getattr(args, name) for name in compile_options() if getattr(args, name, None) is not None
    }
    shapes = {
        name: [] if text == "scalar" else [int(extent) for extent in text.split("x")]
        for name, text in _pairs(args.shape, "--shape").items()
    }
    return compile(
        args.model,
        dims={name: int(value) for name, value in _pairs(args.dim, "--dim").items()},
        shapes=shapes,
        constants={name: _value(text) for name, text in _pairs(args.const, "--const").items()},
        progress=True,
        **options,
    )


def _run_compile(args: argparse.Namespace) -> int:
    program = _compile(args)
    output = args.output or pathlib.Path(args.model).stem + ".wafer"
    program.save(output)
    program.show()
    print(f"{output}: {pathlib.Path(output).stat().st_size:,} bytes")
    return 0


def _run_report(args: argparse.Namespace) -> int:
    program = _compile(args)
    if args.json:
        print(json.dumps(program.report, indent=1))
    else:
        program.show()
    return 0


def _run_run(args: argparse.Namespace) -> int:
    options = {} if args.mesh is None else {"mesh": args.mesh}
    if args.target is not None:
        options["target"] = args.target
    session = InferenceSession(args.model, progress=True, **options)
    if not args.input and session.get_inputs():
        for what, infos in (("input", session.get_inputs()), ("output", session.get_outputs())):
            for info in infos:
                print(f"{what:6} {info.name:24} {info.type:16} {info.shape}")
        return 0
    feed = {name: np.load(path) for name, path in _pairs(args.input, "--input").items()}
    names = [info.name for info in session.get_outputs()]
    for name, value in zip(names, session.run(names, feed, trace=args.trace), strict=True):
        print(f"{name}: {value.dtype}{list(value.shape)}")
        print(value)
        if args.output_dir:
            folder = pathlib.Path(args.output_dir)
            folder.mkdir(parents=True, exist_ok=True)
            safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:48]
            np.save(folder / f"{names.index(name)}-{safe}.npy", value)
    stats = session.stats()
    print(
        f"{stats['cycles']:,.0f} cycles on {stats['pes']['used']:,} PEs, {stats['seconds']['run']:.2f} s to emulate"
    )
    return 0


def _run_explain(args: argparse.Namespace) -> int:
    try:
        print(explain(args.code), end="")
    except ValueError as unknown:
        print(f"waferc: {unknown}", file=sys.stderr)
        return 1
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="waferc",
        description="Compiles ONNX models for a wafer-scale mesh of cores, and runs them on its emulator.",
    )
    parser.add_argument("--version", action="version", version=f"waferc {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, help_text, run in (
        ("compile", "make a program image of a model", _run_compile),
        ("report", "say how a model would lie on the wafer", _run_report),
    ):
        command = commands.add_parser(name, help=help_text, description=help_text)
        _add_compiler(command)
        command.set_defaults(run=run)
        if name == "compile":
            command.add_argument(
                "-o", "--output", help="the image (default: the model's name with .wafer, here)"
            )
        else:
            command.add_argument("--json", action="store_true", help="the whole report (docs/report.md)")
    command = commands.add_parser(
        "run",
        help="run a model or an image",
        description="Runs a model or an image. Without --input it lists both.",
    )
    command.add_argument("model", help="an .onnx file, or an image that compile made")
    command.add_argument("--input", action="append", default=[], metavar="NAME=FILE.npy")
    command.add_argument("--output-dir", help="write each output there, as .npy")
    command.add_argument("--trace", help="write what happens when, for ui.perfetto.dev (docs/trace.md)")
    command.add_argument("--target", help="of a model")
    command.add_argument("--mesh", help="of a model")
    command.set_defaults(run=_run_run)
    command = commands.add_parser("explain", help="say what an error code means and what to do about it")
    command.add_argument("code", help="as WF2001")
    command.set_defaults(run=_run_explain)
    command = commands.add_parser("doctor", help="say what is installed and what is missing")
    command.set_defaults(run=lambda args: check())
    args = parser.parse_args(argv)
    try:
        return int(args.run(args))
    except Error as error:
        print(f"waferc: {error}", file=sys.stderr)
        return 1
    except (OSError, TypeError, ValueError) as error:
        print(f"waferc: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
