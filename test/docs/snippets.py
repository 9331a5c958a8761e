"""Runs what a page of the documentation tells its reader to type: snippets.py PAGE FOLDER --build BUILD

Blocks marked ```python share one namespace, blocks marked ```sh are run by bash; each must end well. A block marked
```text right after one of them is what it prints, with `...` for what may differ. All other blocks are for the eye.
They run in FOLDER, where the checkout's files are found as the reader finds them, and what is written stays there.
"""

import argparse
import contextlib
import doctest
import io
import os
import pathlib
import re
import subprocess
import sys
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def lay_out(folder: pathlib.Path, build: pathlib.Path) -> None:
    """A checkout that is built in `build`, of links."""
    folder.mkdir(parents=True)
    for path in ROOT.iterdir():
        if not path.name.startswith("build") and path.name != ".git":
            (folder / path.name).symlink_to(path)
    (folder / "build").symlink_to(build)


def run_python(text: str, where: str, names: dict) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        # The page's name and line are those of the page in a traceback.
        line = int(where.rpartition(":")[2])
        exec(compile("\n" * line + text, where.rpartition(":")[0], "exec"), names)  # noqa: S102 our own page
    return printed.getvalue()


def run_shell(text: str) -> str:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text], check=True, text=True, stdout=subprocess.PIPE
    ).stdout


def run(page: pathlib.Path) -> int:
    """The number of blocks that were run."""
    text, names, printed, count, end = page.read_text(), {"__name__": "__main__"}, None, 0, 0
    for block in BLOCK.finditer(text):
        kind, body = block.groups()
        where = f"{page}:{text.count(chr(10), 0, block.start()) + 1}"
        follows = not text[end : block.start()].strip()
        end = block.end()
        shown = kind == "text" and follows and printed is not None
        if shown and not doctest.OutputChecker().check_output(body, printed, doctest.ELLIPSIS):
            raise SystemExit(f"{where}: printed is\n{printed}")
        if kind not in ("python", "sh"):
            printed = None
            continue
        count += 1
        try:
            printed = run_python(body, where, names) if kind == "python" else run_shell(body)
        except Exception as error:
            traceback.print_exc()
            raise SystemExit(f"{where}: the block fails: {error}") from error
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path, help="made here")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    args = parser.parse_args()
    page, build = args.page.resolve(), args.build.resolve()
    lay_out(args.folder, build)
    os.chdir(args.folder)
    os.environ["WAFERC_CACHE"] = os.path.abspath("cache")
    # As in a script's folder, so that a block can import what an earlier one wrote.
    sys.path.insert(0, os.getcwd())
    count = run(page)
    if not count:
        raise SystemExit(f"{page}: no block to run")
    print(f"{page.name}: {count} blocks run")


if __name__ == "__main__":
    main()
