"""What tests of several folders share."""

from __future__ import annotations

import pytest

from small_run import run_small


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """The result of one small study; nobody writes into its folder."""
    return run_small(tmp_path_factory.mktemp("small") / "run")
