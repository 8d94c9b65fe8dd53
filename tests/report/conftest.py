"""Runs that are written and reported once for all tests of the report."""

from __future__ import annotations

import pytest

from harness.findings.run import read_run
from harness.report.write import Reporter
from report.all_sections import SECTIONS
from report.fake_run import chinese_run, hostile_run, wage_run


def reported(write, name):
    """Return a fixture of the run that a function writes, with its report."""

    @pytest.fixture(scope="session", name=name)
    def folder(tmp_path_factory):
        run = write(tmp_path_factory.mktemp(name))
        Reporter(SECTIONS).write(run, ("html", "latex"))
        return run

    return folder


wage = reported(wage_run, "wage")
chinese = reported(chinese_run, "chinese")
hostile = reported(hostile_run, "hostile")


@pytest.fixture(scope="session")
def run(wage):
    return read_run(wage)
