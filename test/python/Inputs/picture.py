"""Draws placements: a small one, one with more PEs than the page has room for, one in a corner of a large mesh, and a
memory bar.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "python" / "waferc"))

import picture


def report(width, height, *rects, dead=()):
    regions = [{"rect": dict(zip(("x", "y", "width", "height"), rect, strict=True))} for rect in rects]
    return {"mesh": {"width": width, "height": height}, "target": {"dead_pes": dead}, "regions": regions}


for line in picture.draw(report(5, 3, (0, 0, 2, 3), (2, 1, 3, 1), dead=[[4, 0], [9, 9]])):
    print(line)
for line in picture.draw(report(8, 4, (0, 0, 3, 4), (4, 0, 4, 1)), columns=8):
    print(line)
for line in picture.draw(report(750, 994, (4, 5, 3, 1), (5, 6, 1, 1))):
    print(line)
print(ascii(picture.draw(report(3, 2, (0, 0, 3, 1)), color=True)[0]))
print(picture.bar({"code": 50, "weights": 25}, 100, 8))
