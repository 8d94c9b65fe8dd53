"""Worker processes of this machine."""

import gc
import time

import pytest

from harness.running.workers import LocalWorkers


@pytest.mark.parametrize("seconds", [0.6, 0.7, 0.8, 0.9])
def test_workers_with_calls_that_wait_end_without_an_error_in_a_thread(seconds):
    """More calls than are on their way to two workers, some of which have begun; warnings are errors."""
    with LocalWorkers(2).kept() as workers:
        for _ in range(40):
            workers.start(["slow_import"])
        time.sleep(seconds)


def test_workers_look_for_cycles_but_not_among_what_they_imported():
    with LocalWorkers(1).kept() as workers:
        workers.start(["decimal"])
        with workers.pool() as pool:
            assert pool.executor.submit(gc.isenabled).result(timeout=120)
            assert pool.executor.submit(gc.get_freeze_count).result(timeout=120) > 10_000
