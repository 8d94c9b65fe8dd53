"""One estimator on all rows: its coefficients and its answers to the scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from harness.data.note import Note
from harness.data.panel import Panel
from harness.estimators.coefficients import CoefficientTable
from harness.estimators.guard import Attempt, Status, attempt
from harness.estimators.protocol import (
    Columns,
    Estimator,
    HasCoefficients,
    HasDetails,
    HasNotes,
    HasResultRows,
)
from harness.rng import random_stream
from harness.scenarios.scenario import Scenario, Tables
from harness.scenarios.subject import Subject

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
    level : of the coefficients' confidence limits
    seed : root seed of the study
    """

    outcome: str
    estimator_id: str
    estimator: Estimator
    scenarios: Mapping[str, Scenario]
    panel: Panel
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
        table = fit.coefficients() if isinstance(fit, HasCoefficients) else None
        return FullResult(
            outcome=self.outcome,
            estimator=self.estimator_id,
            coefficients=coefficient_rows(table, level=self.level) if table else None,
            details=_frames(fit.details()) if isinstance(fit, HasDetails) else {},
            rows=_frames(fit.result_rows()) if isinstance(fit, HasResultRows) else {},
            answers=answers,
            notes=fit.notes if isinstance(fit, HasNotes) else (),
            status=tried.status,
            reason=tried.reason,
            seconds=perf_counter() - start,
        )

    def subject(self) -> Subject:
        """Fit on all rows, ready to be asked."""
        rng = random_stream(self.seed, "fit", self.outcome, self.estimator_id, "all rows")
        fit = self.estimator.fit(self.panel, rng=rng)
        return Subject(self.estimator, self.panel, fit, seed=self.seed, name=self.estimator_id)

    def _answer(self, name: str, tried: Attempt[Subject]) -> Answer:
        if tried.value is None:
            return Answer(name, {}, tried.status, tried.reason)
        answered = attempt(partial(self.scenarios[name].answer, tried.value))
        return Answer(name, answered.value or {}, answered.status, answered.reason)


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
