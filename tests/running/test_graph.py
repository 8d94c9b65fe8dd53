"""Tasks that need others, on workers that may be killed: their order, results, limits and what is told."""

import ctypes
import gc
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from subprocess import PIPE, Popen
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psutil
import pytest

import command
from harness import ArtifactError, MachineError
from harness.api import run_study
from harness.estimators.guard import Attempt, attempt
from harness.installed import installed
from harness.registry.choice import PluginChoice
from harness.registry.plugin import LocalFiles
from harness.running import cluster, cluster_worker, graph
from harness.running.checkpoints import CheckpointStore, decode
from harness.running.cluster import DaskWorkers
from harness.running.dependence import Environment
from harness.running.folder import RunFolder
from harness.running.graph import MAX_SHARED_ATTEMPTS, Job, execute, iter_results, run_tasks
from harness.running.isolation import run_on_one_thread
from harness.running.options import RunOptions
from harness.running.processes import imported_meanwhile
from harness.running.progress import SILENCE, Count, _Lines, _Renewed, progress
from harness.running.workers import CanStartEarly, LocalWorkers, ThisProcess
from harness.scenarios.conditional.scenario import ConditionalScenario
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.draws import cut_draws
from harness.scenarios.full_fit import FullTask, answer_in_process
from harness.scenarios.heterogeneity import HeterogeneityScenario
from harness.scenarios.scenario import Subject
from plugin_files import DISTANCES, NEAREST, write_tiny_study
from scenarios.least_squares import LeastSquares, crossed, grouped_panel
from worker_tasks import (
    Killed,
    Scattered,
    Sleeping,
    Square,
    Threads,
    Watched,
    run_all,
    versions_of_the_process,
)

SCENARIOS = {
    "curve": CurveScenario(draws=30, grid=4),
    "groups": HeterogeneityScenario(by="size", draws=10, grid=4),
    "surface": ConditionalScenario(moderator="m", draws=30, grid=4),
}


def task_on(panel, estimator, scenarios=SCENARIOS):
    return FullTask(Subject(panel, estimator, "ls", 1), scenarios, panel.exposure, 0.95)


def tables_of(result):
    return {
        (scenario, name): table
        for scenario, one in result.answers.items()
        for name, table in (one.value or {}).items()
    }


def test_blocks_cover_all_draws_once_whatever_the_rows():
    for n_draws, n_obs in ((1, 10), (200, 2457), (60, 10**6), (7, 10**9)):
        blocks = list(cut_draws(n_draws, n_obs=n_obs))
        assert [draw for block in blocks for draw in block] == list(range(n_draws))
        assert max(map(len, blocks)) * n_obs <= max(2**22, n_obs)


@pytest.mark.parametrize(("n_draws", "sizes"), [(40, [25, 15]), (200, [50] * 4), (1_000, [50] * 20)])
def test_many_draws_are_cut_into_few_blocks_and_at_least_four(n_draws, sizes):
    assert [len(block) for block in cut_draws(n_draws, n_obs=2457)] == sizes


def test_parts_on_workers_answer_as_the_fit_in_one_piece_and_as_the_scenarios():
    panel = grouped_panel(np.random.default_rng(2), lambda x, m: x * m)
    task, watched = task_on(panel, LeastSquares(crossed)), Watched()
    (found,) = run_all([task], workers=LocalWorkers(2), listener=watched)
    own = Subject(panel, LeastSquares(crossed), "ls", 1)
    expected = {name: answer_in_process(scenario, own) for name, scenario in SCENARIOS.items()}
    tables = tables_of(found)
    assert tables.keys() == tables_of(task.run()).keys()
    for (scenario, name), table in tables.items():
        assert table.equals(expected[scenario][name])
        assert table.equals(tables_of(task.run())[scenario, name])
    blocks = [label for label in watched.finished if " of 30 draws by entity" in label]
    assert sorted(blocks) == [
        f"outcome · ls · all rows · {some} of 30 draws by entity" for some in ("1 to 25", "26 to 30")
    ]
    assert watched.finished[-1] == watched.handed_out[-1] == task.label
    assert sorted(watched.handed_out) == sorted(watched.finished)


@dataclass(frozen=True)
class Prepares(LeastSquares):
    """Least squares whose draws have something in common, which it counts the finding of."""

    counted: tuple[list[int], ...] = ()

    def prepare_draws(self, panel, *, selection, rng):
        self.counted[0].append(panel.n_obs)
        return Prepared(LeastSquares(self.design), panel)


@dataclass(frozen=True)
class Prepared:
    estimator: LeastSquares
    panel: object

    def fit(self, weights, *, selection, rngs):
        return self.estimator.fit_draws(self.panel, weights=weights, selection=selection, rng=None)


def test_what_draws_have_in_common_is_found_once():
    panel = grouped_panel(np.random.default_rng(2), lambda x, m: x * m)
    counted = []
    estimator = Prepares(crossed, counted=(counted,))
    scenarios = {"curve": SCENARIOS["curve"], "surface": SCENARIOS["surface"]}
    (found,) = run_all([task_on(panel, estimator, scenarios)], workers=ThisProcess())
    assert counted == [panel.n_obs]
    plain = tables_of(task_on(panel, LeastSquares(crossed), scenarios).run())
    for key, table in tables_of(found).items():
        assert table.equals(plain[key])


def test_a_block_is_a_checkpoint_that_the_next_run_takes_up(tmp_path):
    panel = grouped_panel(np.random.default_rng(2), lambda x, m: x * m)
    task = task_on(panel, LeastSquares(crossed), {"curve": SCENARIOS["curve"]})
    kept = partial(
        run_tasks,
        store=CheckpointStore(tmp_path / "checkpoints"),
        environment=Environment({}, {}),
        workers=ThisProcess(),
        listener=Watched(),
    )
    _, *blocks = task.needs
    kept(blocks[1:])
    found = kept([task])
    assert (found.n_taken_up, found.anew) == (1, {"not finished before": 3})
    assert kept([task]).n_taken_up == 1
    plain = tables_of(task.run())
    for key, table in tables_of(found.results[0]).items():
        assert table.equals(plain[key])


@dataclass(frozen=True)
class RefusesDraws(LeastSquares):
    def fit_draws(self, panel, *, weights, selection, rng):
        raise ZeroDivisionError("one over zero")


@dataclass(frozen=True)
class Unprepared(Prepares):
    def prepare_draws(self, panel, *, selection, rng):
        raise ZeroDivisionError("one over zero")


@pytest.mark.parametrize("estimator", [RefusesDraws(crossed), Unprepared(crossed)])
def test_draws_that_fail_leave_the_fit_and_fail_the_answers(estimator):
    panel = grouped_panel(np.random.default_rng(2), lambda x, m: x * m)
    task = replace(task_on(panel, estimator), scenarios={"curve": SCENARIOS["curve"]})
    (found,) = run_all([task], workers=ThisProcess())
    (answer,) = found.answers.values()
    assert found.status == "ok"
    assert (answer.status, answer.reason) == ("failed", "ZeroDivisionError: one over zero")


def test_a_worker_that_dies_while_it_finds_what_draws_need_fails_their_answer_alone():
    panel = grouped_panel(np.random.default_rng(2), lambda x, m: x * m)
    task = task_on(panel, Prepares(crossed, counted=([],)), {"curve": SCENARIOS["curve"]})
    fit, *blocks = task.needs
    lost = blocks[0].prepare.failed("the worker died")
    assert isinstance(lost, Attempt)
    results = [fit.run(), *(block.given([lost]).run() for block in blocks)]
    (answer,) = task.given(results).run().answers.values()
    assert (answer.status, answer.reason) == ("failed", "the worker died")


def test_the_task_that_has_run_longest_is_what_runs_now():
    told = []
    count = Count(3, lambda *words: told.append(words), last="writing")
    count.begun("a")
    count.begun("b")
    count.done("a")
    count.done("b")
    count.done("kept by an earlier run")
    assert told == [(0, 3, "a"), (0, 3, "a"), (1, 3, "b"), (2, 3, "what follows b"), (3, 3, "writing")]


def said(capsys):
    return capsys.readouterr().err.splitlines()


def test_a_line_at_each_tenth_says_what_is_done_what_is_left_and_what_runs(capsys):
    lines = _Lines(0.0)
    for done in range(41):
        lines.tell(done, 40, f"task {done + 1}", moment=float(done))
    told = said(capsys)
    assert len(told) == 10
    assert told[0] == "4 of 40 done in 4 s, about 36 s left; now task 5"
    assert told[-1] == "40 of 40 done in 40 s; now task 41"


def test_results_that_were_taken_up_do_not_shorten_the_time_left(capsys):
    """60 of 100 are there after a second; each of the others takes ten."""
    lines = _Lines(0.0)
    for done in range(61):
        lines.tell(done, 100, f"task {done}", moment=done / 60)
    for done in range(61, 101):
        lines.tell(done, 100, f"task {done}", moment=1.0 + 10 * (done - 60))
    assert said(capsys)[-4:-1] == [
        "70 of 100 done in 2 min, about 5 min left; now task 70",
        "80 of 100 done in 3 min, about 3 min left; now task 80",
        "90 of 100 done in 5 min, about 2 min left; now task 90",
    ]


def test_a_long_task_is_not_silent(capsys):
    lines = _Lines(0.0)
    lines.tell(0, 3, "a slow one", moment=1.0)
    for moment in range(2, 200):
        lines.break_silence(float(moment))
    told = said(capsys)
    assert len(told) == 199 // SILENCE
    assert told[0] == "0 of 3 done in 20 s; now a slow one"
    assert told[-1] == "0 of 3 done in 3 min; now a slow one, for 3 min so far"


def test_in_a_notebook_one_line_renews_itself(capsys):
    line = _Renewed(0.0)
    line.tell(0, 3, "the longest of all tasks", moment=1.0)
    for moment in (1.5, 2.0):
        line.break_silence(moment)
    line.tell(3, 3, "done", moment=3.0)
    line.close()
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert [text.rstrip() for text in shown.split("\r")] == [
        "",
        "0 of 3 done in 2 s; now the longest of all tasks",
        "3 of 3 done in 3 s; now done",
    ]


def test_the_watcher_ends_with_the_run(capsys):
    with progress() as on_progress:
        on_progress(1, 1, "nothing")
    assert said(capsys) == ["1 of 1 done in 0 s; now nothing"]


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
    start = time.perf_counter()
    (found,) = done([Job(Sleeping(60.0, hears_nothing=True), 0.2)], LocalWorkers(1))
    assert found == "its limit of 0.2 s was reached"
    assert time.perf_counter() - start < 30.0


# What stays in compiled code for minutes, with the lock of the interpreter and without it.
STAYS = {
    "counting": "sum(range(10**11))",
    "singular values": "np.linalg.svd(np.random.default_rng(1).normal(size=(5_000, 5_000)))",
}


@pytest.mark.slow
@pytest.mark.parametrize("stays", STAYS.values(), ids=STAYS)
@pytest.mark.parametrize("options", [("--jobs", "1"), ("--jobs", "2", "--backend", "dask")], ids=" ".join)
def test_a_plugins_fit_that_stays_in_compiled_code_fails_by_its_limit(tmp_path, stays, options):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "knn.py").write_text(
        NEAREST.replace("return NearestFit", f"{stays}\n        return NearestFit")
    )
    spec = write_tiny_study(tmp_path, other="nearest, neighbours: 1")
    out, folder = tmp_path / "run", ("--plugins-folder", tmp_path / "plugins")
    words = ("--time-limit", 1, *options, "--set", "evaluation.protocols=[in_sample]", "--out", out)
    done = command.python("-m", "harness", *folder, "run", spec, "--quick", *words)
    assert done.returncode == 0, done.stderr
    found = RunFolder.open(out).read_table("accuracy").set_index("estimator")
    assert (found.loc["mean", "status"] == "ok").all()
    assert (found.loc["other", "status"] == "failed").all()
    assert found.loc["other", "reason"].str.endswith("its limit of 1 s was reached").all()


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


@pytest.mark.parametrize(("times", "n_jobs"), [(1, 1), (MAX_SHARED_ATTEMPTS, 2)])
def test_a_worker_that_is_killed_changes_no_result(tmp_path, times, n_jobs):
    tasks = [Killed(n, tmp_path, times) if n == 3 else Square(n) for n in range(12)]
    seen = []
    assert execute(tasks, workers=LocalWorkers(n_jobs), on_done=seen.append) == [n**2 for n in range(12)]
    assert sorted(seen) == [n**2 for n in range(12)]
    assert len(list(tmp_path.iterdir())) == times


def test_a_task_that_is_killed_each_time_is_an_error_that_names_it_after_all_others_are_done(tmp_path):
    tasks = [Square(1), Killed(2, tmp_path, 99), Square(3), Killed(4, tmp_path, 99), Square(5)]
    found = []
    with pytest.raises(ArtifactError, match="the last time with no other task alongside it") as error:
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


def test_workers_that_start_early_do_the_tasks_that_follow():
    with LocalWorkers(1).kept() as workers:
        assert isinstance(workers, CanStartEarly)
        workers.start(["worker_tasks", "no_such_module"])
        with workers.pool() as pool:
            first = pool.executor.submit(os.getpid).result(timeout=120)
        with workers.pool() as pool:
            assert pool.executor.submit(os.getpid).result(timeout=120) == first


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


# A scheduler closes its listener some time after it says so. One that ran in this process could leave it
# to the garbage collector, whose warning would fail whatever test runs then.
WITH_TESTS = {**os.environ, "PYTHONPATH": os.pathsep.join([str(command.ROOT / "tests"), *sys.path])}
CLUSTER = """
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        print(cluster.scheduler_address, flush=True)
        input()
"""
STARTED_HERE = """
from harness.running.cluster import DaskWorkers
from harness.running.graph import execute
from worker_tasks import Square

if __name__ == "__main__":
    tasks = (Square(n) for n in range(4))
    print(execute(tasks, workers=DaskWorkers(None, 1), on_done=lambda _: None))
"""


@pytest.fixture(scope="module")
def address():
    process = Popen([sys.executable, "-c", CLUSTER], stdin=PIPE, stdout=PIPE, text=True, env=WITH_TESTS)
    yield process.stdout.readline().strip()
    process.communicate("\n")


def test_a_worker_of_a_cluster_that_is_killed_changes_no_result_and_each_is_announced_once(address, tmp_path):
    tasks, seen = [Killed(n, tmp_path, 1) if n == 3 else Square(n) for n in range(12)], []
    results = execute(tasks, workers=DaskWorkers(address, 1), on_done=seen.append)
    assert results == sorted(seen) == [n**2 for n in range(12)]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_cluster_started_here_gives_the_same_numbers_and_ends():
    assert command.python("-c", STARTED_HERE, env=WITH_TESTS, check=True).stdout == "[0, 1, 4, 9]\n"


@pytest.mark.slow
def test_a_cluster_whose_last_worker_is_gone_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(cluster, "SECONDS_WITHOUT", 2)
    monkeypatch.setattr(graph, "LOOK", 0.5)
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as found:
        timer = threading.Timer(2.0, lambda: found.scale(0))
        timer.start()
        with pytest.raises(MachineError, match="no worker has been there for 2 seconds"):
            execute([Sleeping(60.0)], workers=DaskWorkers(found.scheduler_address, 1), on_done=lambda _: None)
        timer.join()


def test_no_worker_is_an_error_after_a_while_and_not_before(monkeypatch):
    workers = {}
    presence = cluster._Presence(SimpleNamespace(nthreads=lambda: workers), "here")
    presence.require()
    monkeypatch.setattr(cluster, "SECONDS_WITHOUT", 0)
    with pytest.raises(MachineError, match="no worker"):
        presence.require()
    workers["tcp://1"] = 1
    presence.require()


def test_workers_of_several_threads_are_refused():
    of_two = SimpleNamespace(nthreads=lambda: {"tcp://1": 2}, run=lambda call, **_: {"tcp://1": call()})
    with pytest.raises(ArtifactError, match="has 2 threads") as error:
        cluster._require_alike(of_two)
    assert "--nthreads 1" in error.value.hint


def test_workers_of_other_versions_are_refused(address, monkeypatch):
    monkeypatch.setattr(cluster_worker, "versions", versions_of_the_process)
    with pytest.raises(ArtifactError, match="has python"):
        execute([Square(1)], workers=DaskWorkers(address, 1), on_done=lambda _: None)


@pytest.mark.parametrize(
    ("address", "answer", "what"),
    [
        ("tcp://127.0.0.1:1", None, "nothing can be reached there"),
        ("tcp://{here}", b"", "what listens there says nothing"),
        ("tcp://{here}", b"HTTP/1.0 400 Bad", "what listens there answers b'HTTP/1.0 400 Bad'"),
        ("tls://{here}", b"", "the address is not of the form tcp://HOST:PORT"),
    ],
    ids=["nothing", "silence", "another server", "another protocol"],
)
def test_what_is_no_scheduler_is_named_in_the_time_that_one_has(monkeypatch, address, answer, what):
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 0.5)
    monkeypatch.setattr(cluster, "SECONDS_TO_SPEAK", 0.2)
    held = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen():
            with suppress(OSError):
                while True:
                    held.append(listening.accept()[0])
                    held[-1].sendall(answer)

        if answer is not None:
            threading.Thread(target=listen, daemon=True).start()
        here = f"127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(ArtifactError, match="no scheduler with a worker answers") as error:
            execute([Square(1)], workers=DaskWorkers(address.format(here=here), 1), on_done=lambda _: None)
    assert what in error.value.what
    assert "dask worker" in error.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("is_trusted", [False, True])
def test_a_plugin_of_a_folder_that_workers_of_a_cluster_lack_is_fitted_there(address, tmp_path, is_trusted):
    (tmp_path / "here").mkdir()
    # Of another name each time: a module stays in its process.
    (tmp_path / "here" / f"knn_{is_trusted}.py").write_text(NEAREST)
    (tmp_path / "here" / "_distances.py").write_text(DISTANCES)
    spec = write_tiny_study(tmp_path, other="nearest, neighbours: 1")
    choice = PluginChoice(folder=tmp_path / "here")
    options = RunOptions(spec, plugins=choice, out=tmp_path / "one", quick=True, trust_plugins=is_trusted)
    one = run_study(options).read_table("accuracy")
    registry = installed(choice)
    send = replace(options, scheduler=address).apart(registry)
    away = LocalFiles.of(choice.folder)
    lacking = partial(send, files=replace(away, folder=str(tmp_path / "nowhere")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunOptions, "apart", lambda *_: lacking)
        two = run_study(replace(options, out=tmp_path / "two", scheduler=address)).read_table("accuracy")
    assert (one["status"] == "ok").all()
    pd.testing.assert_frame_equal(one, two)


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
