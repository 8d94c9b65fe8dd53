"""Tasks in worker processes, and workers that are killed."""

import ctypes
import gc
import os
import sys
import threading
import time
from types import SimpleNamespace

import psutil
import pytest

from harness import ArtifactError, MachineError
from harness.running import cluster, executor
from harness.running.cluster import DaskWorkers
from harness.running.executor import MAX_SHARED_ATTEMPTS, execute, iter_results
from harness.running.isolation import run_on_one_thread
from harness.running.workers import CanStartEarly, LocalWorkers, ThisProcess, imported_meanwhile
from worker_tasks import Growing, Killed, Scattered, Sleeping, Square, Threads, versions_of_the_process

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


@pytest.mark.parametrize("seconds", [0.1, 0.3])
def test_workers_with_calls_that_wait_end_without_an_error_in_a_thread(seconds):
    """More calls than are on their way to two workers, some of which have begun; warnings are errors."""
    with LocalWorkers(2).kept() as workers, workers.pool() as pool:
        for _ in range(40):
            pool.executor.submit(time.sleep, 0.05)
        time.sleep(seconds)


@pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux alone")
def test_workers_are_copies_of_one_process_with_one_thread_that_imports_nothing_of_the_folder(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    trap = "from pathlib import Path\nPath('trapped').touch()\nraise ImportError\n"
    (tmp_path / "numpy.py").write_text(trap, encoding="utf-8")
    with LocalWorkers(2).kept() as workers:
        workers.start(["decimal", "numpy"])
        with workers.pool() as pool:
            found = [pool.executor.submit(os.getppid) for _ in range(8)]
            (server,) = {one.result(timeout=120) for one in found}
            assert len(os.listdir(f"/proc/{server}/task")) == 1  # noqa: PTH208 - of no folder
    assert server != os.getpid()
    assert not psutil.pid_exists(server)
    assert not (tmp_path / "trapped").exists()


def test_workers_look_for_cycles_but_not_among_what_they_imported():
    with LocalWorkers(1).kept() as workers:
        workers.start(["decimal"])
        with workers.pool() as pool:
            assert pool.executor.submit(gc.isenabled).result(timeout=120)
            assert pool.executor.submit(gc.get_freeze_count).result(timeout=120) > 10_000


distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as found:
        yield found.scheduler_address


def test_results_of_a_cluster_come_in_the_order_of_the_tasks_each_announced_once(address):
    seen = []
    results = execute((Square(n) for n in range(20)), workers=DaskWorkers(address, 1), on_done=seen.append)
    assert results == [n**2 for n in range(20)]
    assert sorted(seen) == results


def test_a_worker_of_a_cluster_that_is_killed_changes_no_result(address, tmp_path):
    tasks = [Killed(n, tmp_path, 1) if n == 3 else Square(n) for n in range(12)]
    results = execute(tasks, workers=DaskWorkers(address, 1), on_done=lambda _: None)
    assert results == [n**2 for n in range(12)]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_cluster_started_here_gives_the_same_numbers_and_ends(tmp_path):
    tasks = [Killed(n, tmp_path, 1) if n == 1 else Square(n) for n in range(4)]
    assert execute(tasks, workers=DaskWorkers(None, 1), on_done=lambda _: None) == [0, 1, 4, 9]


@pytest.mark.slow
def test_a_cluster_whose_last_worker_is_gone_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(cluster, "SECONDS_WITHOUT", 2)
    monkeypatch.setattr(executor, "LOOK", 0.5)
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as found:
        timer = threading.Timer(2.0, lambda: found.scale(0))
        timer.start()
        with pytest.raises(MachineError, match="no worker has been there for 2 seconds"):
            execute([Sleeping(60.0)], workers=DaskWorkers(found.scheduler_address, 1), on_done=lambda _: None)
        timer.join()


def test_no_worker_is_an_error_after_a_while_and_not_before(monkeypatch):
    workers = {}
    presence = cluster._Presence(SimpleNamespace(nthreads=lambda: workers))
    presence.require()
    monkeypatch.setattr(cluster, "SECONDS_WITHOUT", 0)
    with pytest.raises(MachineError, match="no worker"):
        presence.require()
    workers["tcp://1"] = 1
    presence.require()


def test_workers_of_several_threads_are_refused():
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=":0") as found,
        pytest.raises(ArtifactError, match="has 2 threads") as error,
    ):
        execute([Square(1)], workers=DaskWorkers(found.scheduler_address, 1), on_done=lambda _: None)
    assert "--nthreads 1" in error.value.hint


def test_workers_of_other_versions_are_refused(address, monkeypatch):
    monkeypatch.setattr(cluster, "versions", versions_of_the_process)
    with pytest.raises(ArtifactError, match="has python"):
        execute([Square(1)], workers=DaskWorkers(address, 1), on_done=lambda _: None)


def test_no_scheduler_is_an_error_that_says_how_to_start_one(monkeypatch):
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 1)
    with pytest.raises(ArtifactError, match="no scheduler") as error:
        execute([Square(1)], workers=DaskWorkers("tcp://127.0.0.1:1", 1), on_done=lambda _: None)
    assert "dask worker" in error.value.hint


RARE = "xml.dom.pulldom"


@pytest.fixture
def absent(monkeypatch):
    monkeypatch.delitem(sys.modules, RARE, raising=False)


def test_one_that_is_missing_is_left_to_whoever_needs_it_and_those_before_it_are_there(absent):
    with imported_meanwhile([RARE, "no.module.of.this.name"]):
        done = sum(range(10))
    assert done == 45
    assert RARE in sys.modules


def test_what_the_block_raises_comes_out_once_the_modules_are_there(absent):
    with pytest.raises(KeyError, match="own"), imported_meanwhile([RARE]):
        raise KeyError("own")
    assert RARE in sys.modules
