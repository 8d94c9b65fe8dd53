"""Tasks on a dask cluster."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from harness import ArtifactError, MachineError
from harness.running import cluster, executor
from harness.running.cluster import DaskWorkers
from harness.running.executor import execute
from worker_tasks import Killed, Sleeping, Square, versions_of_the_process

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as found:
        yield found.scheduler_address


def test_results_come_in_the_order_of_the_tasks_each_announced_once(address):
    seen = []
    results = execute((Square(n) for n in range(20)), workers=DaskWorkers(address, 1), on_done=seen.append)
    assert results == [n**2 for n in range(20)]
    assert sorted(seen) == results


def test_a_worker_that_is_killed_changes_no_result(address, tmp_path):
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
