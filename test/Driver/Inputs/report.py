"""Holds a report against itself: what it says of places, routes and times must fit together.

Usage: report.py REPORT
"""

import json
import sys

SIDES = {"N": (0, -1), "E": (1, 0), "S": (0, 1), "W": (-1, 0)}
OPPOSITE = {"N": "S", "S": "N", "E": "W", "W": "E"}


def routers(report: dict, owner: str) -> dict[tuple[int, int], tuple[str, str]]:
    """Per PE of a net: the port that words come by, and the ports they leave by."""
    found = {}
    for route in report["routes"]:
        if route["owner"] != owner:
            continue
        x, y, width, height, step_x, step_y = route["area"]
        (position,) = route["positions"]
        come, _, go = position.partition(">")
        for px in range(x, x + width, step_x):
            for py in range(y, y + height, step_y):
                assert (px, py) not in found, f"{owner} sets up ({px}, {py}) twice"
                found[px, py] = (come, go)
    return found


def terminals(run: dict) -> list[tuple[int, int, str]]:
    x, y, dx, dy, count = run["run"]
    return [(x + i * dx, y + i * dy, run["port"]) for i in range(count)]


def check_stream(report: dict, stream: dict) -> None:
    """Every lane, followed from router to router, comes to its sinks."""
    net = routers(report, stream["net"])
    sources = terminals(stream["source"])
    assert len(sources) == stream["lanes"], stream
    for lane, (x, y, port) in enumerate(sources):
        heard = set()
        ahead = [(x, y, port)]
        while ahead:
            x, y, port = ahead.pop()
            come, go = net[x, y]
            assert come == port, f"{stream['name']}: ({x}, {y}) takes words from {come}, not {port}"
            for side in go:
                if side == "R" or (x + SIDES[side][0], y + SIDES[side][1]) not in net:
                    heard.add((x, y, side))
                else:
                    ahead.append((x + SIDES[side][0], y + SIDES[side][1], OPPOSITE[side]))
        assert heard == {terminals(sink)[lane] for sink in stream["sinks"]}, stream


def main() -> None:
    with open(sys.argv[1]) as file:
        report = json.load(file)
    regions = {region["name"]: region for region in report["regions"]}
    for region in regions.values():
        clock = 0
        for kernel in region["kernels"]:
            assert clock <= kernel["start_cycle"], f"{kernel['name']} begins before the kernel before it ends"
            clock = kernel["end_cycle"]
            assert (
                clock - kernel["start_cycle"]
                == kernel["estimated_cycles"]
                == sum(kernel["spent_on"].values())
            ), kernel
            assert kernel["bound_cycles"] == max(kernel["spent_on"].values()), kernel
    for stream in report["streams"]:
        check_stream(report, stream)
    between = [s for s in report["streams"] if "host" not in (s["from"], *s["to"])]
    # What has all its inputs from other regions begins when the first of them can be there.
    fed_by_host = {name for stream in report["streams"] if stream["from"] == "host" for name in stream["to"]}
    for name in regions.keys() - fed_by_host:
        arrivals = [
            stream["hops"] + -(-stream["words"] // stream["lanes"])
            for stream in between
            if name in stream["to"]
        ]
        assert regions[name]["kernels"][0]["start_cycle"] >= min(arrivals), (
            f"{name} begins before its inputs are there"
        )
    print(f"{len(regions)} regions, {len(between)} streams between them, {len(report['streams'])} in all")
    for way in ("inputs", "outputs"):
        print(
            way, *(f"{tensor['name']} {tensor['type']} {tensor['shape']}" for tensor in report["model"][way])
        )


main()
