"""Lines of text as images, for the text-direction classifier, and sheets with a line, for text detectors: drawn from a
5x7 font with NumPy alone.

The classifier takes f32[1, 3, 48, 192]: a line of text scaled to 48 pixels high, values (v / 255 - 0.5) / 0.5, zero to
the right of a short line.
"""

import numpy as np

HEIGHT, WIDTH = 48, 192

# Seven rows of five pixels per character, a bit per pixel, leftmost highest.
_FONT = {
    " ": (0, 0, 0, 0, 0, 0, 0),
    "2": (0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111),
    "4": (0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010),
    "A": (0b00100, 0b01010, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001),
    "E": (0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111),
    "F": (0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000),
    "H": (0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001),
    "K": (0b10001, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010, 0b10001),
    "L": (0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111),
    "M": (0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001),
    "N": (0b10001, 0b11001, 0b10101, 0b10101, 0b10011, 0b10001, 0b10001),
    "O": (0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110),
    "R": (0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001),
    "S": (0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110),
    "T": (0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100),
    "U": (0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110),
    "W": (0b10001, 0b10001, 0b10001, 0b10101, 0b10101, 0b11011, 0b10001),
}


def _bitmap(text: str) -> np.ndarray:
    """f32[9, 6 n + 2], 1 where there is ink, with a margin of one pixel (the right one shared with the spacing)."""
    rows = np.zeros((9, 6 * len(text) + 2), np.float32)
    for index, character in enumerate(text):
        for row, bits in enumerate(_FONT[character]):
            for column in range(5):
                rows[1 + row, 1 + 6 * index + column] = bits >> (4 - column) & 1
    return rows


def _resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear, pixel centres aligned."""

    def weights(old: int, new: int) -> np.ndarray:
        centre = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        return np.maximum(0, 1 - np.abs(centre[:, None] - np.arange(old)[None])).astype(np.float32)

    return weights(image.shape[0], height) @ image @ weights(image.shape[1], width).T


def line(text: str, turned: bool = False, seed: int = 0) -> np.ndarray:
    """f32[1, 3, 48, 192]: dark `text` on light paper, colors and noise from `seed`, turned by 180 degrees or not."""
    random = np.random.default_rng(seed)
    bitmap = _bitmap(text)
    width = min(WIDTH, round(bitmap.shape[1] * HEIGHT / bitmap.shape[0]))
    ink = _resize(bitmap, HEIGHT, width)
    dark, light = random.uniform(0, 90, (3, 1, 1)), random.uniform(180, 255, (3, 1, 1))
    image = light + (dark - light) * ink + random.normal(0, 3, (3, HEIGHT, width))
    if turned:
        image = image[:, ::-1, ::-1]
    result = np.zeros((1, 3, HEIGHT, WIDTH), np.float32)
    result[0, :, :, :width] = (np.clip(image, 0, 255).round() / 255 - 0.5) / 0.5
    return result


def sheet(text: str, height: int, width: int, seed: int = 0) -> np.ndarray:
    """f32[1, 3, height, width]: `line` at half its size on white paper."""
    small = line(text, seed=seed)[..., ::2, ::2]
    result = np.ones((1, 3, height, width), np.float32)
    top, columns = (height - small.shape[2]) // 2, min(small.shape[3], width - 4)
    result[..., top : top + small.shape[2], 4 : 4 + columns] = small[..., :columns]
    return result
