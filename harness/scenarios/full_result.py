"""What came of one estimator on all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.estimators.guard import Status
from harness.scenarios.asked import Tables
from harness.scenarios.fit_tables import NO_TABLES, FitTables
from harness.scenarios.place import FitPlace
from harness.scenarios.sample_fit import Answer
from harness.scenarios.scenario import Scenario
from harness.tables.preparation import Note

if TYPE_CHECKING:
    import pandas as pd


def full_label(outcome: str, estimator: str) -> str:
    """Return the name of a fit on all rows, for progress, manifest and store."""
    return str(FitPlace(outcome, estimator))


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
    status, reason : of the fit itself
    seconds : of the fit, its draws and the answers, added up over workers
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


def full_result(
    place: FitPlace,
    tables: FitTables,
    how: tuple[Status, str],
    *,
    answers: tuple[Answer, ...],
    notes: tuple[Note, ...],
    seconds: float,
) -> FullResult:
    """Return the result of a fit from its own tables, how it went, and what it and its draws have to say."""
    return FullResult(
        place.outcome,
        place.estimator,
        tables.coefficients,
        tables.details,
        tables.rows,
        answers,
        notes,
        *how,
        seconds,
    )


def failed_result(place: FitPlace, scenarios: Mapping[str, Scenario], reason: str) -> FullResult:
    """Return what stands for a result that could not be had."""
    answers = tuple(Answer(name, {}, "failed", reason) for name in scenarios)
    return full_result(place, NO_TABLES, ("failed", reason), answers=answers, notes=(), seconds=0.0)
