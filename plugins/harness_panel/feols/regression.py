"""One regression with many effects, by `pyfixest.feols`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeVar, cast

import numpy as np

from harness.plugin import EffectSet, EstimationError, Floats, Ints, Mask, Panel, Problem
from harness_panel.feols.design import EffectDesign, LevelTrends

if TYPE_CHECKING:
    import pandas as pd
    from pyfixest.estimation.models.feols_ import Feols as PyfixestFit


GroupFactor = Literal["conventional", "min", "none"]
"""G / (G - 1) of each term of a sandwich with its own G, of the smallest G in all, or no such factor."""


@dataclass(frozen=True)
class Request:
    """The covariance that is asked of pyfixest, without factors for small samples but G / (G - 1).

    Attributes
    ----------
    kind : ``iid`` has the residual variance rss / (n - 1), ``hetero`` and ``CRV1`` are sandwiches
    clusters : one or two sets of clusters, of ``CRV1`` alone
    group_factor : for the number of clusters
    """

    kind: Literal["iid", "hetero", "CRV1"]
    clusters: tuple[EffectSet, ...] = ()
    group_factor: GroupFactor = "none"


@dataclass(frozen=True, eq=False)
class DroppedColumn:
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
    dropped: tuple[DroppedColumn, ...]
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


COLLINEAR = 1e-13
"""What is left of a column's variance once effects and the columns before it are taken out; less is none."""

_TOLERANCE = 1e-10
"""Relative error to which effects are taken out; pyfixest's own default is 1e-6."""

_MOST_STEPS = 100_000

_ALL_DROPPED = "All variables are collinear"

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class PyfixestAnswer:
    """What pyfixest found.

    Attributes
    ----------
    names : (n_kept,), columns with a slope, as the frame names them
    slopes : (n_kept,)
    covariance : (n_kept, n_kept), as requested
    basis : (n_obs, n_kept), the columns without effects, times the roots of the weights
    outcome : (n_obs,), treated likewise
    left : (n_obs, n_columns), all columns without effects
    """

    names: tuple[str, ...]
    slopes: Floats
    covariance: Floats
    basis: Floats
    outcome: Floats
    left: Floats


def fit_pyfixest(frame: pd.DataFrame, formula: str, request: Request) -> PyfixestAnswer | None:
    """Return what pyfixest finds; None where effects absorb all columns.

    Raises
    ------
    EstimationError
        Where it finds no solution.
    """
    import pyfixest
    from pyfixest.demeaners import MapDemeaner

    def fit() -> PyfixestAnswer:
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
            collin_tol=COLLINEAR * len(frame),
            drop_intercept="|" not in formula,
            copy_data=False,
            demeaner=MapDemeaner(fixef_tol=_TOLERANCE, fixef_maxiter=_MOST_STEPS),
            context={},
        )
        return _answer(cast("PyfixestFit", found))

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


def _answer(found: PyfixestFit) -> PyfixestAnswer:
    slopes = found.coef()
    # The covariance, and columns without effects, have no public name.
    return PyfixestAnswer(
        names=tuple(slopes.index),
        slopes=slopes.to_numpy(),
        covariance=np.asarray(found._vcov),
        basis=np.asarray(found._X),
        outcome=np.asarray(found._Y).ravel(),
        left=found._Xd.to_numpy(),
    )


def _vcov(request: Request) -> str | dict[str, str]:
    if request.kind != "CRV1":
        return request.kind
    return {"CRV1": " + ".join(f"c{at}" for at in range(len(request.clusters)))}


def guarded(call: Callable[[], T]) -> T:
    """Return what a call into pyfixest returns, without its warnings.

    Raises
    ------
    EstimationError
        Where its compiled code panics. A panic is a `BaseException`, which would end the whole study. Builds
        of pyfixest that abort the process instead cannot be guarded against here.
    """
    try:
        with warnings.catch_warnings():
            # They are of dropped columns, which a fit tells in its notes, and pandas' of what pyfixest calls.
            warnings.simplefilter("ignore")
            return call()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        what = f"its compiled code gave up: {' '.join(str(error).split())}"
        raise EstimationError(
            Problem(where="pyfixest", what=what, hint="use fixed_effects, or absorb fewer effects")
        ) from error


_ROUNDING = 64.0 * float(np.finfo(np.float64).eps)
"""What varies by less than this share of a column's size is rounding."""


@dataclass(frozen=True, eq=False)
class Standardised:
    """Columns, the outcome last, so that neither their level nor their unit costs digits.

    Attributes
    ----------
    columns : (n_obs, n_columns + 1), in Fortran order; zero for a column that does not vary
    scales : (n_columns + 1,), weighted standard deviations
    varies : (n_columns + 1,), whether a column varies by more than rounding
    """

    columns: Floats
    scales: Floats
    varies: Mask

    @classmethod
    def of(cls, panel: Panel, weights: Floats) -> Standardised:
        """Return columns and outcome of a panel under weights, (n_obs,), > 0."""
        n_columns = panel.X.shape[1] + 1
        values = np.empty((panel.n_obs, n_columns), order="F")
        values[:, :-1], values[:, -1] = panel.X, panel.observed
        shares = weights / weights.sum()
        scales, varies = np.empty(n_columns), np.empty(n_columns, dtype=np.bool_)
        for at, column in enumerate(values.T):
            low, high = column.min(), column.max()
            varies[at] = high - low > _ROUNDING * max(abs(low), abs(high))
            column -= shares @ column
            # Rounding of a large mean leaves every row off by the same amount, which a second pass finds.
            column -= shares @ column
            scales[at] = np.sqrt(shares @ column**2)
            column *= 1.0 / scales[at] if varies[at] else 0.0
        return cls(values, scales, varies)


@dataclass(frozen=True, eq=False)
class FeolsRegression:
    """Rows, and the effects to take out of them.

    Attributes
    ----------
    panel : the rows
    design : effects, with the weights of the rows
    """

    panel: Panel
    design: EffectDesign

    def take(self, rows: Ints) -> FeolsRegression:
        """Return the regression of some rows, (n_rows,) positions, with the same sets of effects."""
        panel, weights = self.panel.take(rows), self.design.weights[rows]
        sets = tuple(levels.take(rows) for levels in self.design.sets)
        if self.design.trend is None:
            return FeolsRegression(panel, EffectDesign(sets, weights))
        entities = sets[self.design.sets.index(self.design.trend.entities)]
        return FeolsRegression(
            panel, EffectDesign(sets, weights, LevelTrends.of(entities, panel.period, weights))
        )

    @property
    def is_weighted(self) -> bool:
        """Whether some rows count more than others."""
        return bool(np.ptp(self.design.weights) > 0.0)

    @cached_property
    def standardised(self) -> Standardised:
        """Columns and outcome."""
        return Standardised.of(self.panel, self.design.weights)

    @property
    def varies(self) -> Mask:
        """Whether a column varies by more than rounding, (n_columns,)."""
        return self.standardised.varies[:-1]

    @property
    def does_outcome_vary(self) -> bool:
        """Whether the outcome varies by more than rounding."""
        return bool(self.standardised.varies[-1])

    def estimate(self, request: Request) -> Estimate:
        """Estimate by weighted least squares.

        Raises
        ------
        EstimationError
            Where pyfixest does not find the solution.
        """
        candidates = np.flatnonzero(self.varies)
        scales = self.standardised.scales[[*candidates, -1]]
        found = None
        if candidates.size:
            found = fit_pyfixest(self._frame(candidates, request), self._formula(candidates.size), request)
        if found is None:
            return _nothing_left(candidates, self.panel.n_obs, scales[-1])
        is_kept = np.isin([f"x{at}" for at in range(candidates.size)], found.names)
        units = scales[-1] / scales[:-1][is_kept]
        return Estimate(
            kept=candidates[is_kept],
            dropped=_dropped(found.left, candidates, is_kept),
            slopes=found.slopes * units,
            covariance=found.covariance * np.outer(units, units),
            units=units,
            basis=found.basis,
            outcome=found.outcome,
            scale=float(scales[-1]),
        )

    def _formula(self, n_columns: int) -> str:
        """Return the formula, whose names are made here: no text of a user is ever read as one."""
        right = " + ".join(f"x{at}" for at in range(n_columns))
        if self.design.trend is not None:
            return f"y ~ {right}"
        return f"y ~ {right} | {' + '.join(f'f{at}' for at in range(len(self.design.sets)))}"

    def _frame(self, candidates: Ints, request: Request) -> pd.DataFrame:
        """Return the rows as the formula names them; trends are taken out of columns beforehand."""
        import pandas as pd

        values = self.standardised.columns
        if candidates.size < self.varies.size:
            values = values[:, [*candidates, -1]]
        if self.design.trend is not None:
            values = np.column_stack([self.design.residuals(column) for column in values.T])
        names = [*(f"x{at}" for at in range(candidates.size)), "y"]
        frame = pd.DataFrame(values, columns=names, copy=False)
        keys = {f"f{at}": levels.codes for at, levels in enumerate(self.design.sets)}
        keys |= {f"c{at}": levels.codes for at, levels in enumerate(request.clusters)}
        for name, codes in keys.items():
            frame[name] = codes
        if self.is_weighted:
            frame["w"] = self.design.weights / self.design.weights.mean()
        return frame


def _dropped(values: Floats, candidates: Ints, is_kept: Mask) -> tuple[DroppedColumn, ...]:
    """Return which kept columns each dropped column takes, of columns without effects, (n_obs, n_columns)."""
    kept = np.flatnonzero(is_kept)
    sizes = np.linalg.norm(values, axis=0)
    found = []
    for at in np.flatnonzero(~is_kept).tolist():
        before = kept[kept < at]
        on: tuple[int, ...] = ()
        if sizes[at] ** 2 > COLLINEAR * len(values):
            shares = np.linalg.lstsq(
                values[:, before] / sizes[before], values[:, at] / sizes[at], rcond=None
            )[0]
            on = tuple(candidates[before[np.abs(shares) > 1e-6]].tolist())
        found.append(DroppedColumn(int(candidates[at]), on))
    return tuple(found)


def _nothing_left(candidates: Ints, n_obs: int, scale: float) -> Estimate:
    """Return the estimate of an equation whose columns effects absorb."""
    none = np.empty(0)
    return Estimate(
        kept=np.empty(0, dtype=np.int64),
        dropped=tuple(DroppedColumn(column, ()) for column in candidates.tolist()),
        slopes=none,
        covariance=np.empty((0, 0)),
        units=none,
        basis=np.empty((n_obs, 0)),
        outcome=np.zeros(n_obs),
        scale=float(scale),
    )
