"""Runs that are written and reported once for all tests of the report."""

from __future__ import annotations

import pytest

from harness.report.write import write_report
from report.all_sections import SECTIONS
from report.fake_run import chinese_run, hostile_run, wage_run

FORMATS = ("html", "latex")


@pytest.fixture(scope="session")
def wage(tmp_path_factory):
    folder = wage_run(tmp_path_factory.mktemp("wage"))
    write_report(folder, formats=FORMATS, sections=SECTIONS)
    return folder


@pytest.fixture(scope="session")
def chinese(tmp_path_factory):
    folder = chinese_run(tmp_path_factory.mktemp("chinese"))
    write_report(folder, formats=FORMATS, sections=SECTIONS)
    return folder


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    folder = hostile_run(tmp_path_factory.mktemp("hostile"))
    write_report(folder, formats=FORMATS, sections=SECTIONS)
    return folder
