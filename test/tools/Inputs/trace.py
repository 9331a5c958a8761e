"""Reads a trace with Perfetto's own bindings and holds it against the run's statistics and the compiler's report:

trace.py RUN.pftrace STATS.json REPORT.json

Says what tracks there are.
"""

import collections
import dataclasses
import itertools
import json
import math
import pathlib
import sys

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TracePacket, TrackEvent


@dataclasses.dataclass
class Slice:
    name: str
    begin: int
    depth: int
    args: dict
    flows: list
    arriving: list
    end: int = -1


class Tracks:
    """The tracks of a trace, with slices and counter values on them. Checks that packets are what they should be."""

    def __init__(self, trace: Trace):
        self.processes: dict[int, str] = {}  # by pid
        self.names: dict[int, str] = {}
        self.process_of: dict[int, str] = {}  # by track
        self.slices: dict[int, list[Slice]] = collections.defaultdict(list)
        self.values: dict[int, list[tuple[int, float]]] = collections.defaultdict(list)
        self.events, self.arguments = {}, {}
        open_slices = collections.defaultdict(list)
        last = collections.defaultdict(int)
        for index, packet in enumerate(trace.packet):
            assert packet.trusted_packet_sequence_id == 1
            flags = packet.sequence_flags
            assert flags & TracePacket.SEQ_NEEDS_INCREMENTAL_STATE
            assert (index == 0) == bool(flags & TracePacket.SEQ_INCREMENTAL_STATE_CLEARED)
            for names, entries in (
                (self.events, packet.interned_data.event_names),
                (self.arguments, packet.interned_data.debug_annotation_names),
            ):
                for entry in entries:
                    assert entry.iid not in names and entry.name not in names.values(), entry
                    names[entry.iid] = entry.name
            if packet.HasField("track_descriptor"):
                self._declare(packet.track_descriptor)
                continue
            event, when = packet.track_event, packet.timestamp
            track = event.track_uuid
            assert track in self.names and when >= last[track], (self.names.get(track), when)
            last[track] = when
            arguments = {
                self.arguments[a.name_iid]: getattr(a, a.WhichOneof("value")) for a in event.debug_annotations
            }
            if event.type == TrackEvent.TYPE_SLICE_BEGIN:
                new = Slice(
                    self.events[event.name_iid],
                    when,
                    len(open_slices[track]),
                    arguments,
                    list(event.flow_ids),
                    list(event.terminating_flow_ids),
                )
                open_slices[track].append(new)
                self.slices[track].append(new)
            elif event.type == TrackEvent.TYPE_SLICE_END:
                ended = open_slices[track].pop()
                ended.end = when
                ended.args |= arguments
            else:
                assert event.type == TrackEvent.TYPE_COUNTER
                self.values[track].append((when, getattr(event, event.WhichOneof("counter_value_field"))))
        assert not any(open_slices.values())

    def _declare(self, descriptor):
        uuid = descriptor.uuid
        assert uuid not in self.names
        if descriptor.HasField("process"):
            assert descriptor.process.pid not in self.processes
            self.processes[descriptor.process.pid] = self.process_of[uuid] = descriptor.process.process_name
            self.names[uuid] = descriptor.process.process_name
        elif descriptor.HasField("thread"):
            self.names[uuid] = descriptor.thread.thread_name
            self.process_of[uuid] = self.processes[descriptor.thread.pid]
        else:
            parent = descriptor.parent_uuid
            assert not parent or parent in self.names
            self.names[uuid] = descriptor.name
            self.process_of[uuid] = self.process_of.get(parent, "")

    def of(self, process: str, name: str):
        return [t for t, n in self.names.items() if n.startswith(name) and self.process_of[t] == process]

    def slices_of(self, process: str, name: str):
        return [s for track in self.of(process, name) for s in self.slices[track]]

    def total(self, process: str, counter: str) -> float:
        """The integral of a counter over time."""
        total = 0.0
        for track in self.of(process, counter):
            points = self.values[track]
            for (at, value), (until, _) in itertools.pairwise(points):
                total += value * (until - at)
            assert points[-1][1] == 0
        return total

    def last(self, process: str, counter: str) -> float:
        return sum(self.values[track][-1][1] for track in self.of(process, counter))


def same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-6)


def check_region(tracks: Tracks, region: dict, reported: dict, process: str) -> dict:
    """The busy cycles of each node."""
    kernels = tracks.slices_of(process, "kernels")
    assert kernels and all(s.depth == 0 for s in kernels)
    by_kernel, by_node = collections.defaultdict(list), collections.Counter()
    for s in kernels:
        by_node[s.args["node"]] += s.args["busy_cycles"]
        assert 0 <= s.args["cycles"] - (s.end - s.begin) + 1 <= 2, s
        if "kernel" in s.args:
            by_kernel[s.args["kernel"]].append(s)
    assert max(s.end for s in kernels) == int(region["cycles"])
    counted = {i for i, kernel in enumerate(region["kernels"]) if kernel["busy_cycles"] > 0}
    assert set(by_kernel) == counted
    for index, slices in by_kernel.items():
        kernel = region["kernels"][index]
        assert same(sum(s.args["busy_cycles"] for s in slices), kernel["busy_cycles"]), kernel
        assert min(s.begin for s in slices) == int(kernel["first_cycle"])
        assert max(s.end for s in slices) == int(kernel["last_cycle"])
        for s in slices:
            assert (s.args["op"], s.args["estimated_cycles"]) == (kernel["op"], kernel["estimated_cycles"])
            assert s.name.startswith(kernel["name"] or kernel["op"])
    # What the report has of steps that became code, in the same order.
    told = [k for k in reported["kernels"] if k["op"] != "reshape"]
    ours = [by_kernel[i][0].args for i in sorted(by_kernel) if by_kernel[i][0].args["bound"]]
    for a, b in zip(told, ours, strict=True):
        assert a["op"] == b["op"] and a["name"] == b["node"], (a, b)
        assert a["estimated_cycles"] == b["estimated_cycles"] and a["bound"] == b["bound"]
        assert set(b["nodes"].split(", ")) == set(a["nodes"])
    busy = sum(tracks.total(process, f"PEs {what}") for what in ("computing", "moving words", "waiting"))
    assert same(busy, sum(by_node.values())), (busy, sum(by_node.values()))
    check_pes(tracks, process, by_kernel)
    return by_node


def check_pes(tracks: Tracks, process: str, by_kernel: dict) -> None:
    """Kernels with instructions in them; all of them if all PEs are traced."""
    pes = tracks.of(process, "PE (")
    spent = collections.Counter()
    for track in pes:
        above = None
        for s in tracks.slices[track]:
            assert s.depth < 2
            if s.depth == 0:
                above = s
                spent[s.name] += s.end - s.begin
            else:
                assert above.begin <= s.begin <= s.end <= above.end
        assert sum(s.depth for s in tracks.slices[track]) > 0
    count = next(iter(by_kernel.values()))[0].args["pes"]
    if len(pes) != count:
        return
    for slices in by_kernel.values():
        named = [s for other in by_kernel.values() for s in other if s.name == slices[0].name]
        busy = sum(s.args["busy_cycles"] for s in named)
        assert abs(spent[slices[0].name] - busy) <= count * len(named), (slices[0].name, busy)
    print("all PEs add up")


def check_flows(tracks: Tracks) -> None:
    leaving, arriving = {}, {}
    for slices in tracks.slices.values():
        for s in slices:
            leaving |= {flow: s for flow in s.flows}
            arriving |= {flow: s for flow in s.arriving}
    assert leaving and set(leaving) == set(arriving)
    for flow, s in leaving.items():
        assert s.begin <= arriving[flow].begin and s.end <= arriving[flow].end
        assert s.args == arriving[flow].args and s.name == arriving[flow].name
    for ends in sorted({(s.args["from"], s.args["to"]) for s in leaving.values()}):
        print("stream from {} to {}".format(*ends))


def main() -> None:
    trace = Trace()
    trace.ParseFromString(pathlib.Path(sys.argv[1]).read_bytes())
    stats, report = (json.loads(pathlib.Path(path).read_text()) for path in sys.argv[2:4])
    tracks = Tracks(trace)
    (run,) = tracks.slices_of("", "run")
    assert run.args["cycles"] == stats["cycles"] and run.args["clock"] == "one cycle is one nanosecond"
    nodes, words = collections.Counter(), tracks.last("host", "words sent")
    for region, reported in zip(stats["regions"], report["regions"], strict=True):
        rect = region["rect"]
        size, place = "{width} x {height}".format(**rect), "({x}, {y})".format(**rect)
        process = f"{region['name']}: {size} PEs at {place}"
        assert process in tracks.processes.values()
        nodes.update(check_region(tracks, region, reported, process))
        words += tracks.last(process, "words sent")
    for node in stats["nodes"]:
        assert same(nodes[node["name"]], node["busy_cycles"]), node
    assert words == stats["wavelets"]
    check_flows(tracks)
    for track, name in sorted(tracks.names.items(), key=lambda item: (tracks.process_of[item[0]], item[1])):
        if name != tracks.process_of[track]:
            print(f"{tracks.process_of[track] or 'alone'}: {name}")


main()
