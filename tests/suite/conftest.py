"""Two small suites that several tests look at; nobody writes into their folders."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from suite_runs import SUITE, run_suite_file, write_specs


@pytest.fixture(scope="session")
def small_suite(tmp_path_factory):
    """The folder of a suite of eight simulated panels and its file."""
    place = tmp_path_factory.mktemp("suite")
    write_specs(place)
    file = Path(place / "suite.yaml")
    with file.open("w") as stream:
        YAML().dump(SUITE, stream)
    return run_suite_file(file, place / "out"), file
