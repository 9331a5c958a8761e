"""Writes first inputs for a fuzz target, made of what the tests have: models, images, tensors, profiles, options.

Usage: seeds.py TARGET FOLDER [--build build]     TARGET is image, model, npy, options or profile
"""

import argparse
import contextlib
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx

TESTS = pathlib.Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
MODEL_BYTES = 6000  # larger ones only make every mutation slower


def text_models():
    """The models in ONNX's text syntax among the IR tests."""
    for path in sorted(TESTS.rglob("*.onnxtxt")):
        for piece in re.split(r"^# -----$", path.read_text(), flags=re.MULTILINE):
            lines = [line for line in piece.splitlines() if not line.lstrip().startswith("#")]
            with contextlib.suppress(onnx.parser.ParseError):
                yield onnx.parser.parse_model("\n".join(lines))


def operator_models():
    """One of every operator that is held against ONNX Runtime."""
    sys.path.insert(0, str(TESTS / "models"))
    import operators

    for cases in operators.FAMILIES.values():
        for one in cases:
            yield operators.build(one)[0]


def models() -> list[bytes]:
    texts = [m.SerializeToString() for m in [*text_models(), *operator_models()]]
    return sorted({text for text in texts if len(text) <= MODEL_BYTES}, key=lambda text: (len(text), text))


def profiles() -> list[bytes]:
    """The profiles, with short texts where only their being there matters."""
    result = []
    for path in sorted((ROOT / "profiles").glob("*.json")):
        profile = json.loads(path.read_text())
        for section in profile.values():
            for figure in section.values() if isinstance(section, dict) else []:
                figure["source"] = "s"
        result.append(json.dumps(profile, separators=(",", ":")).encode())
    return result


def tensors() -> list[bytes]:
    result = []
    arrays = [np.arange(12).reshape(3, 4), np.zeros(()), np.zeros((0, 3)), np.zeros(5), np.ones((1, 2, 1, 2))]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "x.npy")
        for array in arrays:
            for kind in (np.float32, np.float64, np.int32, np.int64, np.bool_, np.float16, ">f4"):
                np.save(path, np.asfortranarray(array.astype(kind)))
                result.append(path.read_bytes())
        np.save(path, np.array([1, "a"], dtype=object), allow_pickle=True)
        result.append(path.read_bytes())
        with open(path, "wb") as file:
            np.lib.format.write_array(file, arrays[0].astype(np.float32), version=(2, 0))
        result.append(path.read_bytes())
    return result


def options() -> list[bytes]:
    """The command lines of the tools' tests."""
    result = []
    for path in sorted((TESTS / "tools").glob("*.test")):
        for tool, line in re.findall(r"\bwafer-(compile|run) ([^|<>;&\n]*)", path.read_text()):
            result.append("\n".join([tool, *line.removesuffix("2").split()]).encode())
    return result


def images(tools: pathlib.Path) -> list[bytes]:
    """Small programs with the profile's texts cut short, on one PE and on a few."""
    result = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        target = folder / "target.json"
        target.write_bytes(next(text for text in profiles() if json.loads(text)["name"] == "wse2"))
        chosen = models()
        for i, text in enumerate(chosen[:: max(1, len(chosen) // 24)]):
            model, image = folder / "m.onnx", folder / "m.wafer"
            model.write_bytes(text)
            for mesh in ("1x1", "3x2") if i % 2 else ("2x1", "2x3"):
                command = [tools / "wafer-compile", model, "-o", image, "--mesh", mesh, "--target", target]
                if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                    result.append(image.read_bytes())
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    makers = {"image": images, "model": models, "npy": tensors, "options": options, "profile": profiles}
    parser.add_argument("target", choices=makers)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="where wafer-compile is")
    args = parser.parse_args()
    make = makers[args.target]
    seeds = make(args.build / "bin") if make is images else make()
    args.folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (args.folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    print(f"{args.target}: {len(seeds)} seeds")
    return 0 if seeds else 1


if __name__ == "__main__":
    sys.exit(main())
