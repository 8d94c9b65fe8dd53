"""Runs that are written and reported once for all tests of the report."""

from __future__ import annotations

import pytest

from harness.findings.run import read_run
from harness.report.write import Reporter
from report.all_sections import SECTIONS
from report.fake_run import chinese_run, hostile_run, wage_run

FORMATS = ("html", "latex")


@pytest.fixture(scope="session")
def wage(tmp_path_factory):
    folder = wage_run(tmp_path_factory.mktemp("wage"))
    Reporter(SECTIONS).write(folder, FORMATS)
    return folder


@pytest.fixture(scope="session")
def run(wage):
    return read_run(wage)


@pytest.fixture(scope="session")
def chinese(tmp_path_factory):
    folder = chinese_run(tmp_path_factory.mktemp("chinese"))
    Reporter(SECTIONS).write(folder, FORMATS)
    return folder


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    folder = hostile_run(tmp_path_factory.mktemp("hostile"))
    Reporter(SECTIONS).write(folder, FORMATS)
    return folder
