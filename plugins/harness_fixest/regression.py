"""One regression with many effects, by `pyfixest.feols`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeVar, cast

import numpy as np
import numpy.typing as npt

from harness import EstimationError, Floats, Ints, Panel, Problem
from harness_fixest.effect_design import EffectDesign, Trend
from harness_fixest.effect_set import EffectSet, read_effect_set

if TYPE_CHECKING:
    import pandas as pd
    from pyfixest.estimation.models.feols_ import Feols as PyfixestFit

_ROUNDING = 64.0 * float(np.finfo(np.float64).eps)
_COLLINEAR = 1e-13
"""What is left of a column's variance once effects and the columns before it are taken out; less is none."""

_TOLERANCE = 1e-12
"""Relative error to which effects are taken out; pyfixest's own default is 1e-6."""

_ALL_DROPPED = "All variables are collinear"

Mask = npt.NDArray[np.bool_]

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """The covariance that is asked of pyfixest, without factors for small samples but G / (G - 1).

    Attributes
    ----------
    kind : ``iid`` has the residual variance rss / (n - 1), ``hetero`` and ``CRV1`` are sandwiches
    clusters : one or two sets of clusters, of ``CRV1`` alone
    group_factor : G / (G - 1) of each term of the sandwich, of the smaller G in all, or none
    """

    kind: Literal["iid", "hetero", "CRV1"]
    clusters: tuple[EffectSet, ...] = ()
    group_factor: Literal["conventional", "min", "none"] = "none"


@dataclass(frozen=True, eq=False)
class Dependence:
    """A column that effects and other columns determine.

    Attributes
    ----------
    column : its position
    on : positions of the columns that it takes; none where effects alone determine it
    """

    column: int
    on: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Estimate:
    """Slopes with their covariance, and what they were computed from.

    Attributes
    ----------
    kept : (n_kept,), positions of the columns that have a slope
    dropped : the others that vary
    slopes : (n_kept,), outcome units per unit of the column
    covariance : (n_kept, n_kept), as requested
    units : (n_kept,), slope in outcome units per slope of the standardised column
    basis : (n_obs, n_kept), standardised columns without effects, times the roots of the weights
    outcome : (n_obs,), treated likewise
    scale : standard deviation of the outcome
    """

    kept: Ints
    dropped: tuple[Dependence, ...]
    slopes: Floats
    covariance: Floats
    units: Floats
    basis: Floats
    outcome: Floats
    scale: float

    @cached_property
    def residuals(self) -> Floats:
        """Residuals, (n_obs,), standardised, times the roots of the weights."""
        return self.outcome - self.basis @ (self.slopes / self.units)

    @property
    def rss(self) -> float:
        """Weighted sum of squared residuals, squared outcome units."""
        return float(self.residuals @ self.residuals) * self.scale**2

    @property
    def is_outcome_absorbed(self) -> bool:
        """Whether effects leave nothing of the outcome."""
        return float(self.outcome @ self.outcome) <= 1e-18 * self.outcome.size

    def all_slopes(self, n_columns: int) -> Floats:
        """Return slopes of all columns, (n_columns,), zero for those without one."""
        slopes = np.zeros(n_columns)
        slopes[self.kept] = self.slopes
        return slopes


@dataclass(frozen=True, eq=False)
class Regression:
    """Rows, and the effects to take out of them.

    Attributes
    ----------
    panel : the rows
    design : effects, with the weights of the rows
    """

    panel: Panel
    design: EffectDesign

    def take(self, rows: Ints) -> Regression:
        """Return the regression of some rows, (n_rows,) positions, with the same sets of effects."""
        panel, weights = self.panel.take(rows), self.design.weights[rows]
        sets = tuple(read_effect_set(panel, one.parts) for one in self.design.sets)
        if self.design.trend is None:
            return Regression(panel, EffectDesign(sets, weights))
        entities = sets[self.design.sets.index(self.design.trend.entities)]
        return Regression(panel, EffectDesign(sets, weights, Trend.of(entities, panel.period, weights)))

    @property
    def is_weighted(self) -> bool:
        """Whether some rows count more than others."""
        return bool(np.ptp(self.design.weights) > 0.0)

    @cached_property
    def varies(self) -> Mask:
        """Whether a column varies by more than rounding, (n_columns,)."""
        return np.array([_varies(column) for column in self.panel.X.T])

    @property
    def does_outcome_vary(self) -> bool:
        """Whether the outcome varies by more than rounding."""
        return _varies(self.panel.observed)

    def estimate(self, request: Request) -> Estimate:
        """Estimate by weighted least squares.

        Raises
        ------
        EstimationError
            Where pyfixest does not find the solution.
        """
        candidates = np.flatnonzero(self.varies)
        weights = self.design.weights / self.design.weights.mean()
        values, scales = _standardised(self.panel, candidates, weights)
        if self.design.trend is not None:
            values = np.column_stack([self.design.residuals(column) for column in values.T])
        found = None
        if candidates.size:
            found = _fit(self._frame(values, weights, request), self._formula(candidates.size), request)
        if found is None:
            return _nothing_left(candidates, self.panel.n_obs, scales[-1])
        names = [f"x{at}" for at in range(candidates.size)]
        is_kept = np.isin(names, list(found.coef().index))
        units = scales[-1] / scales[:-1][is_kept]
        kept = candidates[is_kept]
        # The covariance, and the columns without effects, have no public name.
        return Estimate(
            kept=kept,
            dropped=_dropped(found._Xd.to_numpy(), candidates, is_kept),  # noqa: SLF001
            slopes=found.coef().to_numpy() * units,
            covariance=np.asarray(found._vcov) * np.outer(units, units),  # noqa: SLF001
            units=units,
            basis=np.asarray(found._X),  # noqa: SLF001
            outcome=np.asarray(found._Y).ravel(),  # noqa: SLF001
            scale=float(scales[-1]),
        )

    def _formula(self, n_columns: int) -> str:
        """Return the formula, whose names are made here: no text of a user is ever read as one."""
        right = " + ".join(f"x{at}" for at in range(n_columns))
        if self.design.trend is not None:
            return f"y ~ {right}"
        return f"y ~ {right} | {' + '.join(f'f{at}' for at in range(len(self.design.sets)))}"

    def _frame(self, values: Floats, weights: Floats, request: Request) -> pd.DataFrame:
        import pandas as pd

        frame = pd.DataFrame(values, columns=[*(f"x{at}" for at in range(values.shape[1] - 1)), "y"], copy=False)
        keys = {f"f{at}": one.codes for at, one in enumerate(self.design.sets)}
        keys |= {f"c{at}": one.codes for at, one in enumerate(request.clusters)}
        for name, codes in keys.items():
            frame[name] = codes
        if self.is_weighted:
            frame["w"] = weights
        return frame


def _fit(frame: pd.DataFrame, formula: str, request: Request) -> PyfixestFit | None:
    """Return pyfixest's fit; None where effects absorb all columns."""
    import pyfixest
    from pyfixest.demeaners import LsmrDemeaner

    def fit() -> PyfixestFit:
        found = pyfixest.feols(
            formula,
            frame,
            vcov=_vcov(request),
            weights="w" if "w" in frame else None,
            ssc=pyfixest.ssc(
                k_adj=False,
                k_fixef="none",
                G_adj=request.group_factor != "none",
                G_df="min" if request.group_factor == "none" else request.group_factor,
            ),
            fixef_rm="none",
            collin_tol=_COLLINEAR * len(frame),
            drop_intercept="|" not in formula,
            copy_data=False,
            demeaner=LsmrDemeaner(fixef_atol=_TOLERANCE, fixef_btol=_TOLERANCE, fixef_maxiter=10_000),
            context={},
        )
        return cast("PyfixestFit", found)

    try:
        return guarded(fit)
    except ValueError as error:
        if _ALL_DROPPED in str(error):
            return None
        raise EstimationError(
            Problem(
                where="pyfixest",
                what=" ".join(str(error).split()),
                hint="absorb fewer effects, or use fixed_effects",
            )
        ) from error


def _vcov(request: Request) -> str | dict[str, str]:
    if request.kind != "CRV1":
        return request.kind
    return {"CRV1": " + ".join(f"c{at}" for at in range(len(request.clusters)))}


def guarded(call: Callable[[], T]) -> T:
    """Return what a call into pyfixest returns, without its warnings.

    Raises
    ------
    EstimationError
        Where its compiled code panics. A panic is a `BaseException`, which would end the whole study.
    """
    try:
        with warnings.catch_warnings():
            # Notes on dropped columns, which a fit tells in its own notes, and pandas' on what pyfixest calls.
            warnings.simplefilter("ignore")
            return call()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        what = f"its compiled code gave up: {' '.join(str(error).split())}"
        raise EstimationError(
            Problem(where="pyfixest", what=what, hint="use fixed_effects, or absorb fewer effects")
        ) from error


def _standardised(panel: Panel, columns: Ints, weights: Floats) -> tuple[Floats, Floats]:
    """Return columns and, last, the outcome with mean zero and variance one, (n_obs, n), and their scales."""
    values = np.empty((panel.n_obs, columns.size + 1), order="F")
    for at, column in enumerate(columns.tolist()):
        values[:, at] = panel.X[:, column]
    values[:, -1] = panel.observed
    scales = np.empty(columns.size + 1)
    for at, column_values in enumerate(values.T):
        column_values -= np.average(column_values, weights=weights)
        # Rounding of a large mean leaves every row off by the same amount, which a second pass finds.
        column_values -= np.average(column_values, weights=weights)
        scales[at] = np.sqrt(np.average(column_values**2, weights=weights))
        column_values /= scales[at] or 1.0
    return values, scales


def _varies(values: Floats) -> bool:
    return bool(np.ptp(values) > _ROUNDING * np.abs(values).max())


def _dropped(values: Floats, candidates: Ints, is_kept: Mask) -> tuple[Dependence, ...]:
    """Return which kept columns each dropped column takes, of columns without effects, (n_obs, n_columns)."""
    kept = np.flatnonzero(is_kept)
    sizes = np.linalg.norm(values, axis=0)
    found = []
    for at in np.flatnonzero(~is_kept).tolist():
        before = kept[kept < at]
        on: tuple[int, ...] = ()
        if sizes[at] ** 2 > _COLLINEAR * len(values):
            shares = np.linalg.lstsq(values[:, before] / sizes[before], values[:, at] / sizes[at], rcond=None)[0]
            on = tuple(candidates[before[np.abs(shares) > 1e-6]].tolist())
        found.append(Dependence(int(candidates[at]), on))
    return tuple(found)


def _nothing_left(candidates: Ints, n_obs: int, scale: float) -> Estimate:
    """Return the estimate of an equation whose columns effects absorb."""
    none = np.empty(0)
    return Estimate(
        kept=np.empty(0, dtype=np.int64),
        dropped=tuple(Dependence(column, ()) for column in candidates.tolist()),
        slopes=none,
        covariance=np.empty((0, 0)),
        units=none,
        basis=np.empty((n_obs, 0)),
        outcome=np.zeros(n_obs),
        scale=float(scale),
    )
