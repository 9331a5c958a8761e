"""Compiled programs on disk, by content: a folder of images that several processes share.

An entry's name is a digest of everything that the image depends on, so entries are never stale. They are written
under another name and renamed, so a reader never sees half of one. What was not used for longest goes first when there is
more than the limit. A cache that cannot be written is no cache, and no error.
"""

import contextlib
import os
import pathlib
import tempfile

DEFAULT_BYTES = 2 << 30


def folder() -> pathlib.Path | None:
    """$WAFERC_CACHE, or waferc in the user's cache folder; None if that is "off"."""
    given = os.environ.get("WAFERC_CACHE")
    if given == "off":
        return None
    if given:
        return pathlib.Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(base) / "waferc"


def limit() -> int:
    """$WAFERC_CACHE_BYTES, or 2 GiB."""
    try:
        return int(os.environ["WAFERC_CACHE_BYTES"])
    except (KeyError, ValueError):
        return DEFAULT_BYTES


def load(key: str) -> bytes | None:
    where = folder()
    if where is None:
        return None
    path = where / f"{key}.wafer"
    try:
        image = path.read_bytes()
        os.utime(path)  # used now
    except OSError:
        return None
    return image


def drop(key: str) -> None:
    """Forgets an entry that turned out to be broken."""
    where = folder()
    if where is not None:
        with contextlib.suppress(OSError):
            (where / f"{key}.wafer").unlink()


def store(key: str, image: bytes) -> None:
    where = folder()
    if where is None or len(image) > limit():
        return
    try:
        where.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=where, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(image)
            os.replace(temporary, where / f"{key}.wafer")
        except BaseException:
            os.unlink(temporary)
            raise
        _shrink(where)
    except OSError:
        return


def _shrink(where: pathlib.Path) -> None:
    entries = []
    for path in where.glob("*.wafer"):
        with contextlib.suppress(OSError):  # another process was faster
            status = path.stat()
            entries.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= limit():
            return
        with contextlib.suppress(OSError):
            path.unlink()
        total -= size
