"""Programs for what is only known at run time.

A program has fixed shapes, and some inputs of a model decide shapes (where a Reshape's shape comes from, how many steps
a loop takes). So a model is compiled when the first inputs are there: with their shapes, and with the values of those
inputs that the compiler says it must know. One that was compiled before is taken from memory, or from the disk.
"""

import collections
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _core, cache
from .arrays import as_array
from .errors import Error
from .program import Program, _source, compile

KEPT = 16  # programs in memory
_MOST_ROUNDS = 8  # of a compiler that asks for one input after the other


class Model:
    """A model that is not compiled yet, and what it says of itself."""

    def __init__(self, model: Any, folder: str | None):
        self.source, self.name = _source(model)
        self.folder = folder
        said = json.loads(_core.describe(self.source, self.name, folder))
        self.inputs, self.outputs = said["inputs"], said["outputs"]
        self.said = said

    def digest(self) -> bytes:
        """Of the model and of the files that its weights lie in."""
        digest = hashlib.blake2b(digest_size=20)
        if isinstance(self.source, bytes):
            digest.update(self.source)
        else:
            _add_file(digest, self.source)
        for path in self.said["external"]:
            _add_file(digest, path)
        return digest.digest()


def _add_file(digest: Any, path: str) -> None:
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)


class Specializer:
    def __init__(
        self,
        model: Model,
        settings: Mapping[str, Any],
        constants: Mapping[str, Any],
        progress: Any,
        disk: bool,
    ):
        self.model, self.disk = model, disk
        self.settings, self.constants, self.progress = dict(settings), dict(constants), progress
        self.deciding: list[str] = []  # inputs whose values the compiler must know
        self.programs: collections.OrderedDict[tuple[Any, ...], Program] = collections.OrderedDict()
        self._digest: bytes | None = None

    def program(self, feeds: Mapping[str, Any]) -> tuple[Program, list[str]]:
        """The program for these inputs, and the names of those that are constants in it."""
        arrays = {name: as_array(value) for name, value in feeds.items()}
        for _ in range(_MOST_ROUNDS):
            try:
                return self._program(arrays), list(self.deciding)
            except Error as error:
                wanted = {name for d in error.diagnostics for name in d.inputs}
                new = [name for name in arrays if name in wanted and name not in self.deciding]
                if not new:
                    raise
                self.deciding += new
        raise RuntimeError("the compiler asks for the values of ever more inputs")

    def _program(self, arrays: Mapping[str, np.ndarray]) -> Program:
        constants = {name: arrays[name] for name in self.deciding}
        shapes = {
            value["name"]: arrays[value["name"]].shape
            for value in self.model.inputs
            if value["name"] in arrays and _is_open(value) and value["name"] not in constants
        }
        key = (
            tuple(sorted(shapes.items())),
            tuple((name, array.dtype.str, array.shape, array.tobytes()) for name, array in constants.items()),
        )
        if program := self.programs.get(key):
            self.programs.move_to_end(key)
            return program
        program = self._from_disk_or_compiler(shapes, {**self.constants, **constants})
        self.programs[key] = program
        while len(self.programs) > KEPT:
            self.programs.popitem(last=False)
        return program

    def _from_disk_or_compiler(
        self, shapes: Mapping[str, tuple[int, ...]], constants: Mapping[str, Any]
    ) -> Program:
        settings = dict(self.settings)
        settings["shapes"] = {**shapes, **(settings.get("shapes") or {})}
        name = self._cache_key(settings, constants) if self.disk and cache.folder() else ""
        if name and (image := cache.load(name)):
            try:
                return Program.from_bytes(image)
            except Error:
                cache.drop(name)
        program = compile(
            self.model.source,
            folder=self.model.folder,
            constants=constants,
            progress=self.progress,
            **settings,
        )
        if name:
            cache.store(name, program.to_bytes())
        return program

    def _cache_key(self, settings: Mapping[str, Any], constants: Mapping[str, Any]) -> str:
        if self._digest is None:
            self._digest = self.model.digest()
        digest = hashlib.blake2b(self._digest, digest_size=20)
        target = settings.get("target")
        for part in (
            _core.version(),
            _build(),
            sorted((key, repr(value)) for key, value in settings.items()),
        ):
            digest.update(repr(part).encode())
        if target and os.path.isfile(target):
            _add_file(digest, target)
        for name, value in sorted(constants.items()):
            array = as_array(value)
            digest.update(repr((name, array.dtype.str, array.shape)).encode() + array.tobytes())
        return digest.hexdigest()


def _build() -> tuple[int, int]:
    """What tells builds of one version apart."""
    status = os.stat(_core.__file__)
    return status.st_size, status.st_mtime_ns


def _is_open(value: Mapping[str, Any]) -> bool:
    return value["shape"] is None or not all(isinstance(extent, int) for extent in value["shape"])
