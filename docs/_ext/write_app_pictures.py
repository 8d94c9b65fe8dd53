"""Writes the pictures of the page in a browser: ``python docs/_ext/write_app_pictures.py``.

It goes the whole way in Debian's Chromium, from a workbook of a yearbook with invented cities to two runs
side by side, without a character of YAML. The test of the page goes the same way.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import openpyxl
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM, PICTURES = Path("/usr/bin/chromium"), Path(__file__).parents[1] / "_static"

# Milliseconds that a run of the page may take.
PATIENCE = 120_000

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
CITIES, YEARS = [f"City {number:02d}" for number in range(1, 37)], range(2011, 2020)


def write_yearbook(path: Path) -> None:
    """Write a workbook as yearbooks are: a sheet a variable, with title, years across, units and a note."""
    draws, shape = np.random.default_rng(59), (len(CITIES), len(YEARS))
    levels, trend = draws.normal(size=(shape[0], 1)), np.linspace(0, 1, shape[1])
    digital = 0.3 + 0.06 * levels + 0.2 * trend + draws.normal(scale=0.05, size=shape)
    gdp = np.exp(3.5 + 0.3 * levels + 0.5 * trend + draws.normal(scale=0.05, size=shape))
    values = {
        "Emissions": (
            "kt",
            600 + 120 * levels - 400 * digital + 2 * gdp + draws.normal(scale=15, size=shape),
        ),
        "Digital economy": ("index", digital),
        "GDP per head": ("1,000 yuan", gdp),
        "Urban share": ("%", 50 + 6 * levels + 5 * trend + draws.normal(scale=2, size=shape)),
        "Telephones": ("per 100 people", 90 - 40 * trend + draws.normal(scale=5, size=shape)),
    }
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    book.active.append(["Printed in May"])
    for name, (unit, cells) in values.items():
        sheet = book.create_sheet(name)
        for row in ([name], ["City", *YEARS], [None, *([unit] * len(YEARS))]):
            sheet.append(row)
        for city, numbers in zip(CITIES, cells.round(3).tolist(), strict=True):
            sheet.append([city, *numbers])
        sheet.append(["Source: invented for the docs"])
    book["Urban share"]["D9"] = None
    book.save(path)


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Browser, str]]:
    """Give a browser, and the address of a page that serves a folder."""
    words = [sys.executable, "-m", "harness", "app", "--folder", str(folder), "--no-open"]
    with (
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server,  # noqa: S603 - words of ours
        sync_playwright() as playwright,
    ):
        try:
            printed = iter((server.stdout or io.StringIO()).readline, "")
            address = next(line.split()[1] for line in printed if "token=" in line)
            yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]), address
        finally:
            server.terminate()


@dataclass
class Way:
    """A user's way through the page.

    Attributes
    ----------
    pictures : PNG files by name, in the order in which they were taken
    wrong : what the browser complained of
    """

    browser: Browser
    address: str
    pictures: dict[str, bytes] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def page(self, *, language: str, is_dark: bool, size: Mapping[str, int]) -> Page:
        """Open the page as a browser of a language, a colour scheme and a size does."""
        scheme = "dark" if is_dark else "light"
        page = self.browser.new_page(locale=language, color_scheme=scheme, viewport=size)
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda one: self.wrong.append(one.text) if "Security" in one.text else None)
        page.goto(self.address)
        return page

    def take(self, name: str, page: Page, *, whole: bool = False) -> None:
        """Take a picture; nothing is put into the page for it, which allows no style of others."""
        self.pictures[name] = page.screenshot(full_page=whole, caret="initial", animations="allow")

    def go(self) -> None:
        """Go from the workbook to the report, and to that of a second study next to it."""
        page = self.page(language="en", is_dark=False, size=WIDE)
        page.click("text=yearbook.xlsx")
        page.uncheck("[value=Telephones][name=sheet]")
        expect(part(page, "Telephones")).to_have_count(0)
        part(page, "Emissions").select_option("outcome")
        part(page, "Digital economy").select_option("exposure")
        page.wait_for_selector(".good")
        self.take("study", page, whole=True)
        part(page, "GDP per head").select_option("time")
        page.wait_for_selector("tr.wrong").scroll_into_view_if_needed()
        self.take("mistake", page)
        part(page, "year").select_option("time")
        part(page, "GDP per head").select_option("control")
        page.wait_for_selector(".good")
        page.check("#question-effect")
        expect(page.locator("#text")).not_to_have_value(re.compile("mlp"))
        self.take_narrow()
        page.click("#plan")
        page.wait_for_selector("#plan-title")
        page.click("#begin")
        expect(page.locator("#queue")).to_contain_text(re.compile(r"[1-9]\d* of"), timeout=PATIENCE)
        self.take("queue", page)
        read(page)
        self.take("run", page)
        page.goto(urljoin(self.address, "/"))
        page.click("text=yearbook.yaml")
        page.wait_for_selector("#begin:enabled")
        page.wait_for_load_state()  # from here on choices are heard
        part(page, "GDP per head").select_option("")
        expect(page.locator("#text")).to_have_value(re.compile(r"controls: \[Urban share\]"))
        page.fill("#name", "without_gdp.yaml")
        page.locator("#name").blur()
        expect(page.locator("#text")).to_have_value(re.compile("study: without-gdp"))
        page.click("#begin")
        read(page)
        page.get_by_role("button", name="Compare").click()
        expect(page.locator("#said")).to_contain_text("roles.controls[GDP per head]", timeout=PATIENCE)
        self.take("compare", page)

    def take_narrow(self) -> None:
        """Take a picture of the study on a telephone."""
        page = self.page(language="zh", is_dark=True, size=NARROW)
        page.click("text=yearbook.xlsx")
        part(page, "Emissions").select_option("outcome")
        part(page, "Digital economy").select_option("exposure")
        page.wait_for_selector(".good").scroll_into_view_if_needed()
        self.take("narrow", page)


def part(page: Page, column: str) -> Locator:
    """Return where the part of a column is chosen."""
    return page.get_by_label(column, exact=True).and_(page.locator("select"))


def read(page: Page) -> None:
    """Wait for the results of the run that was begun last, and open its report."""
    page.locator("#queue li").first.get_by_role("link", name="Results").click()
    page.frame_locator("iframe").locator("h1").first.wait_for()


def main() -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as name:
        write_yearbook(Path(name) / "yearbook.xlsx")
        with opened(Path(name)) as (browser, address):
            way = Way(browser, address)
            way.go()
    for picture, content in way.pictures.items():
        Image.open(io.BytesIO(content)).save(PICTURES / f"app_{picture}.webp", quality=80)


if __name__ == "__main__":
    main()
