"""What surrounds magika's network: how a file becomes its input and its scores a verdict.

The network (Fratantonio et al., "Magika: AI-Powered Content-Type Detection", 2024; https://github.com/google/magika)
reads 1,024 bytes of a file's beginning and 1,024 of its end, and scores 214 content types. Labels, sizes and
thresholds are read from the wheel's own configuration.
"""

import dataclasses
import json
import pathlib

import numpy as np

FOLDER = "magika/models/standard_v3_3"
MODEL = f"{FOLDER}/model.onnx"

_BEGINNING = 1024
_END = 1024
_BLOCK = 4096  # bytes read at each end, before white space is stripped
_PADDING = 256  # no byte's value


def features(content: bytes) -> np.ndarray:
    """int32[1, 2048]: a file's stripped beginning, padded behind, and its stripped end, padded before."""
    beginning = content[:_BLOCK].lstrip()[:_BEGINNING]
    end = content[-_BLOCK:].rstrip()[-_END:]
    row = np.full(_BEGINNING + _END, _PADDING, np.int32)
    row[: len(beginning)] = np.frombuffer(beginning, np.uint8)
    row[len(row) - len(end) :] = np.frombuffer(end, np.uint8)
    return row[None]


@dataclasses.dataclass(frozen=True)
class Verdict:
    label: str  # what magika would answer
    network_label: str  # what the network alone says
    score: float


class Labels:
    """magika's configuration: from scores to a verdict, in its default mode (high confidence)."""

    def __init__(self, site_packages: pathlib.Path):
        config = json.loads((site_packages / FOLDER / "config.min.json").read_text())
        if (config["beg_size"], config["mid_size"], config["end_size"]) != (_BEGINNING, 0, _END):
            raise ValueError("this magika model reads other parts of a file than zoo.magika.features makes")
        types = json.loads((site_packages / "magika/config/content_types_kb.min.json").read_text())
        self._space = config["target_labels_space"]
        self._renamed = config["overwrite_map"]
        self._thresholds = config["thresholds"]
        self._default_threshold = config["medium_confidence_threshold"]
        self._is_text = {name: entry["is_text"] for name, entry in types.items()}

    def verdict(self, scores: np.ndarray) -> Verdict:
        """`scores` f32[214] or f32[1, 214]."""
        scores = scores.reshape(-1)
        best = int(scores.argmax())
        network_label, score = self._space[best], float(scores[best])
        label = self._renamed.get(network_label, network_label)
        if score < self._thresholds.get(network_label, self._default_threshold):
            label = "txt" if self._is_text[label] else "unknown"
        return Verdict(label, network_label, score)
