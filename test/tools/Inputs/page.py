"""Makes a model whose names are markup, and looks into the page of a report.

Usage: page.py model OUTPUT.onnx | page.py read PAGE.html
"""

import html.parser
import json
import re
import sys

import onnx
from onnx import TensorProto, helper

NAME = "</script><script>alert(1)</script><!-- \u2028 é"


def write_model(path: str) -> None:
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["<b>y</b>"], name="most & co"),
        helper.make_node("Sub", ["x", "<b>y</b>"], ["z"], name=NAME),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 6])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [4, 6])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)


class Scripts(html.parser.HTMLParser):
    """The text of each script element, as a browser splits it, and what elements refer to."""

    def __init__(self):
        super().__init__()
        self.scripts, self.references, self.inside = [], [], None

    def handle_starttag(self, tag, attributes):
        if tag == "script":
            self.inside = dict(attributes).get("type", "script")
            self.scripts.append((self.inside, ""))
        self.references += [
            (tag, name) for name, _ in attributes if name in ("src", "href", "srcset", "data", "action")
        ]

    def handle_endtag(self, tag):
        if tag == "script":
            self.inside = None

    def handle_data(self, data):
        if self.inside:
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)


def read(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        page = file.read()
    parser = Scripts()
    parser.feed(page)
    print("scripts:", *(kind for kind, _ in parser.scripts))
    print("references:", parser.references)
    text = page.replace("\n", " ")
    fetches = re.findall(
        r"https?://|@import|url\(|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(", text
    )
    markup = re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)
    print("fetches:", fetches, "markup:", markup)
    report = json.loads(next(text for kind, text in parser.scripts if kind == "application/json"))
    names = {node for region in report["regions"] for kernel in region["kernels"] for node in kernel["nodes"]}
    print("names are whole:", {NAME, "most & co"} <= names)


{"model": write_model, "read": read}[sys.argv[1]](sys.argv[2])
