"""Runs that are written and reported once for all tests of the report."""

from __future__ import annotations

import pytest
from matplotlib.text import Text

from harness.findings.run import read_run
from harness.installed import installed
from harness.report.drawing import canvas
from harness.report.drawing.canvas import Prints
from harness.report.write import Reporter
from report.fake_run import SECTIONS, chinese_run, hostile_run, wage_run


def reported(write, name):
    """Return a fixture of the run that a function writes, with its report."""

    @pytest.fixture(scope="session", name=name)
    def folder(tmp_path_factory):
        run = write(tmp_path_factory.mktemp(name))
        Reporter(SECTIONS).write(run, ("html", "latex"))
        return run

    return folder


wage = reported(wage_run, "wage")
hostile = reported(hostile_run, "hostile")


@pytest.fixture(scope="session")
def languages(tmp_path_factory):
    """Return the folders of one run in English and Chinese, and texts of Chinese figures; none is printed."""
    drawn = []

    def noted(figure, pictures):
        drawn.extend(text.get_text() for text in figure.findobj(Text))
        return Prints("<svg/>", is_narrow=True)

    folders = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canvas, "printed", noted)
        for language in ("en", "zh"):
            drawn.clear()
            folders[language] = chinese_run(tmp_path_factory.mktemp(language), language=language)
            reporter = Reporter(SECTIONS, installed().messages)
            reporter.write(folders[language], ("html", "latex", "docx", "markdown"))
    return folders, tuple(drawn)


@pytest.fixture(scope="session")
def chinese(languages):
    """The run with Chinese names, reported in English."""
    return languages[0]["en"]


@pytest.fixture(scope="session")
def run(wage):
    return read_run(wage)
