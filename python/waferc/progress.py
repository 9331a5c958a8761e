"""Progress bars, where somebody looks."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def reporter(progress: Any, what: str) -> Iterator[Any]:
    """What to hand to the extension: None, the caller's function, or a bar of tqdm on a terminal."""
    if callable(progress):
        yield progress
        return
    if not progress or not sys.stderr.isatty():
        yield None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield lambda text, fraction: print(f"{what}: {text}", file=sys.stderr) if fraction is None else None
        return
    with tqdm(
        total=1.0, desc=what, leave=False, bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed}"
    ) as bar:

        def show(text: str, fraction: float | None) -> None:
            bar.set_description(text if fraction is None else what)
            if fraction is not None:
                bar.n = fraction
                bar.refresh()

        yield show
