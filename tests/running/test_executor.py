"""Tasks in worker processes, and workers that are killed."""

from __future__ import annotations

import ctypes

import psutil
import pytest

from harness import ArtifactError
from harness.running.executor import MAX_SHARED_ATTEMPTS, execute, iter_results
from harness.running.isolation import run_on_one_thread
from harness.running.workers import CanStartEarly, LocalWorkers, ThisProcess
from worker_tasks import Growing, Killed, Scattered, Square, Threads

TWO = LocalWorkers(2)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks_each_announced_once(n_jobs):
    seen = []
    results = execute((Square(n) for n in range(20)), workers=LocalWorkers(n_jobs), on_done=seen.append)
    assert results == [n**2 for n in range(20)]
    assert sorted(seen) == results


def test_tasks_are_done_in_their_order():
    done = iter_results((Square(n) for n in range(6)), workers=ThisProcess())
    assert [position for position, _ in done] == list(range(6))


@pytest.mark.parametrize("times", [1, MAX_SHARED_ATTEMPTS], ids=["once", "each time but alone"])
def test_a_worker_that_is_killed_changes_no_result(tmp_path, times):
    tasks = [Killed(n, tmp_path, times) if n == 3 else Square(n) for n in range(12)]
    seen = []
    assert execute(tasks, workers=TWO, on_done=seen.append) == [n**2 for n in range(12)]
    assert sorted(seen) == [n**2 for n in range(12)]
    assert len(list(tmp_path.iterdir())) == times


def test_a_task_that_is_killed_each_time_is_an_error_that_names_it_after_all_others_are_done(tmp_path):
    tasks = [Square(1), Killed(2, tmp_path, 99), Square(3), Killed(4, tmp_path, 99), Square(5)]
    found = []
    with pytest.raises(ArtifactError, match="the last time with no other task beside it") as error:
        found.extend(result for _, result in iter_results(tasks, workers=TWO))
    assert sorted(found) == [1, 9, 25]
    assert {problem.where for problem in error.value.problems} == {"square of 2", "square of 4"}
    assert "--resume" in error.value.hint
    assert 1 <= len(list(tmp_path.glob("2-*"))) <= MAX_SHARED_ATTEMPTS + 1  # it may wait while the other dies


def test_few_tasks_wait_in_memory():
    taken = []

    def tasks():
        for number in range(30):
            taken.append(number)
            yield Square(number)

    results = iter_results(tasks(), workers=TWO)
    next(results)
    assert len(taken) <= 5
    results.close()


def test_libraries_that_a_task_loads_are_held_to_one_thread_in_workers():
    assert execute([Threads(), Threads()], workers=TWO, on_done=lambda _: None) == [1, 1]


def test_a_worker_stays_whose_memory_grows_as_with_the_libraries_that_tasks_import():
    tasks = [Growing(1), Growing(500_000_000), Growing(1)]
    assert len(set(execute(tasks, workers=LocalWorkers(1), on_done=lambda _: None))) == 1


def test_workers_that_start_early_do_the_tasks_that_follow():
    with LocalWorkers(1).kept() as workers:
        assert isinstance(workers, CanStartEarly)
        workers.start(["worker_tasks", "no_such_module"])
        first = execute([Growing(1)], workers=workers, on_done=lambda _: None)
        assert execute([Growing(1)], workers=workers, on_done=lambda _: None) == first


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library gives back by itself"
)
def test_a_long_task_leaves_no_memory_that_it_freed(monkeypatch):
    monkeypatch.setattr("harness.running.isolation.LONG", 0.0)
    process = psutil.Process()
    run_on_one_thread(Scattered(n_pieces=1, size=1))  # gives back what earlier tests freed
    before = process.memory_info().rss
    held = run_on_one_thread(Scattered(n_pieces=3000, size=100_000))
    assert held > before + 200e6
    assert process.memory_info().rss < before + 60e6
