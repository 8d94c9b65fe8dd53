"""Tests of panels for unit roots: Im, Pesaran & Shin 2003, and Levin, Lin & Chu 2002.

Two things are as in the papers and not as in plm's ``purtest``, whose tests at 5 % reject true unit roots in
20 to 55 % of panels of 40 entities and 10 to 20 periods (Im, Pesaran & Shin) and in 30 to 60 % of those of 25
to 100 (Levin, Lin & Chu): t's have degrees of freedom, and long-run variances are of changes under the null.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from harness.plugin import Coded, EstimationError, Floats, Ints, marked

_FEWEST_PERIODS = 7


@functools.cache
def _moments(test: str, lags: int | None) -> Floats:
    """Return published sizes, means and spreads, (3, n_sizes), as ``unit_root_moments.csv`` has them.

    Of Im, Pesaran & Shin 2003, table 3 and, without lags, table 1, of one t by number of rows,
    the spread a variance; of Levin, Lin & Chu 2002, table 2, of the pooled t by number of periods, the spread
    a standard deviation.
    """
    file = resources.files("harness_panel.diagnostics") / "unit_root_moments.csv"
    key = [test, "" if lags is None else str(lags)]
    rows = (line.split(",") for line in file.read_text(encoding="utf-8").splitlines())
    return np.array([row[2:] for row in rows if row[:2] == key], dtype=float).reshape(-1, 3).T


@dataclass(frozen=True)
class UnitRootRow:
    """A test of the null that every entity's series has a unit root.

    Attributes
    ----------
    test : ``im_pesaran_shin``, whose alternative is that some series are stationary, or ``levin_lin_chu``,
        whose alternative is that all are
    statistic, p_value : standard normal under the null, and its lower tail; None where the test is refused
    caution : why the p-value deserves less trust; empty where it does not
    reason : why the test is refused; empty where it is not
    """

    test: str
    statistic: float | None = None
    p_value: float | None = None
    caution: str = ""
    reason: str = ""


def unit_root_tests(
    values: Sequence[float] | Floats,
    entities: Sequence[object] | Ints,
    periods: Sequence[int] | Ints,
    *,
    lags: int | None = None,
) -> list[UnitRootRow]:
    """Return both tests of a column; one that the panel cannot carry has a reason instead of numbers.

    Every series has a level under the alternative; both take entities as independent of each other.

    Parameters
    ----------
    values, entities, periods : (n_obs,) each; periods count on from one to the next, so that a gap shows
    lags : lagged changes in every entity's regression; None is one, or none of fewer than twelve periods
    """
    from scipy.stats import norm

    names, codes = np.unique(np.asarray(entities).astype(str), return_inverse=True)
    order = np.lexsort((np.asarray(periods), codes))
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    columns = (np.asarray(values, dtype=np.float64), np.asarray(periods))
    series, times = (np.split(column[order], cuts) for column in columns)
    if lags is None:
        lags = int(min(own.size for own in series) >= 12)
    rows = []
    for name, test in {"im_pesaran_shin": _im_pesaran_shin, "levin_lin_chu": _levin_lin_chu}.items():
        try:
            statistic, caution = test(
                [
                    _Regression.of(own, lags, entity=entity, times=time)
                    for entity, own, time in zip(names, series, times, strict=True)
                ]
            )
        except EstimationError as error:
            rows.append(UnitRootRow(name, reason=error.problems[0].what))
        else:
            rows.append(UnitRootRow(name, statistic, float(norm.cdf(statistic)), caution))
    return rows


def _refused(what: Coded | str) -> EstimationError:
    return EstimationError.at("unit_root", what)


@dataclass(frozen=True, eq=False)
class _Regression:
    """An augmented Dickey-Fuller regression of one entity's series.

    Attributes
    ----------
    change, level : (n_rows,), of the series, less lagged changes and a constant, over `sigma`
    sigma : root of the mean squared residual
    t : of the lagged level, with degrees of freedom
    """

    series: Floats
    lags: int
    change: Floats
    level: Floats
    sigma: float
    t: float

    @classmethod
    def of(cls, series: Floats, lags: int, *, entity: str, times: Ints) -> _Regression:
        if np.any(np.diff(times) != 1):
            raise _refused(Coded("the series of {name} has a gap", name=entity))
        changes = np.diff(series)
        n_rows, n_terms = changes.size - lags, lags + 1
        if series.size < _FEWEST_PERIODS or n_rows < n_terms + 2:
            words = marked("the series of {name} has {n} periods: too few for {lags} lags")
            raise _refused(Coded(words, name=entity, n=series.size, lags=lags))
        lagged = [changes[lags - lag : changes.size - lag] for lag in range(1, lags + 1)]
        basis = np.linalg.qr(np.column_stack([np.ones(n_rows), *lagged]))[0]
        both = np.column_stack([changes[lags:], series[lags:-1] - series.mean()])
        change, level = (both - basis @ (basis.T @ both)).T
        spread = float(level @ level)
        slope = float(level @ change) / spread if spread else 0.0
        squares = float(np.sum((change - slope * level) ** 2))
        if min(spread, squares) <= 1e-20 * float(series @ series):
            raise _refused(Coded("the series of {name} varies too little", name=entity))
        sigma = float(np.sqrt(squares / n_rows))
        t = slope * float(np.sqrt(spread * (n_rows - n_terms - 1) / squares))
        return cls(series, lags, change / sigma, level / sigma, sigma, t)

    def moments(self) -> tuple[float, float]:
        """Return mean and variance of the t, linear between numbers of rows.

        Raises
        ------
        EstimationError
            Where they are not tabulated.
        """
        sizes, *both = _moments("im_pesaran_shin", self.lags)
        if self.change.size < min(sizes, default=np.inf):
            words = marked("no moments are tabulated for {n} periods with {lags} lags")
            raise _refused(Coded(words, n=self.series.size, lags=self.lags))
        mean, variance = (float(np.interp(self.change.size, sizes, own)) for own in both)
        return mean, variance

    def long_run_deviation(self) -> float:
        """Return the long-run deviation of changes, of mean zero, over `sigma`, by Bartlett's kernel."""
        change = np.diff(self.series)
        bandwidth = min(round(3.21 * self.series.size ** (1 / 3)), change.size - 1)
        products = [change[lag:] @ change[: change.size - lag] for lag in range(bandwidth + 1)]
        weights = 2.0 - 2.0 * np.arange(bandwidth + 1) / (bandwidth + 1.0)
        weights[0] = 1.0
        return float(np.sqrt(max(weights @ products, 0.0) / change.size)) / self.sigma


def _im_pesaran_shin(fits: Sequence[_Regression]) -> tuple[float, str]:
    """Return the standardised mean of the t's, W t-bar."""
    mean, variance = np.mean([fit.moments() for fit in fits], axis=0)
    gap = np.mean([fit.t for fit in fits]) - mean
    return float(np.sqrt(len(fits) / variance) * gap), ""


def _levin_lin_chu(fits: Sequence[_Regression]) -> tuple[float, str]:
    """Return one t of all entities together, adjusted for its mean and spread."""
    sizes = {fit.series.size for fit in fits}
    if len(sizes) > 1:
        raise _refused(marked("the test needs a balanced panel"))
    size = sizes.pop()
    change, level = (np.concatenate([getattr(fit, name) for fit in fits]) for name in ("change", "level"))
    n_rows, squares = change.size, float(level @ level)
    slope = float(level @ change) / squares
    variance = float(np.sum((change - slope * level) ** 2)) / n_rows
    error = np.sqrt(variance / squares)
    tabulated, *both = _moments("levin_lin_chu", None)
    mean, spread = (float(np.interp(size, tabulated, own)) for own in both)
    ratio = float(np.mean([fit.long_run_deviation() for fit in fits]))
    statistic = (slope / error - n_rows * ratio / variance * error * mean) / spread
    if size >= tabulated[0]:
        return float(statistic), ""
    words = marked(
        "the test is tabulated from {least} periods on; with {n} it finds stationary series too often"
    )
    return float(statistic), Coded(words, least=int(tabulated[0]), n=size)
