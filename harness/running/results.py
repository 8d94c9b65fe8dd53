"""Everything that the tasks of a study returned, and the answers of scenarios in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from time import perf_counter
from typing import Protocol

import pandas as pd

from harness.arrays import Floats
from harness.data.build import PanelBuilder
from harness.data.panel import Panel
from harness.estimators.guard import Attempt, Status, attempt
from harness.evaluation.fold_fit import FoldResult
from harness.evaluation.losses import SAMPLES
from harness.rng import random_stream
from harness.running.checkpoints import TaskResult
from harness.running.isolation import one_thread
from harness.running.plan import Plan
from harness.running.prepare import Prepared
from harness.scenarios.full_fit import FullResult
from harness.scenarios.scenario import (
    ALL_ROWS,
    AsksRows,
    ComparesRespondents,
    Found,
    Subject,
    Tables,
    WorksInParts,
    framed,
)
from harness.scenarios.task import PartResult
from harness.study.spec.study import Study
from harness.tables.table import placed

# Why an estimator with `rows` has no accuracy and no gain.
OTHER_ROWS = "fitted on rows of its own, and gains are over the same rows"


class TableStore(Protocol):
    """What keeps the tables of a run."""

    def write_table(self, name: str, frame: pd.DataFrame, /) -> None:
        """Keep a tidy table."""

    def read_table(self, name: str, /) -> pd.DataFrame:
        """Return a table as read from its file; an empty frame without columns where there is none."""

    def write_parquet(self, name: str, frame: pd.DataFrame, /) -> None:
        """Keep a large table."""

    def read_parquet(self, name: str, /) -> pd.DataFrame:
        """Return a large table as `read_table` does."""


@dataclass(frozen=True)
class MissingCell:
    """A cell of the comparison that has no predictions, and why."""

    outcome: str
    estimator: str
    protocol: str
    status: Status
    reason: str


@dataclass(frozen=True, eq=False)
class RunResults:
    """Everything that the tasks of a study returned.

    Attributes
    ----------
    prepared : the study as it ran
    folds, fulls : results, in the order of the tasks; folds of variations are among them
    in_parts : answers that were put together from parts, or that rows alone give
    varied_fulls : results of the steps of a ladder of methods
    """

    prepared: Prepared
    folds: Sequence[FoldResult]
    fulls: Sequence[FullResult]
    in_parts: Sequence[AnswerInParts] = ()
    varied_fulls: Sequence[FullResult] = ()

    @property
    def study(self) -> Study:
        """The study as it ran."""
        return self.prepared.plan.study

    @property
    def panels(self) -> PanelBuilder:
        """Builder of the panels."""
        return self.prepared.panels

    @property
    def refused(self) -> Iterator[MissingCell]:
        """The cells of protocols that the panel is too small for, and of estimators on other rows."""
        plan = self.prepared.plan
        for split in plan.splits:
            for outcome in self.outcomes:
                for entry in plan.study.estimators:
                    if not split.folds or entry.id in plan.rows:
                        reason = OTHER_ROWS if split.folds else split.reason
                        yield MissingCell(outcome, entry.id, split.entry.id, "refused", reason)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Outcomes in the order of the spec."""
        return self.study.roles.outcomes

    @property
    def estimators(self) -> tuple[str, ...]:
        """Estimators in the order of the spec."""
        return tuple(entry.id for entry in self.study.estimators)

    @property
    def order(self) -> Mapping[str, Sequence[str]]:
        """Order of the rows of a comparison."""
        return {
            "outcome": self.outcomes,
            "protocol": tuple(entry.id for entry in self.study.evaluation.protocols),
            "sample": tuple(SAMPLES),
            "estimator": self.estimators,
        }

    @cached_property
    def all_rows(self) -> Mapping[str, Panel]:
        """The panel of every outcome, prepared on all rows."""
        return {outcome: self.prepared.plan.panels.panel(outcome) for outcome in self.outcomes}

    def folds_by(self, estimators: Collection[str]) -> list[FoldResult]:
        """Return the results of some of the estimators or variations."""
        return [fold for fold in self.folds if fold.cell.estimator in estimators]


@one_thread()
def results_of(prepared: Prepared, results: Sequence[TaskResult]) -> RunResults:
    """Return what the tasks of a study found, from their results in any order."""
    fulls = [result for result in results if isinstance(result, FullResult)]
    varied = {one.entry.id for one in prepared.plan.varied}
    return RunResults(
        prepared,
        folds=[result for result in results if isinstance(result, FoldResult)],
        fulls=[full for full in fulls if full.estimator not in varied],
        in_parts=(
            *answers_in_parts(prepared.plan, [one for one in results if isinstance(one, PartResult)]),
            *answers_of_rows(prepared.plan),
        ),
        varied_fulls=[full for full in fulls if full.estimator in varied],
    )


@dataclass(frozen=True, eq=False)
class AnswerInParts:
    """What one estimator answered to one scenario, alone in `answers`, and the time of its parts together.

    Where rows alone were asked `estimator` is `ALL_ROWS`.
    """

    outcome: str
    estimator: str
    answers: Mapping[str, Attempt[Tables]]
    seconds: float


def answers_in_parts(plan: Plan, results: Sequence[PartResult]) -> tuple[AnswerInParts, ...]:
    """Return the answers of a plan from the results of their parts."""
    by_cell = {result.part_cell: result for result in results}
    found_of: defaultdict[tuple[str, str, str], dict[str, Attempt[Floats]]] = defaultdict(dict)
    seconds: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    for cell, first in plan.shared.firsts.items():
        place = cell.outcome, cell.estimator, cell.scenario
        found_of[place][cell.part] = by_cell[first].tried
        seconds[place] += by_cell[first].seconds if cell == first else 0.0
    answers = []
    firsts: dict[tuple[str, str], tuple[Subject, Found]] = {}
    for entry, scenario, subject in plan.subjects():
        place = subject.panel.outcome, subject.name, entry.id
        found = found_of[place]
        of_first = firsts.setdefault((subject.panel.outcome, entry.id), (subject, found))
        answer = {entry.id: attempt(partial(_concluded, scenario, subject, found, of_first))}
        answers.append(AnswerInParts(subject.panel.outcome, subject.name, answer, seconds[place]))
    return tuple(answers)


def answers_of_rows(plan: Plan) -> Iterator[AnswerInParts]:
    """Yield what rows alone answer to the scenarios that ask nothing else."""
    for outcome in plan.study.roles.outcomes:
        for entry in plan.study.scenarios:
            if isinstance(entry.scenario, AsksRows):
                start, rng = perf_counter(), random_stream(plan.study.seed, "rows", outcome, entry.id)
                tried = attempt(partial(entry.scenario.answer_of, plan.panels.panel(outcome), rng=rng))
                yield AnswerInParts(outcome, ALL_ROWS, {entry.id: tried.then(framed)}, perf_counter() - start)


def _concluded(
    scenario: WorksInParts, subject: Subject, found: Found, first: tuple[Subject, Found]
) -> Tables:
    if isinstance(scenario, ComparesRespondents):
        return framed(scenario.compared(subject, found, *first))
    return framed(scenario.concluded(subject, found))


def answer_parts(
    study: Study, fulls: Sequence[FullResult], in_parts: Sequence[AnswerInParts]
) -> dict[str, list[pd.DataFrame]]:
    """Return the parts of every table that the scenarios of a study answer with, by name of the table.

    An answer that failed is a row with its reason. What fits give of result tables short of any scenario
    comes last.
    """
    scenarios = {entry.id: entry.scenario for entry in study.scenarios}
    parts: dict[str, list[tuple[pd.DataFrame, Mapping[str, str]]]] = defaultdict(list)
    for scenario in scenarios.values():
        parts |= {table.name: [] for table in scenario.tables}
    answered: list[FullResult | AnswerInParts] = [*fulls, *in_parts]
    for full in answered:
        for id_, answer in full.answers.items():
            scenario = scenarios[id_]
            # Tables of effects call an estimator a learner.
            asked = {"estimator": full.estimator, "learner": full.estimator}
            place = {"outcome": full.outcome, **asked, "scenario": id_}
            place |= scenario.about
            for name, frame in (answer.value or {}).items():
                parts[name].append(_with_status(frame, place, answer.how))
            if answer.status != "ok":
                for table in scenario.tables:
                    parts[table.name].append((pd.DataFrame(index=[0]), {**place, **answer.how}))
    for full in fulls:
        place = {"outcome": full.outcome, "estimator": full.estimator, "scenario": ""}
        for name, frame in full.rows.items():
            parts[name].append(_with_status(frame, place, {"status": "ok", "reason": ""}))
    return {name: [placed(cells)] if cells else [] for name, cells in parts.items()}


def _with_status(
    frame: pd.DataFrame, place: Mapping[str, str], how: Mapping[str, str]
) -> tuple[pd.DataFrame, Mapping[str, str]]:
    """Return rows and their place, with how it went where they do not say so themselves."""
    return frame, {**place, **{key: value for key, value in how.items() if key not in frame}}
