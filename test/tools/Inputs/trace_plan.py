"""Checks what wafer-compile --trace-plan wrote, beside the report."""

import json
import sys

with open(sys.argv[1]) as file:
    trace = json.load(file)
with open(sys.argv[2]) as file:
    report = json.load(file)
chosen = [[way for way in node["considered"] if way["fate"] == "chosen"] for node in trace["nodes"]]
others = [way for node in trace["nodes"] for way in node["considered"]]
print("one is chosen of each:", all(len(ways) == 1 for ways in chosen))
print(
    "the best of them is chosen:", all(node["considered"][0]["fate"] == "chosen" for node in trace["nodes"])
)
print(
    "beaten ones have cycles, bounded ones none:",
    all(("cycles" in way) == (way["fate"] in ("chosen", "kept", "alike", "beaten")) for way in others),
)
# Reductions that are combined, and lines that are settled for all, change what is not computing.
computed = sum(ways[0]["cycles"]["compute"] for ways in chosen)
reported = sum(k["spent_on"].get("compute", 0) for r in report["regions"] for k in r["kernels"])
print("what they compute is what the report says:", computed == reported and computed > 0)
