"""What a plan costs: counts of tasks, draws by a straight line, time by workers."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from command import printed
from harness.api import prepare_study
from harness.data.read.files import frame_file
from harness.preflight.cost import (
    LARGER,
    ConclusionCost,
    RunCost,
    TaskCost,
    fewer_draws,
    iter_task_costs,
    share_within,
    span,
)
from harness.running.options import RunOptions
from harness.running.plan import MOST_ROWS, sampled_rows
from harness.running.varied import greatest
from harness.scenarios.curve.scenario import CurveScenario
from harness.study.spec.document import written_spec
from harness_rab.rab import Rab
from harness_sklearn import Splines
from panels import wave_panel
from small_run import SPEC, grunfeld

EACH, ONCE = 0.004, 0.02


class Clock:
    """A clock that only work moves."""

    seconds: ClassVar[float] = 0.0

    @classmethod
    def time(cls):
        return cls.seconds


@dataclass(frozen=True)
class Busy:
    """An estimator whose fits take a known time by the clock: some once, some for each draw."""

    name: ClassVar[str] = "busy"
    provides: ClassVar[frozenset[type]] = frozenset()
    draws: int = 400

    def fit(self, panel, *, rng, selection=None):
        Clock.seconds += ONCE + EACH * self.draws
        return self

    def predict(self, panel):
        return np.zeros(panel.n_obs)


@pytest.fixture(scope="module")
def plan():
    spec = written_spec(SPEC)
    return prepare_study(RunOptions(spec=spec, data=frame_file(grunfeld()))).plan


def test_every_task_of_a_plan_is_counted_once(plan):
    idle = with_busy(plan, draws=0)
    counted = list(iter_task_costs(idle, on_probe=[].append))
    assert sum(one.count for one in counted) == idle.n_tasks > len(counted)


def with_busy(plan, *, draws):
    entries = tuple(
        entry.model_copy(update={"estimator": Busy(draws=draws)}) for entry in plan.study.estimators
    )
    return replace(
        plan, varied=(), study=plan.study.model_copy(update={"estimators": entries, "scenarios": ()})
    )


def test_all_draws_are_told_from_a_few(plan, monkeypatch):
    monkeypatch.setattr("harness.preflight.cost.process_time", Clock.time)
    told = []
    for one in iter_task_costs(with_busy(plan, draws=400), on_probe=told.append):
        assert one.seconds == pytest.approx(ONCE + 400 * EACH)
    assert len(told) == 2 * len(plan.study.estimators)


N_ROWS, ROW, DRAWN_ROW = 160_000, 1e-6, 1e-7


@dataclass(frozen=True)
class BusyByRow(Busy):
    """The same, with a time for each row, once and in each draw; it counts the rows that it is given."""

    fitted: ClassVar[list[int]] = []

    def fit(self, panel, *, rng, selection=None):
        BusyByRow.fitted.append(panel.n_obs)
        Clock.seconds += ONCE / 10 + ROW * panel.n_obs + DRAWN_ROW * panel.n_obs * self.draws
        return self


def test_a_large_plan_is_tried_on_few_rows_and_extrapolated(monkeypatch):
    monkeypatch.setattr("harness.preflight.cost.process_time", Clock.time)
    entity, year = np.divmod(np.arange(N_ROWS), 10)
    x, y = np.random.default_rng(0).normal(size=(2, N_ROWS))
    frame = pd.DataFrame({"id": entity, "year": 2000 + year, "x": x, "y": y})
    spec = {"spec_version": 1, "study": "large", "data": {}, "estimators": ["pooled_ols", "between"]}
    spec |= {"roles": {"entity": "id", "time": "year", "outcomes": ["y"], "exposure": "x"}}
    spec |= {"evaluation": {"protocols": ["in_sample"]}}
    whole = prepare_study(RunOptions(spec=written_spec(spec), data=frame_file(frame))).plan
    entries = [one.model_copy(update={"estimator": BusyByRow(draws=400)}) for one in whole.study.estimators]
    busy = replace(whole, study=whole.study.model_copy(update={"estimators": tuple(entries)}))
    told = list(iter_task_costs(busy, on_probe=[].append))
    assert len(told) == 2 * len(entries)
    assert BusyByRow.fitted == ([LARGER * MOST_ROWS] * 3 + [MOST_ROWS] * 3) * len(told)
    for one in told:
        assert one.seconds == pytest.approx(ONCE / 10 + N_ROWS * (ROW + 400 * DRAWN_ROW))
    assert busy.describe().endswith(f"fits in all: {2 * len(entries)}")


def test_a_sample_of_few_entities_has_their_late_periods():
    kept = sampled_rows(wave_panel(n_entities=20, n_periods=100), 500)
    assert kept.size == 500
    assert set(kept % 100) == set(range(75, 100))


def test_the_greatest_draws_are_found_within_nested_estimators():
    assert greatest(Rab(base=Splines(), draws=70), "draws") == 70
    assert greatest(CurveScenario(draws=30), "draws") == 30
    assert greatest(Splines(), "draws") == 0


def test_time_is_shared_by_workers_down_to_the_longest_task():
    tasks = (TaskCost("a", 10, 2.0), TaskCost("b", 1, 12.0))
    told = RunCost(start=3.0, probed=tasks, conclusion=ConclusionCost(5.0, 0.0), peak=5e8, rows=(9, 9))
    assert told.seconds(1) == 3 + 32 + 5
    assert told.seconds(2) == 3 + 16 + 5
    assert told.seconds(16) == 3 + 12 + 5
    text = told.describe(2)
    assert text.splitlines()[0].startswith("about 24 s with 2 worker")
    assert "20 s: 10 x like a" in text
    assert "about 0.5 GB of memory" in text


def test_draws_are_cut_to_what_fits_into_a_time():
    tasks = (TaskCost("a", 10, 2.0), TaskCost("b", 2, 52.0, of_draws=50.0))
    told = RunCost(start=3.0, probed=tasks, conclusion=ConclusionCost(5.0, 0.0), peak=5e8, rows=(9, 9))
    # What is no draw takes 3 + 24 / 2 + 5 s with two workers, and a per cent of the draws half a second.
    assert told.seconds(2) == 70.0
    assert told.seconds(2, draws=0.5) == 45.0
    assert share_within(told, 70.0, n_jobs=2) == 1.0
    assert share_within(told, 45.2, n_jobs=2) == 0.5
    assert share_within(told, 20.6, n_jobs=2) == 0.01
    assert share_within(told, 20.4, n_jobs=2) == 0.0


SHORT = """
spec_version: 1
study: short
data: {simulate: {use: inverted_u, n_entities: 20, n_periods: 4}}
roles: {entity: city, time: year, outcomes: outcome, exposure: exposure}
estimators: [pooled_ols, {id: net, use: rab, base: {use: splines}, draws: 30}]
evaluation: {reference: pooled_ols, protocols: [in_sample]}
scenarios: [curve, {id: again, use: curve, draws: 90, grid: 5}]
"""


def test_the_command_with_fewer_draws_is_one_that_runs(tmp_path):
    (tmp_path / "short.yaml").write_text(SHORT, encoding="utf-8")
    prepared = prepare_study(RunOptions(tmp_path / "short.yaml"))
    found = tuple(fewer_draws(prepared, 0.1))
    assert found == (
        "estimators[net].draws=3",
        "scenarios[curve]={use: curve, draws: 20}",
        "scenarios[again].draws=9",
    )
    cut = prepare_study(RunOptions(tmp_path / "short.yaml", overrides=found)).plan.study
    assert [entry.scenario.draws for entry in cut.scenarios] == [20, 9]
    assert cut.estimators[1].estimator.draws == 3


@pytest.mark.parametrize(
    ("minutes", "told"), [("0.00001", "no draws"), ("1000", "within 1000 min: all draws")]
)
def test_the_command_says_what_fits_into_minutes(tmp_path, minutes, told):
    (tmp_path / "short.yaml").write_text(SHORT, encoding="utf-8")
    words = ["plan", tmp_path / "short.yaml", "--set", "estimators=[pooled_ols]", "--within", minutes]
    assert told in printed(*words).splitlines()[-1]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (90, "90 s"), (150, "2 min"), (9000, "2 h"), (2e5, "2 days")]
)
def test_times_are_written_in_a_unit_that_suits_them(seconds, text):
    assert span(seconds) == text


def test_the_command_says_time_and_memory(tmp_path):
    text = Path(__file__).parents[2].joinpath("specs/grunfeld.yaml").read_text(encoding="utf-8")
    (tmp_path / "grunfeld.yaml").write_text(text, encoding="utf-8")
    small = ["--set", "estimators=[pooled_ols, fixed_effects]", "--set", "evaluation.reference=pooled_ols"]
    small += ["--set", "scenarios=[]", "--set", "expect=[]", "--jobs", "2"]
    small += ["--set", "evaluation.further_references=[]", "--set", "multiverse=null"]
    text = printed("plan", tmp_path / "grunfeld.yaml", *small)
    assert "fits in all" in text
    assert "with 2 worker processes" in text
    assert "GB of memory in the process that takes most" in text
    assert "worker process" not in printed("plan", tmp_path / "grunfeld.yaml", *small, "--list-only")
