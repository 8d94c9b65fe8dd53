"""The report in a browser, by axe-core: no serious fault, nothing to scroll for, no message, no request."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import matplotlib as mpl
import pytest

from harness.findings.run import read_run
from harness.report.drawing.svg import UNITS
from harness.report.page import assembled
from harness.report.render.html import style_sheet
from report.fake_run import SECTIONS

NAMES = ("chromium", "chromium-browser", "google-chrome")
END = b"\0"


def chromium() -> str | None:
    """Return where a Chromium is; None where there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@dataclass
class Page:
    """One page; `messages` are what it wrote to its console, `requests` what it asked for beside itself."""

    commands: IO[bytes]
    answers: IO[bytes]
    session: str = ""
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def call(self, method: str, **asked: object) -> dict[str, Any]:
        """Return what a command of the protocol answers."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": asked}
        command |= {"sessionId": self.session} if self.session else {}
        self.commands.write(json.dumps(command).encode() + END)
        self.commands.flush()
        while (answer := self._next()).get("id") != number:
            self._note(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def wait_for(self, event: str) -> None:
        """Wait until an event comes."""
        while (answer := self._next()).get("method") != event:
            self._note(answer)

    def run(self, script: str) -> Any:
        """Return what an expression is, after its promise where it is one."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, path: Path, *, width: int, scheme: str) -> None:
        """Load a file at a width of the screen, in a light or dark scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False
        )
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait_for("Page.loadEventFired")

    def printed(self) -> bytes:
        """Return the page as PDF."""
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def _next(self) -> dict[str, Any]:
        parts = []
        while (byte := self.answers.read(1)) not in {END, b""}:
            parts.append(byte)
        return json.loads(b"".join(parts))

    def _note(self, event: dict[str, Any]) -> None:
        asked = event.get("params", {})
        if event.get("method") == "Log.entryAdded":
            self.messages.append(asked["entry"]["text"])
        elif event.get("method") == "Runtime.consoleAPICalled":
            self.messages.append(json.dumps(asked["args"]))
        elif event.get("method") == "Network.requestWillBeSent":
            self.requests.append(asked["request"]["url"])


@contextmanager
def browsing(browser: str, profile: Path) -> Iterator[Page]:
    """Give a page of a browser that is ended afterwards."""
    to_browser, commands = os.pipe()
    answers, from_browser = os.pipe()

    def wired() -> None:
        os.dup2(os.dup(to_browser), 3)
        os.dup2(os.dup(from_browser), 4)

    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--hide-scrollbars"]
    process = subprocess.Popen(
        [browser, *flags, f"--user-data-dir={profile}", "about:blank"],
        preexec_fn=wired,
        close_fds=False,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        with os.fdopen(commands, "wb") as writes, os.fdopen(answers, "rb") as reads:
            page = Page(writes, reads)
            target = page.call("Target.createTarget", url="about:blank")["targetId"]
            page.session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                page.call(f"{domain}.enable")
            yield page
    finally:
        process.kill()
        process.wait()


BROWSER = chromium()
SERIOUS = ("serious", "critical")
AUDIT = """
axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(
  fault => [fault.impact, fault.id, fault.nodes.slice(0, 3).map(node => node.html.slice(0, 200))]))
"""
OPENED = """
document.querySelectorAll("details").forEach(one => one.open = true);
Promise.all([...document.images].map(one => { one.loading = "eager"; return one.decode(); })).then(() => true)
"""
WIDER = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """Return the source of axe-core: of the file that ``AXE_CORE`` names, or as npm fetches it by name."""
    named = os.environ.get("AXE_CORE")
    if named:
        return Path(named).read_text(encoding="utf-8")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("neither npm nor AXE_CORE is found")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "install", "--no-save", "--prefix", str(folder), "axe-core"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=300)
    if done.returncode:
        pytest.skip(f"npm cannot fetch axe-core: {done.stderr.decode()[-200:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    assert BROWSER is not None
    with browsing(BROWSER, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def folder(request):
    return request.getfixturevalue(request.param).path


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is found")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 768, 390])
@pytest.mark.parametrize("folder", ["wage", "chinese"], indirect=True)
def test_the_report_has_no_serious_fault(folder, page, axe, width, scheme):
    page.messages.clear()
    page.requests.clear()
    page.open(folder / "report.html", width=width, scheme=scheme)
    assert page.run(OPENED)
    assert page.run(WIDER) <= 0
    assert page.messages == []
    asked = [address for address in page.requests if not address.startswith("data:")]
    assert asked == [(folder / "report.html").resolve().as_uri()]
    page.run(f"{axe}; true")
    faults = page.run(AUDIT)
    assert [fault for fault in faults if fault[0] in SERIOUS] == []


FIGURE = '<section><figure style="height: 100mm">below</figure></section>'
ROW = '<tbody><tr><td style="height: 100mm">below</td></tr></tbody>'


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is found")
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext is found")
@pytest.mark.parametrize(
    "body",
    [
        f"<details class='section'><summary><h2>heading</h2></summary>{FIGURE}</details>",
        f"<table><caption></caption><thead><tr><th>heading</th></tr></thead>{ROW}</table>",
    ],
    ids=["section", "table"],
)
def test_a_heading_is_printed_on_the_page_of_what_it_heads(page, tmp_path, body):
    """Room for the heading is left on the first page, for what is beneath it is not."""
    document, printed = tmp_path / "page.html", tmp_path / "page.pdf"
    style = f"<style>{style_sheet()}</style>"
    document.write_text(f'{style}<div style="height: 235mm">first</div>{body}', encoding="utf-8")
    page.open(document, width=1200, scheme="light")
    printed.write_bytes(page.printed())
    asked = ["pdftotext", printed, "-"]
    text = subprocess.run(asked, check=True, capture_output=True, encoding="utf-8").stdout
    assert [sheet.split() for sheet in text.split("\f")] == [["first"], ["heading", "below"], []]


LETTERS = re.compile(r"scale\(([\d.]+) -[\d.]+\)")
DRAWN = {"svg", "style", "defs", "clipPath", "pattern", "g", "path", "rect", "use", "image"}

SVG = "{http://www.w3.org/2000/svg}"


def figures_of(run):
    return [figure for shown in assembled(run, SECTIONS, ()) for figure in shown.figures]


@pytest.fixture(scope="module")
def figures(wage):
    return figures_of(read_run(wage))


def test_every_figure_is_there_and_the_same_run_gives_the_same_bytes(wage, figures):
    before = dict(mpl.rcParams)
    again = figures_of(read_run(wage))
    assert dict(mpl.rcParams) == before
    assert [figure.name for figure in again] == [
        *("gains", "multiverse-lwage", "curves", "binned-scatter", "curve-lwage", "slope-lwage"),
        *(
            "ale-lwage",
            "groups",
            "conditional-1",
            "groups-size",
            "groups-rank",
            "surface-educ",
            "map-lwage-ann",
        ),
    ]
    for figure, other in zip(figures, again, strict=True):
        assert figure.prints == other.prints


def test_svg_has_outlines_for_letters_and_nothing_but_shapes(figures):
    for figure in figures:
        root = ET.fromstring(figure.prints.svg)  # noqa: S314 - our own figure
        assert len(list(root.iter(f"{SVG}path"))) > 20
        assert {one.tag.removeprefix(SVG) for one in root.iter()} <= DRAWN


def test_no_letter_is_smaller_than_eight_points(figures):
    for figure in figures:
        sizes = [UNITS * float(size) for size in LETTERS.findall(figure.prints.svg)]
        assert sizes
        assert min(sizes) >= 8.0, figure.name
