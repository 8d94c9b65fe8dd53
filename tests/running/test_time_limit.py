"""Tasks whose time is over."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from harness.estimators.guard import attempt
from harness.running.checkpoints import decode
from harness.running.executor import execute
from harness.running.graph import Job
from harness.running.workers import LocalWorkers, ThisProcess
from worker_tasks import Sleeping


@dataclass(frozen=True)
class Stubborn:
    """Catches whatever ends its first sleep."""

    label: str = "stubborn"

    def run(self):
        tried = attempt(lambda: time.sleep(60.0))
        return f"went on after {tried.reason}"

    def failed(self, reason):
        return reason


def done(tasks, workers):
    """Run jobs, and return what their tasks returned."""
    return [decode(found) for found in execute(tasks, workers=workers, on_done=lambda _: None)]


def test_a_task_that_sleeps_for_ever_ends_and_others_are_kept():
    start = time.perf_counter()
    found = done([Job(Sleeping(60.0), 0.3), Job(Sleeping(0.0), 30.0)], LocalWorkers(1))
    assert found == ["its limit of 0.3 s was reached", "slept"]
    assert time.perf_counter() - start < 30.0


def test_a_guarded_call_does_not_take_the_end_of_its_time_for_a_failure():
    assert done([Job(Stubborn(), 0.1)], ThisProcess()) == ["its limit of 0.1 s was reached"]


def test_what_follows_a_limited_task_has_its_own_time():
    tasks = [Job(Sleeping(0.0), 0.2), Job(Sleeping(0.4)), Job(Sleeping(0.3), 10.0)]
    assert done(tasks, ThisProcess()) == ["slept"] * 3


@pytest.mark.slow
def test_a_worker_that_does_not_come_back_to_python_is_ended():
    (found,) = done([Job(Sleeping(60.0, hears_nothing=True), 0.2)], LocalWorkers(1))
    assert "the worker process died each of the 3 times" in found
