"""Tasks whose time is over."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from harness.estimators.guard import attempt
from harness.running.executor import execute
from harness.running.isolation import Limited, TimeLimits
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


def test_a_task_that_sleeps_for_ever_ends_and_others_are_kept():
    tasks = [Limited(Sleeping(60.0), 0.3), Limited(Sleeping(0.0), 30.0)]
    start = time.perf_counter()
    found = execute(tasks, workers=LocalWorkers(1), on_done=lambda _: None)
    assert found == ["its limit of 0.3 s was reached", "slept"]
    assert time.perf_counter() - start < 30.0


def test_a_guarded_call_does_not_take_the_end_of_its_time_for_a_failure():
    assert execute([Limited(Stubborn(), 0.1)], workers=ThisProcess(), on_done=lambda _: None) == [
        "its limit of 0.1 s was reached"
    ]


def test_what_follows_a_limited_task_has_its_own_time():
    tasks = [Limited(Sleeping(0.0), 0.2), Sleeping(0.4), Limited(Sleeping(0.3), 10.0)]
    assert execute(tasks, workers=ThisProcess(), on_done=lambda _: None) == ["slept"] * 3


def test_an_estimator_s_own_limit_takes_the_place_of_the_general_one():
    limits = TimeLimits(60.0, {"rab": 600.0})
    assert (limits.of("rab"), limits.of("ols"), TimeLimits(None, {}).of("ols")) == (600.0, 60.0, None)


@pytest.mark.slow
def test_a_worker_that_does_not_come_back_to_python_is_ended(monkeypatch):
    stuck = Limited(Sleeping(60.0, hears_nothing=True), 0.2)
    (found,) = execute([stuck], workers=LocalWorkers(1), on_done=lambda _: None)
    assert "the worker process died each of the 3 times" in found
