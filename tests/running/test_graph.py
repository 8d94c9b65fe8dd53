"""Tasks that need others: their order, what a kept result spares, and what is passed on."""

import time
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from harness.estimators.guard import Attempt, attempt
from harness.running.checkpoints import CheckpointStore, decode
from harness.running.dependence import Surroundings
from harness.running.executor import execute
from harness.running.graph import Job, run_tasks
from harness.running.progress import SILENCE, Count, _Lines, progress
from harness.running.workers import LocalWorkers, ThisProcess
from harness.scenarios.conditional.scenario import ConditionalScenario
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.draws import cut_draws
from harness.scenarios.full_fit import FullTask, answer_in_process
from harness.scenarios.heterogeneity import HeterogeneityScenario
from harness.scenarios.scenario import Subject
from scenarios.least_squares import LeastSquares, crossed, grouped_panel
from worker_tasks import Sleeping, Watched, run_all

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
        surroundings=Surroundings({}, {}),
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


def test_a_long_task_is_not_silent(capsys):
    lines = _Lines(0.0)
    lines.tell(0, 3, "a slow one", moment=1.0)
    for moment in range(2, 200):
        lines.break_silence(float(moment))
    told = said(capsys)
    assert len(told) == 199 // SILENCE
    assert told[0] == "0 of 3 done in 30 s; now a slow one"
    assert told[-1] == "0 of 3 done in 3 min; now a slow one"


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
    (found,) = done([Job(Sleeping(60.0, hears_nothing=True), 0.2)], LocalWorkers(1))
    assert "the worker process died each of the 3 times" in found
