"""A placement as text: which region runs on which PE, from a compiler's report (docs/report.md).

A character cell is twice as high as wide, so with colors one cell shows two PEs as a half block; without, a PE is a
letter and a blank. A mesh wider than the page is drawn smaller: one dot then stands for a square of PEs, and shows the
region that has most of them.
"""

from typing import Any

import numpy as np

IDLE, DEAD = -1, -2

# 256-color codes that stay apart on dark and on light paper.
_PALETTE = (39, 208, 77, 170, 220, 45, 203, 112, 141, 180, 33, 214, 35, 205, 186, 80)
_IDLE_COLOR, _DEAD_COLOR = 240, 196
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWYZ"


def region_letter(index: int) -> str:
    return _LETTERS[index % len(_LETTERS)]


def mark(index: int, color: bool) -> str:
    """A region's sign in the legend."""
    letter = region_letter(index)
    return f"\x1b[38;5;{_PALETTE[index % len(_PALETTE)]}m██\x1b[0m {letter}" if color else letter


def _grid(report: dict[str, Any]) -> np.ndarray:
    """int[height, width]: a region's index, IDLE or DEAD."""
    mesh = report["mesh"]
    grid = np.full((mesh["height"], mesh["width"]), IDLE)
    for index, region in enumerate(report["regions"]):
        rect = region["rect"]
        grid[rect["y"] : rect["y"] + rect["height"], rect["x"] : rect["x"] + rect["width"]] = index
    for x, y in report["target"].get("dead_pes", []):
        if y < grid.shape[0] and x < grid.shape[1]:
            grid[y, x] = DEAD
    return grid


def _shrink(grid: np.ndarray, by: int) -> np.ndarray:
    if by == 1:
        return grid
    rows, columns = -(-grid.shape[0] // by), -(-grid.shape[1] // by)
    result = np.full((rows, columns), IDLE)
    for row in range(rows):
        for column in range(columns):
            block = grid[row * by : (row + 1) * by, column * by : (column + 1) * by]
            values, counts = np.unique(block[block != IDLE], return_counts=True)
            if len(values):
                result[row, column] = values[counts.argmax()]
    return result


def _used(grid: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns to draw: all, or where regions are if most of the mesh is idle."""
    rows, columns = (np.flatnonzero((grid >= 0).any(axis)) for axis in (1, 0))
    if not len(rows) or 4 * (rows[-1] + 1 - rows[0]) * (columns[-1] + 1 - columns[0]) > grid.size:
        return slice(None), slice(None)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def draw(report: dict[str, Any], columns: int = 72, color: bool = False) -> list[str]:
    """The picture's lines, at most `columns` wide, and a last line that gives the scale."""
    whole = _grid(report)
    window = _used(whole)
    grid = whole[window]
    # A dot takes one column with half blocks, two with letters.
    by = max(1, -(-grid.shape[1] * (1 if color else 2) // columns))
    small = _shrink(grid, by)
    lines = []
    if color:

        def code(value: int) -> int:
            if value == DEAD:
                return _DEAD_COLOR
            return _IDLE_COLOR if value == IDLE else _PALETTE[value % len(_PALETTE)]

        for row in range(0, small.shape[0], 2):
            line, last = "", None
            for column in range(small.shape[1]):
                upper = code(small[row, column])
                lower = code(small[row + 1, column]) if row + 1 < small.shape[0] else None
                if (upper, lower) != last:
                    line += f"\x1b[0;38;5;{upper}m" + (f"\x1b[48;5;{lower}m" if lower is not None else "")
                    last = (upper, lower)
                line += "▀"
            lines.append(line + "\x1b[0m")
    else:
        signs = {IDLE: "·", DEAD: "×"}
        for row in small:
            lines.append(" ".join(signs.get(int(value), region_letter(int(value))) for value in row))
    dot = "a PE" if by == 1 else f"{by} x {by} PEs"
    dead = np.count_nonzero(grid == DEAD)
    note = f"a dot is {dot}, grey is idle" if color else f"a sign is {dot}, · is idle"
    if dead:
        note += f", {'red' if color else '×'} dead ({dead} PEs)"
    text = f"mesh of {whole.shape[1]} x {whole.shape[0]} PEs"
    if grid.shape != whole.shape:
        text += f", drawn from ({window[1].start}, {window[0].start}) to ({window[1].stop - 1}, {window[0].stop - 1})"
    lines.append(f"{text}; {note}")
    return lines


def bar(parts: dict[str, int], limit: int, width: int = 24) -> str:
    """A memory's use, as a bar: one letter a part (c code, t tables...), a dot where it is free."""
    result, done, total = "", 0, 0
    for name, size in parts.items():
        total += size
        end = round(total * width / limit)
        result += name[0] * (end - done)
        done = end
    return (result + "·" * width)[:width]


def describe(report: dict[str, Any], columns: int = 72, color: bool = False, shown: int = 24) -> list[str]:
    """The picture, and a line for each of the first regions: PEs, kernels, memory of its fullest PE, estimate."""
    lines = draw(report, columns, color)
    lines.append(f"\n{'region':26}{'PEs':>9}{'kernels':>9}  {'SRAM of its fullest PE':34}{'estimate':>12}")
    regions = report["regions"]
    for index, region in enumerate(regions[:shown]):
        rect, sram = region["rect"], region["sram"]
        parts = {
            name: sram[name] for name in ("code", "tables", "helpers", "weights", "activations", "stack")
        }
        name = f"{mark(index, color)} {region['name']}"
        name += " " * (26 - len(f"{'██ ' if color else ''}{region_letter(index)} {region['name']}"))
        lines.append(
            f"{name}{rect['width']:>5}x{rect['height']:<3}{len(region['kernels']):>9}  "
            f"{bar(parts, sram['limit'])} {sram['total'] / sram['limit']:>4.0%}"
            f"{region['estimated_cycles']:>12,.0f} cycles"
        )
    if len(regions) > shown:
        lines.append(f"and {len(regions) - shown} more")
    lines.append("SRAM: c code, t tables, h helpers, w weights, a activations, s stack, · free")
    return lines
