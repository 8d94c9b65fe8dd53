"""Scenario ``diagnostics``: correlations and tests of the data, as a paper has them before regressions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness.plugin import EstimationError, Floats, Panel, attempt
from harness.plugin.reporting import ResultRow, typed
from harness_panel.diagnostics.effects import Diagnostic, moran, pesaran, wooldridge
from harness_panel.diagnostics.unit_roots import unit_root_tests
from harness_panel.solver.regression import regress
from harness_panel.spatial.estimator import Neighbours


@dataclass(frozen=True, kw_only=True)
class DataRow(ResultRow):
    """What is said of the data of one outcome."""

    LAST: ClassVar[tuple[str, ...]] = ("scenario", *ResultRow.LAST)

    outcome: str
    variable: str
    scenario: str


@dataclass(frozen=True, kw_only=True)
class CorrelationRow(DataRow):
    """The correlation of two variables over all rows."""

    other: str
    correlation: float


@dataclass(frozen=True, kw_only=True)
class DataTestRow(DataRow):
    """A test of a variable, or of the errors of fixed effects where none is named; in one period if any."""

    test: str
    period: str
    statistic: float
    p_value: float
    caution: str = ""
    caution_code: str = ""


CORRELATIONS = typed(
    "correlations",
    CorrelationRow,
    ("outcome", "scenario", "variable", "other"),
    plugin.marked("correlations of the outcome and the regressors over all rows"),
    measures=("correlation",),
)
DATA_TESTS = typed(
    "data_tests",
    DataTestRow,
    ("outcome", "scenario", "test", "variable", "period"),
    plugin.marked(
        "variance inflation, Moran's I by period, unit roots, and dependence of the errors of fixed effects"
    ),
    measures=("statistic",),
)


@dataclass(frozen=True, kw_only=True)
class DataDiagnostics(plugin.Scenario, plugin.AsksRows):
    """Correlations and variance inflation; Moran's I by period; unit roots; dependent errors.

    Moran's I, where neighbours are known, and unit roots are of the outcome and a continuous exposure.
    Dependence across entities and over time is of the errors with effects of entities.
    """

    name: ClassVar[str] = "diagnostics"
    known_as: ClassVar[tuple[str, ...]] = ("vif", "correlations", "unit_roots", "pretests", "moran")
    tables: ClassVar[tuple[plugin.ResultTable, ...]] = (CORRELATIONS, DATA_TESTS)

    def quick(self) -> Self:
        """Return the same: nothing is drawn."""
        return self

    def answer_of(self, panel: Panel, *, rng: Generator) -> plugin.Concluded:
        """Return correlations and tests, a row with its reason where there is none."""
        tests = [*_inflation(panel), *_morans(panel), *_unit_roots(panel), *_errors(panel)]
        return {CORRELATIONS.name: [*_correlations(panel)], DATA_TESTS.name: tests}


def _correlations(panel: Panel) -> Iterator[dict[str, Any]]:
    names, values = (panel.outcome, *panel.columns), np.column_stack([panel.observed, panel.X])
    with np.errstate(invalid="ignore"):  # a constant has none
        found = np.asarray(np.corrcoef(values.T))
    for at, before in zip(*np.tril_indices(len(names), -1), strict=True):
        yield {"variable": names[at], "other": names[before], "correlation": found[at, before], **DONE}


DONE = {"status": "ok", "reason": ""}


def _row(test: str, variable: str, period: str, found: Sequence[float | None], **how: str) -> dict[str, Any]:
    """Return a test with its statistic and p-value."""
    place = {"test": test, "variable": variable, "period": period, "caution": ""}
    return {**place, "statistic": found[0], "p_value": found[1], **DONE, **how}


def _inflation(panel: Panel) -> Iterator[dict[str, Any]]:
    from statsmodels.stats.outliers_influence import variance_inflation_factor

    varying = np.flatnonzero(np.ptp(panel.X, axis=0) > 0.0).tolist()
    columns = np.column_stack([np.ones(panel.n_obs), panel.X[:, varying]])
    for at, column in enumerate(varying, start=1):
        with np.errstate(divide="ignore"):  # infinite where others determine it
            found = float(variance_inflation_factor(columns, at)), None
        yield _row("vif", panel.columns[column], "", found)


def _subjects(panel: Panel) -> Iterator[tuple[str, Floats]]:
    """Yield the outcome, and the exposure unless it is categorical."""
    yield panel.outcome, panel.observed
    if not panel.levels:
        yield panel.exposure, panel.X[:, 0]


def _morans(panel: Panel) -> Iterator[dict[str, Any]]:
    from scipy.sparse import csr_array

    if panel.coordinates is None and panel.contiguity is None:
        return
    try:
        for rows, matrix in Neighbours().matrices(panel):
            period = panel.time.labels[panel.time.codes[rows[0]]]
            constant, weights = np.full((rows.size, 1), rows.size**-0.5), csr_array(matrix)
            for name, values in _subjects(panel):
                if np.ptp(values[rows]) > 0.0 and weights.nnz:
                    value, mean, variance = moran(weights, constant, values[rows] - values[rows].mean())
                    z = Diagnostic("moran", "", (value - mean) / np.sqrt(variance), "normal", (), "")
                    yield _row("moran", name, period, (value, z.p_value))
    except EstimationError as error:
        reason = error.problems[0].what
        yield _row("moran", panel.outcome, "", (None, None), status="refused", reason=reason)


def _unit_roots(panel: Panel) -> Iterator[dict[str, Any]]:
    entities = np.array(panel.entity.labels)[panel.entity.codes]
    for name, values in _subjects(panel):
        for test in unit_root_tests(values, entities, panel.period):
            status = "refused" if test.reason else "ok"
            how = {"caution": test.caution, "status": status, "reason": test.reason}
            yield _row(test.test, name, "", (test.statistic, test.p_value), **how)


def _errors(panel: Panel) -> Iterator[dict[str, Any]]:
    across = attempt(lambda: pesaran(panel, regress(panel, ("entity",)).within.residuals))
    over_time = attempt(partial(wooldridge, panel))
    for name, tried in (("cross_section_dependence", across), ("serial_correlation", over_time)):
        found = tried.value and (tried.value.statistic, tried.value.p_value)
        yield _row(name, "", "", found or (None, None), **tried.how)
