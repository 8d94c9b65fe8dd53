"""The run of wages whose findings tests look at."""

import pytest

from harness.findings.run import read_run
from report.fake_run import wage_run


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    return read_run(wage_run(tmp_path_factory.mktemp("findings") / "run"))
