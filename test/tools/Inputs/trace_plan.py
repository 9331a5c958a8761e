"""Checks what wafer-compile --trace-plan wrote."""

import json
import sys

with open(sys.argv[1]) as file:
    trace = json.load(file)
chosen = [[way for way in node["considered"] if way["fate"] == "chosen"] for node in trace["nodes"]]
others = [way for node in trace["nodes"] for way in node["considered"]]
total = sum(sum(ways[0]["cycles"].values()) for ways in chosen)
print("one is chosen of each:", all(len(ways) == 1 for ways in chosen))
print(
    "the best of them is chosen:", all(node["considered"][0]["fate"] == "chosen" for node in trace["nodes"])
)
print(
    "beaten ones have cycles, bounded ones none:",
    all(("cycles" in way) == (way["fate"] in ("chosen", "kept", "alike", "beaten")) for way in others),
)
# Each is rounded; what reductions share, or lines cost that are not best for all, shows in the whole plan only.
print("the nodes' cycles are the plan's:", trace["regions"] == 1 and 0.9 < trace["cycles"] / total < 1.1)
