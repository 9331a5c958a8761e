"""Opens a report's page in headless Chromium, uses it (page_driver.js), and prints what came of it.

Usage: browse.py PAGE.html [--dark] [--large] [--search TEXT] [--statistics FILE.json] [--screenshot OUT.png [--do SCRIPT]]
"""

import argparse
import base64
import contextlib
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
PATIENCE = 240  # seconds; a loaded machine takes its time
DRIVER = pathlib.Path(__file__).with_name("page_driver.js")
# Before the page: what it must not do is written down.
WATCH = """
window.problems = [];
window.alert = () => window.problems.push("alert");
addEventListener("error", (event) => window.problems.push(String(event.message)));
addEventListener("unhandledrejection", (event) => window.problems.push(String(event.reason)));
document.addEventListener("securitypolicyviolation", (event) => window.problems.push(event.blockedURI));
"""


def large(report: dict) -> None:
    """Another program in place of the report's: 300 kernels in 60 regions all over the wafer, with streams, and counts."""
    width, height = report["mesh"]["width"], report["mesh"]["height"]
    side, kernels = 60, 5
    kinds = ("code", "tables", "helpers", "weights", "activations", "stack")
    report["regions"], report["streams"], report["routes"] = [], [], []
    report["target"]["dead_pes"] = [[7 * i % width, 31 * i % height] for i in range(400)]
    report["target"]["dead_links"] = [[5 * i % width, 17 * i % height, "NESW"[i % 4]] for i in range(100)]
    nodes = []
    for number in range(60):
        x, y = 74 * (number % 10), 160 * (number // 10)
        sram = {kind: 1000 + 700 * (number * 7 + i) % 6000 for i, kind in enumerate(kinds)}
        region = {
            "name": f"r{number}",
            "rect": {"x": x, "y": y, "width": side, "height": side},
            "kernels": [],
            "sram": {**sram, "total": sum(sram.values()), "limit": 49152},
            "estimated_cycles": 0,
        }
        for i in range(kernels):
            name = f"layer{number}/step{i}"
            cycles = 200 + (number * 37 + i * 101) % 900
            start = number * 700 + region["estimated_cycles"]
            region["estimated_cycles"] += cycles
            region["kernels"].append(
                {
                    "name": name,
                    "op": "kernel",
                    "nodes": [name],
                    "estimated_cycles": cycles,
                    "bound": ("compute", "moves", "reductions", "host")[(number + i) % 4],
                    "bound_cycles": cycles // 2,
                    "start_cycle": start,
                    "end_cycle": start + cycles,
                }
            )
            nodes.append(
                {"name": name, "busy_cycles": 9 * cycles, "first_cycle": start, "last_cycle": start + cycles}
            )
        report["regions"].append(region)
        if number % 10 == 9:
            continue
        net = f"r{number}_to_r{number + 1}"
        report["routes"] += [
            {"owner": net, "color": number % 20, "area": [x, y, 1, side, 1, 1], "positions": ["R>E"]},
            {"owner": net, "color": number % 20, "area": [x + 1, y, 73, side, 1, 1], "positions": ["W>E"]},
            {"owner": net, "color": number % 20, "area": [x + 74, y, 1, side, 1, 1], "positions": ["W>R"]},
        ]
        stream = {"name": f"t{number}", "from": f"r{number}", "to": [f"r{number + 1}"], "lanes": side}
        stream |= {"words": 6000 + 300 * number, "colors": [number % 20], "hops": 74, "net": net}
        report["streams"].append(stream)
    counted = [
        {"name": r["name"], "rect": r["rect"], "cycles": 1000 + i} for i, r in enumerate(report["regions"])
    ]
    report["emulated"] = {"version": 1, "cycles": 45000, "regions": counted, "nodes": nodes}


def with_large_program(page: str) -> str:
    before, rest = page.split('id="report">\n', 1)
    text, after = rest.split("\n</script>", 1)
    report = json.loads(text)
    large(report)
    return f'{before}id="report">\n{json.dumps(report)}\n</script>{after}'


class Browser:
    """Headless Chromium, spoken to by the DevTools protocol over a pair of pipes: JSON texts, each with a NUL behind it."""

    def __init__(self, profile: str):
        browser = next(path for name in BROWSERS if (path := shutil.which(name)))
        to_browser, self.write = os.pipe()
        self.read, from_browser = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4; the shell puts the pipes there.
        command = ["/bin/sh", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "sh", browser]
        command += [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
        ]
        command += [f"--user-data-dir={profile}", "--window-size=1400,1500", "about:blank"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, pass_fds=(to_browser, from_browser), **quiet)
        os.close(to_browser)
        os.close(from_browser)
        self.left = b""
        self.number = 0
        self.session = None

    def receive(self) -> dict:
        while b"\0" not in self.left:
            if not select.select([self.read], [], [], PATIENCE)[0]:
                raise RuntimeError(f"the browser has said nothing for {PATIENCE} seconds")
            part = os.read(self.read, 1 << 16)
            if not part:
                raise RuntimeError("the browser has ended")
            self.left += part
        text, _, self.left = self.left.partition(b"\0")
        return json.loads(text)

    def call(self, method: str, **parameters) -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while (answer := self.receive()).get("id") != self.number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, file: pathlib.Path, dark: bool) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call(
            "Emulation.setDeviceMetricsOverride", width=1400, height=1500, deviceScaleFactor=1, mobile=False
        )
        self.call("Page.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.call("Page.navigate", url=file.resolve().as_uri())
        # An event of the empty page may still be on its way, so the page itself is asked.
        while not self.is_open():
            time.sleep(0.05)

    def is_open(self) -> bool:
        try:
            return self.evaluate("location.protocol === 'file:' && document.readyState === 'complete'")
        except RuntimeError:  # between two pages
            return False

    def evaluate(self, script: str):
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(
                answer["exceptionDetails"]["exception"].get("description", "the script failed")
            )
        return answer["result"].get("value")

    def close(self) -> None:
        with contextlib.suppress(RuntimeError, OSError):
            self.session = None
            self.call("Browser.close")
        self.process.wait(timeout=30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--search", default="")
    parser.add_argument("--statistics", type=pathlib.Path, help="of wafer-run --stats, to add")
    parser.add_argument("--large", action="store_true", help="with a made-up program of 300 kernels in it")
    parser.add_argument("--dark", action="store_true", help="as on a system that is dark")
    parser.add_argument(
        "--screenshot", type=pathlib.Path, help="only write a picture of the page, 1400 x 1500 pixels"
    )
    parser.add_argument("--do", default="", help="JavaScript to run before the picture is taken")
    args = parser.parse_args()
    page = args.page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = pathlib.Path(folder) / "page.html"
        file.write_text(with_large_program(page) if args.large else page, encoding="utf-8")
        browser = Browser(folder + "/profile")
        try:
            browser.open(file, args.dark)
            if args.screenshot:
                browser.evaluate(
                    f"(async () => {{ {args.do}; await new Promise((done) => setTimeout(done, 300)); }})()"
                )
                picture = browser.call("Page.captureScreenshot", format="png")["data"]
                args.screenshot.write_bytes(base64.b64decode(picture))
                return
            browser.evaluate(f"window.searchFor = {json.dumps(args.search)}")
            if args.statistics:
                browser.evaluate(f"window.statistics = {json.dumps(args.statistics.read_text())}")
            result = browser.evaluate(DRIVER.read_text(encoding="utf-8"))
        finally:
            browser.close()
    for name, value in result.items():
        print(f"{name}: {json.dumps(value)}")


if __name__ == "__main__":
    sys.exit(main())
