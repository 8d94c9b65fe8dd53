"""What tests of several folders share."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from small_run import run_small

# How long an example takes depends on what else the machine does; speed is for the benchmarks.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """The result of one small study; nobody writes into its folder."""
    return run_small(tmp_path_factory.mktemp("small") / "run")
