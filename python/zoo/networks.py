"""The small networks of test/models/networks (test/models/export_networks.py makes them), and random inputs."""

import functools
from collections.abc import Callable, Iterator

import ml_dtypes
import numpy as np

Feed = dict[str, np.ndarray]


def _image(side: int, random: np.random.Generator) -> Feed:
    return {"x": random.standard_normal((1, 3, side, side), np.float32)}


def _tokens(count: int, vocabulary: int, random: np.random.Generator) -> Feed:
    return {"ids": random.integers(0, vocabulary, (1, count), dtype=np.int64)}


def _masked_tokens(random: np.random.Generator) -> Feed:
    return {
        **_tokens(16, 256, random),
        "mask": (np.arange(16) < random.integers(4, 17)).astype(np.int64)[None],
    }


def _llama(dtype: type, random: np.random.Generator) -> Feed:
    caches = {name: random.standard_normal((1, 2, 4, 16)).astype(dtype) for name in ("k0", "v0", "k1", "v1")}
    return {**_tokens(12, 96, random), **caches}


# By the file's name without suffix.
NETWORKS: dict[str, Callable[[np.random.Generator], Feed]] = {
    "unet": functools.partial(_image, 32),
    "yolo_head": functools.partial(_image, 64),
    "cnn_qdq": functools.partial(_image, 24),
    "cnn_dynamic": functools.partial(_image, 24),
    "lstm_tagger": functools.partial(_tokens, 24, 64),
    "gru_tagger": functools.partial(_tokens, 24, 64),
    "llama_f16": functools.partial(_llama, np.float16),
    "llama_bf16": functools.partial(_llama, ml_dtypes.bfloat16),
    "bert_qdq": _masked_tokens,
    "bert_dynamic": _masked_tokens,
}


def inputs(name: str) -> Iterator[tuple[str, Feed]]:
    for seed in range(64):
        yield f"random {seed}", NETWORKS[name](np.random.default_rng(seed))
