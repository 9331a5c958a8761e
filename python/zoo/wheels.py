"""Models that come in wheels of requirements-models.txt, with what they are compiled with, and inputs: noise, or text where
a model says hardly anything about noise.

Text detection and recognition (rapidocr, rapidocr-onnxruntime, ddddocr) and a detector of the YOLO family (nudenet). Images are
small: a pixel more is no new test, only a longer run.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from . import synthetic_text


@dataclasses.dataclass(frozen=True)
class WheelModel:
    file: str  # below site-packages
    shapes: dict[str, tuple[int, ...]]  # of inputs, all of them f32
    detects_text: bool = False  # in its one input, a picture
    mesh: str = "64x64"

    def options(self) -> list[str]:
        options = ["--mesh", self.mesh]
        for name, shape in self.shapes.items():
            options += ["--shape", f"{name}=" + "x".join(map(str, shape))]
        return options

    def inputs(self) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        if self.detects_text:
            ((name, shape),) = self.shapes.items()
            for seed, text in enumerate(("WAFER", "MESH", "KERNEL", "TREE")):
                yield text, {name: synthetic_text.sheet(text, *shape[2:], seed=seed)}
            return
        for seed in range(64):
            random = np.random.default_rng(seed)
            yield (
                f"random {seed}",
                {name: random.standard_normal(shape, np.float32) for name, shape in self.shapes.items()},
            )


MODELS = {
    "detector-v6": WheelModel(
        "rapidocr/models/PP-OCRv6_det_small.onnx", {"x": (1, 3, 64, 96)}, detects_text=True
    ),
    "detector-v4": WheelModel(
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", {"x": (1, 3, 64, 96)}, detects_text=True
    ),
    "captcha": WheelModel("ddddocr/common.onnx", {"input1": (1, 1, 64, 64)}),
    "captcha-int8": WheelModel("ddddocr/common_old.onnx", {"input1": (1, 1, 64, 64)}, mesh="96x96"),
    "captcha-detector": WheelModel("ddddocr/common_det.onnx", {"images": (1, 3, 416, 416)}),
    "captcha-detector-small": WheelModel(
        "ddddocr/common_det.onnx", {"images": (1, 3, 96, 96)}, mesh="128x128"
    ),
    "yolo": WheelModel("nudenet/320n.onnx", {"images": (1, 3, 64, 64)}),
}
