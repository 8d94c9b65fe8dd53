"""Which cells of a run are regressions that other programs know, and what each regression is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.data.panel import Panel
from harness.estimators.protocol import LinearModel
from harness.findings.run import Run
from harness.record.manifest import EstimatorRecord
from harness.tables.coefficients import COEFFICIENTS, CoefficientRow

# Term of the constant.
CONSTANT = "const"

# Covariances that the programs compute alike, by what the table of coefficients calls them.
Errors = Literal["classical", "by entity", "by time"]
ERRORS: Mapping[str, Errors] = {
    "classical": "classical",
    "clustered by entity": "by entity",
    "clustered by time": "by time",
}

# How far a small-sample factor may be from its formula.
ROUNDING = 1e-9


@dataclass(frozen=True)
class LinearCell:
    """One regression.

    Attributes
    ----------
    terms : columns of the panel, without the constant
    has_constant : whether the run reports one
    effects : of ``entity`` and ``time``, those that are absorbed
    errors : which standard errors; None for those that the programs do not compute alike. Clustered ones
        have the factor G / (G - 1) (n - 1) / (n - K), whose K counts no absorbed effect
    """

    outcome: str
    estimator: str
    label: str
    model: LinearModel
    terms: tuple[str, ...]
    has_constant: bool
    effects: tuple[str, ...]
    errors: Errors | None

    @property
    def reports_constant(self) -> bool:
        """Whether the programs report a constant; that of a within regression is another one."""
        return self.has_constant and self.model != "within"


@dataclass(frozen=True)
class CellLeftOut:
    """A cell that is not repeated elsewhere, and why."""

    outcome: str
    estimator: str
    reason: str


def linear_cells(
    run: Run, panels: Mapping[str, Panel], models: Mapping[str, LinearModel]
) -> tuple[tuple[LinearCell, ...], tuple[CellLeftOut, ...]]:
    """Return the cells that can be repeated, and the others that have coefficients, outcome by outcome.

    Parameters
    ----------
    panels : the rows of each outcome
    models : which regressions estimators are, by the names that these are chosen by
    """
    study = run.manifest.study
    keys = {study.entity: "entity", study.time: "time"}
    cells: list[LinearCell] = []
    others: list[CellLeftOut] = []
    done = [row for row in run.rows(COEFFICIENTS) if row.is_done and row.term]
    for outcome in study.outcomes:
        for entry in study.estimators:
            rows = [row for row in done if (row.outcome, row.estimator) == (outcome, entry.id)]
            if not rows:
                continue
            effects = {keys.get(effect, effect) for effect in entry.effects}
            reason = _reason(entry, rows, panels[outcome], models, effects)
            if reason:
                others.append(CellLeftOut(outcome, entry.id, reason))
                continue
            terms = [row.term for row in rows]
            cells.append(
                LinearCell(
                    *(outcome, entry.id, entry.label, models[entry.use]),
                    terms=tuple(term for term in terms if term != CONSTANT),
                    has_constant=CONSTANT in terms,
                    effects=tuple(sorted(effects)),
                    errors=_errors(rows),
                )
            )
    return tuple(cells), tuple(others)


def _reason(
    entry: EstimatorRecord,
    rows: Sequence[CoefficientRow],
    panel: Panel,
    models: Iterable[str],
    effects: set[str],
) -> str:
    """Return why an estimator is not repeated, or an empty string."""
    strangers = {row.term for row in rows} - {CONSTANT, *panel.columns}
    if entry.use not in models:
        return f"{entry.use} is none of {', '.join(models)}"
    if strangers:
        return f"it has terms that are no columns of the panel: {', '.join(sorted(strangers))}"
    if rows[0].n_obs != panel.n_obs:
        return "it is fitted on rows of its own"
    if entry.options.get("weights"):
        return "its rows are weighted"
    if effects - {"entity", "time"}:
        return "it absorbs effects of other columns than the keys"
    return ""


def _errors(rows: Sequence[CoefficientRow]) -> Errors | None:
    """Return which errors a regression has; none where clustered ones have another factor than plm's."""
    first, n_obs = rows[0], rows[0].n_obs
    errors = ERRORS.get(first.covariance)
    if errors is None or errors == "classical":
        return errors
    n_clusters = float(first.n_clusters or "nan")
    if n_obs is None or not n_clusters > 1.0:
        return None
    factor = n_clusters / (n_clusters - 1.0) * (n_obs - 1.0) / (n_obs - len(rows))
    return errors if math.isclose(first.factor, factor, rel_tol=ROUNDING) else None
