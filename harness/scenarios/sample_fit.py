"""One estimator fitted on some rows: what it gives itself, and what scenarios ask of it and of its draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import Any

import pandas as pd

from harness.errors import PluginError, Problem
from harness.estimators.guard import Attempt, Status, all_of, as_reason, attempt, notes_of
from harness.estimators.protocol import Columns, HasCoefficients, HasDetails, HasDraws, HasResultRows
from harness.language import Coded, in_series, marked
from harness.scenarios.blocks import (
    BlockResult,
    BlockTask,
    Preparation,
    PrepareTask,
    of_all_draws,
    rates,
    rescaled,
    subsample_note,
)
from harness.scenarios.draws import FitAndDraws, Numbers, joined, mean_of_draws
from harness.scenarios.grid import remembering
from harness.scenarios.scenario import AnswersAlone, EvaluatesModels, Scenario, Subject, Tables
from harness.scenarios.task import SubjectTask
from harness.tables.preparation import Note
from harness.tables.registry import TABLES
from harness.tables.table import CODE, ResultTable, coded, coded_columns


@dataclass(frozen=True, eq=False)
class FitTables:
    """What a fit itself gives.

    Attributes
    ----------
    coefficients : tidy table, None for a fit without one
    details : the fit's own tables, by name
    rows : what the fit gives of the harness's result tables, by name
    notes : what the fit has to say
    carries_draws : whether the fit has draws of its own
    """

    coefficients: pd.DataFrame | None = None
    details: Tables = field(default_factory=dict)
    rows: Tables = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    carries_draws: bool = False


def tables_of(fit: object, *, level: float) -> tuple[FitTables, str]:
    """Return what a fit gives, and what is wrong with any of it; the latter is empty where nothing is.

    Parameters
    ----------
    level : of the coefficients' confidence limits
    """
    asked: dict[str, Attempt[Any]] = {
        "coefficients": attempt(partial(_coefficients, fit, level)),
        "details": attempt(lambda: _frames(fit.details()) if isinstance(fit, HasDetails) else {}),
        "result rows": attempt(partial(_result_rows, fit)),
        "notes": attempt(partial(notes_of, fit)),
        "draws": attempt(lambda: isinstance(fit, HasDraws)),
    }
    failed = {name: found.reason for name, found in asked.items() if found.status != "ok"}
    wrong = (Coded("{where}: {what}", where=name, what=reason) for name, reason in failed.items())
    coefficients, details, rows, notes, has_draws = (found.value for found in asked.values())
    tables = FitTables(coefficients, details or {}, rows or {}, notes or (), bool(has_draws))
    return tables, as_reason(in_series(wrong))


def declared(answer: Tables, scenario: Scenario) -> Tables:
    """Return an answer.

    Raises
    ------
    PluginError
        Where it has a table that its scenario does not declare.
    """
    _require_frames(answer, {table.name: table for table in scenario.tables}, type(scenario).__name__)
    return answer


def _result_rows(fit: object) -> Tables:
    rows: Tables = _frames(fit.result_rows()) if isinstance(fit, HasResultRows) else {}
    _require_frames(rows, TABLES, type(fit).__name__)
    return rows


def _require_frames(tables: object, allowed: Mapping[str, ResultTable], who: str) -> None:
    """Refuse an answer that is no table, or one that nobody declared and no file would hold."""
    if not isinstance(tables, Mapping):
        problem = Problem(
            who, Coded("returned a {name}", name=type(tables).__name__), marked("tables by name")
        )
        raise PluginError(problem)
    for name, frame in tables.items():
        if name not in allowed or not isinstance(frame, pd.DataFrame):
            found = f"returned a {type(frame).__name__} as '{name}'"
            expected = Coded("data frames, of the names {names}", names=", ".join(sorted(allowed)))
            raise PluginError.at(who, found, expected)
        columns = {column for column in frame.columns if not str(column).endswith(CODE)}
        if unknown := columns - set(allowed[name].columns):
            found = f"returned '{name}' with the column {', '.join(sorted(map(str, unknown)))}"
            raise PluginError.at(who, found, ", ".join(allowed[name].columns))


def _frames(tables: Mapping[str, Columns]) -> Tables:
    return {name: pd.DataFrame(coded_columns(columns)) for name, columns in tables.items()}


def _coefficients(fit: object, level: float) -> pd.DataFrame | None:
    """Return a coefficient table as tidy rows, one a term, with the covariance named."""
    if not isinstance(fit, HasCoefficients):
        return None
    table = fit.coefficients()
    n_clusters = " x ".join(map(str, table.correction.n_clusters))
    rows = table.frame(level).assign(**coded({**vars(table.correction), "n_clusters": n_clusters}))
    return rows.rename(columns={"kind": "covariance", f"kind{CODE}": f"covariance{CODE}"})


@dataclass(frozen=True, eq=False)
class SampleFitResult:
    """How a fit went, and what came of it.

    Attributes
    ----------
    label : of the task
    tables : what the fit itself gives
    numbers : of the fit, by scenario that asks models; the draws are empty unless the fit carries them
    answers : to the scenarios that are answered alone, by id
    carries_draws : whether the fit carries draws
    status, reason, seconds : of the fit itself
    """

    label: str
    tables: FitTables
    numbers: Mapping[str, Attempt[FitAndDraws]]
    answers: Mapping[str, Attempt[Tables]]
    carries_draws: bool
    status: Status
    reason: str
    seconds: float


@dataclass(frozen=True, eq=False)
class SampleFitTask(SubjectTask[SampleFitResult]):
    """A fit that is ready to run in any process, or what a fit by draws tells next to its draws.

    Attributes
    ----------
    subject : what is fitted
    asking : scenarios that ask models, by id; none of a fit by draws
    others : scenarios that are answered alone, by id; none of a fit by draws
    level : of the coefficients' confidence limits
    prepare : finds what the draws of a fit by draws have in common; None for any other fit
    """

    asking: Mapping[str, EvaluatesModels]
    others: Mapping[str, Scenario]
    level: float
    prepare: PrepareTask | None = None

    @property
    def label(self) -> str:
        """Name of the task within the study."""
        return f"{self.subject} · the fit itself"

    @property
    def needs(self) -> tuple[PrepareTask, ...]:
        """What has to be found before."""
        return () if self.prepare is None else (self.prepare,)

    def run_with(self, found: Sequence[Preparation]) -> SampleFitResult:
        """Fit, tabulate, and ask; of a fit by draws, tabulate what there is before the draws are made."""
        start = perf_counter()
        # The fit goes with this copy, and not with the task, which may be kept.
        own = replace(self.subject)
        tried: Attempt[Any] = (
            attempt(lambda: own.fit) if self.prepare is None else found[0].then(lambda made: made.open())
        )
        is_fitted = tried.status == "ok"
        numbers = self._numbers(own, tried) if self.asking else {}
        answers = {
            name: attempt(partial(_tables, scenario, own)) if is_fitted else tried.without_value()
            for name, scenario in self.others.items()
        }
        tables, wrong = tables_of(tried.value, level=self.level)
        if wrong and is_fitted:
            tried = replace(tried, status="failed", reason=wrong)
        carries_draws = self.prepare is not None or tables.carries_draws
        how = tried.status, tried.reason, perf_counter() - start
        return SampleFitResult(self.label, tables, numbers, answers, carries_draws, *how)

    def _numbers(self, subject: Subject, tried: Attempt[Any]) -> dict[str, Attempt[FitAndDraws]]:
        with remembering():
            return {
                name: attempt(partial(_requested, scenario, subject))
                if tried.status == "ok"
                else tried.without_value()
                for name, scenario in self.asking.items()
            }

    def failed(self, reason: str) -> SampleFitResult:
        """Return what stands for a result that could not be had."""
        answers: dict[str, Attempt[Tables]] = dict.fromkeys(self.others, Attempt(None, "failed", reason))
        carries_draws = self.prepare is not None
        return SampleFitResult(self.label, FitTables(), {}, answers, carries_draws, "failed", reason, 0.0)


def _requested(scenario: EvaluatesModels, subject: Subject) -> FitAndDraws:
    """Return what a fit answers, and the draws that it carries."""
    panel, fit = subject.panel, subject.fit
    drawn = scenario.numbers(fit.draws, panel, panel) if isinstance(fit, HasDraws) else {}
    return FitAndDraws(scenario.numbers(fit, panel, panel), drawn)


def _tables(scenario: Scenario, subject: Subject) -> Tables:
    """Return the answer to a scenario, checked: the tables that it declares, and no other."""
    if not isinstance(scenario, AnswersAlone):
        message = f"{type(scenario).__name__} has no answer of its own"
        raise TypeError(message)
    return declared(scenario.answer(subject), scenario)


@dataclass(frozen=True, eq=False)
class SampleFound:
    """What came of a fit on some rows, and of the blocks of its draws in their order."""

    fit: SampleFitResult
    blocks: Sequence[tuple[BlockTask, BlockResult]]

    def numbers(self, scenario: str) -> Attempt[FitAndDraws]:
        """Return what the fit and its draws answered to a scenario."""
        own = self.fit.numbers.get(scenario)
        if own is not None and (own.value is None or self.fit.carries_draws):
            return own
        drawn = self._drawn(scenario)
        if (own is None and not self.fit.carries_draws) or not drawn:
            return Attempt(None, self.fit.status, self.fit.reason)
        numbers = all_of(drawn.values())
        if own is None or own.value is None:
            return numbers.then(lambda parts: FitAndDraws(mean_of_draws(parts[0]), parts[0]))
        fit, some = own.value.fit, [task.subsample for task in drawn if task.subsample is not None]
        return numbers.then(
            lambda parts: FitAndDraws(fit, rescaled(fit, parts, some) if some else joined(parts))
        )

    def _drawn(self, scenario: str) -> Mapping[PrepareTask, Attempt[Numbers]]:
        """Return what draws answered to a scenario, by whose they are."""
        blocks: dict[PrepareTask, list[BlockResult]] = {}
        for task, result in self.blocks:
            if scenario in task.scenarios:
                blocks.setdefault(task.prepare, []).append(result)
        return {source: of_all_draws(own, scenario) for source, own in blocks.items()}

    @property
    def subsample_notes(self) -> tuple[Note, ...]:
        """On how many entities draws were trained, where not on all, a note for each scenario."""
        names = dict.fromkeys(name for task, _ in self.blocks for name in sorted(task.scenarios))
        found = []
        for name in names:
            drawn = self._drawn(name)
            some = [(task.subsample, answer.value) for task, answer in drawn.items()]
            subsamples = [subsample for subsample, numbers in some if subsample and numbers is not None]
            if len(subsamples) == len(drawn) > 1:
                powers = rates([numbers for _, numbers in some if numbers is not None], subsamples)
                found.append(subsample_note(name, subsamples, powers))
        return tuple(found)

    @property
    def own_blocks(self) -> tuple[BlockResult, ...]:
        """The blocks of the draws that the fit is the mean of."""
        return tuple(result for task, result in self.blocks if task.prepare.plan is None)

    @property
    def how(self) -> tuple[Status, str]:
        """Status and reason of the fit, of which its own draws are a part."""
        parts: list[SampleFitResult | BlockResult] = [self.fit, *self.own_blocks]
        worst = next((part for part in parts if part.status != "ok"), self.fit)
        return worst.status, worst.reason

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the fit and its own draws have to say, each once."""
        notes = [*self.fit.tables.notes, *(note for block in self.own_blocks for note in block.notes)]
        return tuple(dict.fromkeys(notes))

    @property
    def seconds(self) -> float:
        """Of the fit and of all its blocks."""
        return self.fit.seconds + sum(result.seconds for _, result in self.blocks)
