"""Tasks that need others: their order, what a kept result spares, and what is passed on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from harness.estimators.guard import Attempt
from harness.running.checkpoints import CheckpointStore
from harness.running.dependence import Surroundings
from harness.running.graph import run_tasks
from harness.running.workers import LocalWorkers, ThisProcess
from harness.scenarios.conditional.scenario import ConditionalScenario
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.draws import cut_draws
from harness.scenarios.full_fit import FullTask, answer_in_process
from harness.scenarios.heterogeneity import HeterogeneityScenario
from harness.scenarios.scenario import Subject
from scenarios.least_squares import LeastSquares, crossed, grouped_panel
from watched import Watched, run_all

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


@pytest.mark.parametrize(("n_draws", "sizes"), [(40, [25, 15]), (200, [50] * 4), (1_000, [100] * 10)])
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
