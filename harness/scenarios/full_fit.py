"""One estimator on all rows: its coefficients and its answers to the scenarios."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from harness.data.note import Note
from harness.data.panel import Panel
from harness.errors import EstimationError, PluginError, Problem
from harness.estimators.coefficients import CoefficientTable
from harness.estimators.guard import Attempt, Status, as_reason, attempt
from harness.estimators.protocol import (
    Columns,
    Estimator,
    Fitted,
    HasCoefficients,
    HasDetails,
    HasNotes,
    HasResultRows,
)
from harness.rng import random_stream
from harness.scenarios.scenario import AsksAbout, Scenario, Tables
from harness.scenarios.subject import Subject
from harness.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd


def full_label(outcome: str, estimator: str) -> str:
    """Return the name of a fit on all rows, for progress, manifest and store."""
    return f"{outcome} · {estimator} · all rows"


@dataclass(frozen=True, eq=False)
class Answer:
    """What one estimator answered to one scenario; `tables` is empty unless `status` is ``ok``."""

    scenario: str
    tables: Tables
    status: Status
    reason: str


@dataclass(frozen=True, eq=False)
class FullResult:
    """How the fit on all rows went, and what came of it.

    Attributes
    ----------
    outcome, estimator : ids
    coefficients : tidy table, None for an estimator without one
    details : the fit's own tables, by name
    rows : what the fit gives of the harness's result tables, by name
    answers : one for each scenario
    notes : what the fit has to say
    status, reason, seconds : of the fit itself
    """

    outcome: str
    estimator: str
    coefficients: pd.DataFrame | None
    details: Tables
    rows: Tables
    answers: tuple[Answer, ...]
    notes: tuple[Note, ...]
    status: Status
    reason: str
    seconds: float

    @property
    def label(self) -> str:
        """Name of the fit, for progress and manifest."""
        return full_label(self.outcome, self.estimator)


@dataclass(frozen=True, eq=False)
class FullTask:
    """A full-sample fit that is ready to run in any process.

    Attributes
    ----------
    scenarios : by id
    panel : the rows and columns of this estimator
    exposure : of the study, which scenarios ask about that name no other
    level : of the coefficients' confidence limits
    seed : root seed of the study
    """

    outcome: str
    estimator_id: str
    estimator: Estimator
    scenarios: Mapping[str, Scenario]
    panel: Panel
    exposure: str
    level: float
    seed: int

    @property
    def label(self) -> str:
        """Name of the fit."""
        return full_label(self.outcome, self.estimator_id)

    def run(self) -> FullResult:
        """Fit on all rows, tabulate the coefficients and answer every scenario."""
        start = perf_counter()
        tried = attempt(self.subject)
        answers = tuple(self._answer(name, tried) for name in self.scenarios)
        fit = tried.value.fit if tried.value else None
        coefficients = attempt(partial(self._coefficients, fit))
        details = attempt(partial(_details, fit))
        rows = attempt(partial(_result_rows, fit))
        notes = attempt(partial(_notes, fit))
        asked: dict[str, Attempt[Any]] = {
            "coefficients": coefficients,
            "details": details,
            "result rows": rows,
            "notes": notes,
        }
        wrong = [f"{name}: {one.reason}" for name, one in asked.items() if one.status != "ok"]
        is_whole = tried.status != "ok" or not wrong
        return FullResult(
            outcome=self.outcome,
            estimator=self.estimator_id,
            coefficients=coefficients.value,
            details=details.value or {},
            rows=rows.value or {},
            answers=answers,
            notes=notes.value or (),
            status=tried.status if is_whole else "failed",
            reason=tried.reason if is_whole else as_reason("; ".join(wrong)),
            seconds=perf_counter() - start,
        )

    def failed(self, reason: str) -> FullResult:
        """Return what stands for a result that could not be had."""
        answers = tuple(Answer(name, {}, "failed", reason) for name in self.scenarios)
        where = (self.outcome, self.estimator_id)
        return FullResult(*where, None, {}, {}, answers, (), "failed", reason, 0.0)

    def subject(self) -> Subject:
        """Fit on all rows, ready to be asked."""
        rng = random_stream(self.seed, "fit", self.outcome, self.estimator_id, "all rows")
        fit = self.estimator.fit(self.panel, rng=rng)
        return Subject(self.estimator, self.panel, fit, seed=self.seed, name=self.estimator_id)

    def _answer(self, name: str, tried: Attempt[Subject]) -> Answer:
        if tried.value is None:
            return Answer(name, {}, tried.status, tried.reason)
        answered = attempt(partial(self._tables, name, tried.value))
        return Answer(name, answered.value or {}, answered.status, answered.reason)

    def _tables(self, name: str, subject: Subject) -> Tables:
        """Return the answer to a scenario, checked: the tables that it declares, and no other."""
        scenario = self.scenarios[name]
        asked = (scenario.exposure if isinstance(scenario, AsksAbout) else None) or self.exposure
        if asked == self.exposure != self.panel.exposure:
            what = f"'{self.estimator_id}' has another exposure, '{self.panel.exposure}'"
            hint = f"ask `exposure: {self.panel.exposure}` where the scenario has that option"
            raise EstimationError(Problem(name, what, f"the exposure '{asked}'", hint))
        answer = scenario.answer(subject)
        _require_frames(answer, {table.name for table in scenario.tables}, type(scenario).__name__)
        return answer

    def _coefficients(self, fit: Fitted | None) -> pd.DataFrame | None:
        table = fit.coefficients() if isinstance(fit, HasCoefficients) else None
        return None if table is None else coefficient_rows(table, level=self.level)


def _details(fit: Fitted | None) -> Tables:
    return _frames(fit.details()) if isinstance(fit, HasDetails) else {}


def _result_rows(fit: Fitted | None) -> Tables:
    rows: Tables = _frames(fit.result_rows()) if isinstance(fit, HasResultRows) else {}
    _require_frames(rows, set(TABLES), type(fit).__name__)
    return rows


def _notes(fit: Fitted | None) -> tuple[Note, ...]:
    said: tuple[object, ...] = tuple(fit.notes) if isinstance(fit, HasNotes) else ()
    notes = tuple(note for note in said if isinstance(note, Note))
    for note in said:
        if not (isinstance(note, Note) and all(isinstance(part, str) for part in vars(note).values())):
            found = f"notes with a {type(note).__name__}, {as_reason(repr(note))[:100]}"
            raise PluginError(Problem(type(fit).__name__, f"returned {found}", "harness.Note of three texts"))
    return notes


def _require_frames(tables: object, allowed: Collection[str], who: str) -> None:
    """Refuse an answer that is no table, or one that nobody declared and no file would hold."""
    import pandas as pd

    if not isinstance(tables, Mapping):
        problem = Problem(who, f"returned a {type(tables).__name__}", "tables by name")
        raise PluginError(problem)
    for name, frame in tables.items():
        if name not in allowed or not isinstance(frame, pd.DataFrame):
            found = f"returned a {type(frame).__name__} as '{name}'"
            expected = f"data frames, of the names {', '.join(sorted(allowed))}"
            raise PluginError(Problem(who, found, expected))


def _frames(tables: Mapping[str, Columns]) -> Tables:
    import pandas as pd

    return {name: pd.DataFrame(dict(columns)) for name, columns in tables.items()}


def coefficient_rows(table: CoefficientTable, *, level: float) -> pd.DataFrame:
    """Return a coefficient table as tidy rows, one a term, with the covariance named."""
    import pandas as pd

    limits = table.conf_int(level)
    correction = table.correction
    columns = {
        "term": table.terms,
        "estimate": table.estimate,
        "std_error": table.std_error,
        "statistic": table.statistic,
        "p_value": table.p_value,
        "conf_low": limits[:, 0],
        "conf_high": limits[:, 1],
    }
    fixed = {
        "covariance": correction.kind,
        "n_obs": correction.n_obs,
        "n_coef": correction.n_coef,
        "n_effects": correction.n_effects,
        "n_clusters": " x ".join(str(count) for count in correction.n_clusters),
        "factor": correction.factor,
        "df_resid": correction.df_resid,
        "bandwidth": correction.bandwidth,
    }
    return pd.DataFrame(columns | fixed)
