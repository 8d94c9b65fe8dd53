"""A page in headless Chromium, driven over its debugging pipe; for tests that look at pages as readers do."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

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

    def picture(self, height: int = 0) -> bytes:
        """Return the page as PNG, whole unless a height is given."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(answer["data"])

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
