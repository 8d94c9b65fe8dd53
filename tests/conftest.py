"""What tests of several folders share."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from command import do_tasks_here
from harness.cli import NEW_OBJECTS
from small_run import run_least, run_small

# How long an example takes depends on what else the machine does; speed is for the benchmarks. The default
# run takes the same examples every time; the slow one goes on drawing, and what it finds becomes a test.
settings.register_profile("drawn", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", settings.get_profile("drawn"), max_examples=5_000)
settings.register_profile("same", settings.get_profile("drawn"), derandomize=True, max_examples=40)
settings.load_profile(os.environ.get("HARNESS_EXAMPLES", "same"))

# A command that is not told how many workers to start takes one: other tests run beside it on the same cores.
os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")

do_tasks_here()

# As the command has it, which a study here is as slow without.
gc.set_threshold(NEW_OBJECTS)


def pytest_collection_finish():
    """Look for cycles among what tests make, not among modules and tests, which stay."""
    gc.freeze()


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """The result of one small study; nobody writes into its folder."""
    return run_small(tmp_path_factory.mktemp("small") / "run")


@pytest.fixture(scope="session")
def least_run(tmp_path_factory):
    """The result of the least study, which is verified in a moment; nobody writes into its folder."""
    return run_least(tmp_path_factory.mktemp("least") / "run")
