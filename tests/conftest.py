"""What tests of several folders share."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from small_run import run_small

# How long an example takes depends on what else the machine does; speed is for the benchmarks.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# A command that is not told how many workers to start takes one: other tests run beside it on the same cores.
os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """The result of one small study; nobody writes into its folder."""
    return run_small(tmp_path_factory.mktemp("small") / "run")
