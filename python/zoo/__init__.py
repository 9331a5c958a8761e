"""The models that waferc is tested, measured and shown with, and inputs for each.

    model = zoo.find("magika")
    model.path                    the ONNX file
    model.compile_options         what wafer-compile must be told about it
    for label, feed in model.inputs(5): ...

Some come with their weights in wheels of requirements-models.txt (only the wheels' files are read; their packages are
never imported), the others are checked in under test/models.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterator

import numpy as np

from . import magika, networks, synthetic_text, wheels

ROOT = pathlib.Path(__file__).resolve().parents[2]

Feed = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    path: pathlib.Path
    compile_options: list[str]
    make_inputs: Callable[[], Iterator[tuple[str, Feed]]]
    fixed: Feed = dataclasses.field(default_factory=dict)  # inputs that compile_options make constants

    def inputs(self, count: int) -> list[tuple[str, Feed]]:
        """The first `count` inputs, each with a label; always the same ones. ValueError if there are fewer."""
        found = [pair for pair, _ in zip(self.make_inputs(), range(count))]
        if len(found) < count:
            raise ValueError(f"{self.name} has {len(found)} inputs, {count} are asked for")
        return found


def wheel_file(path: str) -> pathlib.Path:
    """A file of an installed wheel, by its path below site-packages."""
    folders = sorted((ROOT / ".venv").glob("lib/python3*/site-packages"))
    for folder in folders:
        if (folder / path).exists():
            return folder / path
    raise FileNotFoundError(f"{path} is not in .venv: run scripts/setup.sh")


def _files() -> Iterator[tuple[str, Feed]]:
    """Files of this repository, of as many kinds as it has."""
    for name in (
        "scripts/setup.sh",
        "scripts/run-tests.py",
        "CMakeLists.txt",
        "lib/Program/manifest.proto",
        "Makefile",
        "lib/Support/Diagnostic.cpp",
        "docs/report.md",
        "test/models/decoder.onnx",
        "LICENSE",
        "pyproject.toml",
    ):
        yield name, {"bytes": magika.features((ROOT / name).read_bytes())}


def _text_lines() -> Iterator[tuple[str, Feed]]:
    for index, text in enumerate(("WAFER", "STREAMS", "KERNEL", "ROUTER 24", "TENSOR", "MESH")):
        for turned in (False, True):
            label = f"{text}, {'upside down' if turned else 'upright'}"
            yield label, {"x": synthetic_text.line(text, turned=turned, seed=index)}


def _words() -> Iterator[tuple[str, Feed]]:
    for index, text in enumerate(("ONE", "WAFER", "MESH", "LANE", "HALO")):
        yield text, {"x": synthetic_text.line(text, seed=index)[..., :64]}


def _voice(windows: int) -> Iterator[np.ndarray]:
    """f32[windows, 576]: 16 kHz, tones of a speaking voice that swell and fade among noise."""
    for seed in range(64):
        random = np.random.default_rng(seed)
        time = np.arange(windows * 576) / 16000
        pitch = random.uniform(90, 250)
        tones = sum(np.sin(2 * np.pi * pitch * k * time + random.uniform(0, 6)) / k for k in range(1, 12))
        envelope = np.clip(np.sin(2 * np.pi * time * random.uniform(1, 4)), 0, None)
        signal = 0.2 * tones * envelope + 0.01 * random.standard_normal(time.shape)
        yield signal.astype(np.float32).reshape(windows, 576)


def _voice_window() -> Iterator[tuple[str, Feed]]:
    for seed, window in enumerate(_voice(1)):
        state = np.random.default_rng(seed).uniform(-0.5, 0.5, (2, 1, 128)).astype(np.float32)
        yield f"window {seed}", {"input": window, "state": state}


def _voice_windows() -> Iterator[tuple[str, Feed]]:
    for seed, windows in enumerate(_voice(40)):
        zeros = np.zeros((1, 1, 128), np.float32)
        yield f"windows {seed}", {"input": windows, "h": zeros, "c": zeros}


def _tokens(masked: bool) -> Iterator[tuple[str, Feed]]:
    for seed in range(64):
        random = np.random.default_rng(seed)
        feed = {"ids": random.integers(0, 256, (1, 16), dtype=np.int64)}
        if masked:
            length = int(random.integers(1, 17))
            feed["mask"] = (np.arange(16) < length).astype(np.int64)[None]
        yield f"tokens {seed}" + (f", {length} of 16 unmasked" if masked else ""), feed


def find(name: str) -> Model:
    """KeyError if there is no model of this name, FileNotFoundError if its wheel is not installed."""
    return _MODELS[name]()


_MODELS = {
    "magika": lambda: Model("magika", wheel_file(magika.MODEL), ["--shape", "bytes=1x2048"], _files),
    "classifier": lambda: Model(
        "classifier",
        wheel_file("rapidocr/models/ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
        ["--shape", "x=1x3x48x192"],
        _text_lines,
    ),
    "recognizer": lambda: Model(
        "recognizer",
        wheel_file("rapidocr/models/PP-OCRv6_rec_small.onnx"),
        ["--shape", "x=1x3x48x64"],
        _words,
    ),
    "decoder": lambda: Model("decoder", ROOT / "test/models/decoder.onnx", [], lambda: _tokens(False)),
    "encoder": lambda: Model("encoder", ROOT / "test/models/encoder.onnx", [], lambda: _tokens(True)),
}


def _wheel_model(name: str) -> Model:
    model = wheels.MODELS[name]
    return Model(name, wheel_file(model.file), model.options(), model.inputs)


def _network(name: str) -> Model:
    path = ROOT / f"test/models/networks/{name}.onnx"
    return Model(name, path, ["--mesh", "16x16"], functools.partial(networks.inputs, name))


# What compile times and cycles are measured on.
SUITE = list(_MODELS)


def _voice_model(file: str, options: list[str] | None = None) -> Model:
    """A voice's presence in a window of 36 ms, by an LSTM that the caller steps."""
    options = ["--shape", "input=1x576", "--shape", "state=2x1x128", *(options or [])]
    fixed = {"sr": np.array(16000, np.int64)} if "sr=16000" in options else {}
    return Model("voice", wheel_file(f"silero_vad/data/{file}.onnx"), options, _voice_window, fixed)


_RATE = ["--const", "sr=16000"]
_MODELS |= {
    "voice": lambda: _voice_model("silero_vad_half"),
    "voice-nested": lambda: _voice_model("silero_vad", _RATE),
    "voice-op15": lambda: _voice_model("silero_vad_16k_op15", _RATE),
    "voice-ifless": lambda: _voice_model("silero_vad_op18_ifless", _RATE),
    "voice-openvino": lambda: _voice_model("silero_vad_openvino_16k"),
    "voice-sequence": lambda: Model(
        "voice-sequence",
        wheel_file("silero_vad/data/silero_vad_16k_sequence.onnx"),
        ["--shape", "input=40x576"],
        _voice_windows,
    ),
}

_MODELS |= {name: functools.partial(_wheel_model, name) for name in wheels.MODELS}
_MODELS |= {name: functools.partial(_network, name) for name in networks.NETWORKS}

NAMES = list(_MODELS)
