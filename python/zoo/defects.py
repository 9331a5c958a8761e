"""Machines with dead parts: a built-in profile, of some size, with PEs and links that do not work.

profile = defects.profile("wse2", 64, 64, 0.01, "clusters", seed=0)
path.write_text(json.dumps(profile))
"""

import json
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = ("scattered", "clusters")
SIDES = "NESW"


def _dead_pes(random: np.random.Generator, width: int, height: int, count: int, kind: str) -> set:
    dead: set = set()
    while len(dead) < count:
        x, y = int(random.integers(width)), int(random.integers(height))
        side = 3 if kind == "clusters" else 1
        for dx in range(side):
            for dy in range(side):
                if x + dx < width and y + dy < height:
                    dead.add((x + dx, y + dy))
    return dead


def profile(name: str, width: int, height: int, share: float, kind: str, seed: int) -> dict:
    """`share` of the PEs and as many links are dead; PEs one by one ("scattered") or three by three ("clusters").

    The links of a dead PE die with it and are not listed. The mesh is width x height PEs, of which nothing is reserved.
    """
    random = np.random.default_rng(seed)
    result = json.loads((ROOT / "profiles" / f"{name}.json").read_text())
    count = round(share * width * height)
    dead = _dead_pes(random, width, height, count, kind)
    links: set = set()
    while len(links) < count:
        x, y, side = int(random.integers(width)), int(random.integers(height)), SIDES[random.integers(4)]
        if (x, y) not in dead:
            links.add((x, y, side))
    mesh = result["mesh"]
    mesh["width"]["value"], mesh["height"]["value"] = width, height
    mesh["dead_pes"]["value"] = [list(pe) for pe in sorted(dead)]
    mesh["dead_links"]["value"] = [list(link) for link in sorted(links)]
    result["name"] = f"{name}-{kind}"
    return result
