"""Scenario ``diagnostics``: correlations and tests of the data, as a paper has them before regressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness.plugin import EstimationError, Floats, Panel, attempt, marked
from harness.plugin.reporting import ResultRow, typed
from harness_panel.diagnostics.effects import Diagnostic, pesaran, wooldridge
from harness_panel.diagnostics.pooled import moran
from harness_panel.diagnostics.unit_roots import UnitRootRow, unit_root_tests
from harness_panel.solver.regression import regress
from harness_panel.spatial.network import Neighbours


@dataclass(frozen=True, kw_only=True)
class CorrelationRow(ResultRow):
    """The correlation of two variables over all rows."""

    LAST: ClassVar[tuple[str, ...]] = ("scenario", "status", "reason")

    outcome: str
    variable: str
    other: str
    correlation: float
    scenario: str


@dataclass(frozen=True, kw_only=True)
class DataTestRow(ResultRow):
    """A test of a variable, or of the errors of fixed effects where none is named; in one period if any."""

    LAST: ClassVar[tuple[str, ...]] = ("scenario", "status", "reason")

    outcome: str
    test: str
    variable: str
    period: str
    statistic: float
    p_value: float
    caution: str = ""
    scenario: str


CORRELATIONS = typed(
    "correlations",
    CorrelationRow,
    ("outcome", "scenario", "variable", "other"),
    "correlations of the outcome and the regressors over all rows",
    measures=("correlation",),
)
DATA_TESTS = typed(
    "data_tests",
    DataTestRow,
    ("outcome", "scenario", "test", "variable", "period"),
    "variance inflation, Moran's I by period, unit roots, and dependence of the errors of fixed effects",
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
    for at, name in enumerate(names):
        for before, other in enumerate(names[:at]):
            how = {"status": "ok", "reason": ""}
            yield {"variable": name, "other": other, "correlation": float(found[at, before]), **how}


# What is tested: returns statistic, p-value and caution.
Test = Callable[[], tuple[float, float, str]]


def _row(test: str, found: Test, variable: str = "", period: str = "") -> dict[str, Any]:
    tried = attempt(found)
    statistic, p_value, caution = tried.value or (np.nan, np.nan, "")
    place = {"test": test, "variable": variable, "period": period}
    return {**place, "statistic": statistic, "p_value": p_value, "caution": caution, **tried.how}


def _inflation(panel: Panel) -> Iterator[dict[str, Any]]:
    from statsmodels.stats.outliers_influence import variance_inflation_factor

    columns = np.column_stack([np.ones(panel.n_obs), panel.X])

    def found(at: int) -> tuple[float, float, str]:
        if np.ptp(panel.X[:, at]) == 0.0:
            raise EstimationError.at("vif", marked("it does not vary"))
        with np.errstate(divide="ignore"):  # infinite where others determine it
            return float(variance_inflation_factor(columns, at + 1)), np.nan, ""

    for at, name in enumerate(panel.columns if len(panel.columns) > 1 else ()):
        yield _row("vif", partial(found, at), name)


def _subjects(panel: Panel) -> Iterator[tuple[str, Floats]]:
    """Yield the outcome, and the exposure unless it is categorical."""
    yield panel.outcome, panel.observed
    if not panel.levels:
        yield panel.exposure, panel.X[:, 0]


def _morans(panel: Panel) -> Iterator[dict[str, Any]]:
    from scipy.sparse import csr_array

    if panel.coordinates is None and panel.contiguity is None:
        return

    def found(values: Floats, weights: csr_array) -> tuple[float, float, str]:
        if np.ptp(values) == 0.0 or not weights.nnz:
            raise EstimationError.at("moran", marked("it does not vary, or no rows are neighbours"))
        constant = np.full((values.size, 1), values.size**-0.5)
        value, mean, variance = moran(weights, constant, values - values.mean())
        return value, _normal((value - mean) / np.sqrt(variance)), ""

    for rows, matrix in Neighbours().matrices(panel):
        period = panel.time.labels[panel.time.codes[rows[0]]]
        for name, values in _subjects(panel):
            yield _row("moran", partial(found, values[rows], csr_array(matrix)), name, period)


def _normal(statistic: float) -> float:
    return Diagnostic("", "", statistic, "normal", (), "").p_value


def _unit_roots(panel: Panel) -> Iterator[dict[str, Any]]:
    def found(test: UnitRootRow) -> tuple[float, float, str]:
        if test.statistic is None or test.p_value is None:
            raise EstimationError.at(test.test, test.reason)
        return test.statistic, test.p_value, test.caution

    for name, values in _subjects(panel):
        for test in unit_root_tests(values, panel.entity.codes, panel.period):
            yield _row(test.test, partial(found, test), name)


def _errors(panel: Panel) -> Iterator[dict[str, Any]]:
    def across() -> Diagnostic:
        return pesaran(panel, regress(panel, ("entity",)).within.residuals)

    def found(test: Callable[[], Diagnostic]) -> tuple[float, float, str]:
        diagnostic = test()
        return diagnostic.statistic, diagnostic.p_value, diagnostic.caution

    yield _row("cross_section_dependence", partial(found, across))
    yield _row("serial_correlation", partial(found, partial(wooldridge, panel)))
