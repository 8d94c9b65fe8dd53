"""One regression with many effects, by `pyfixest.feols`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, cast

import numpy as np
from pydantic import Field

from harness import plugin
from harness_panel import covariance as covariances
from harness_panel.covariance import Classical, Clustered, CommonShocks, Conley, Robust, Tested, WildCluster
from harness_panel.feols.effects import EffectDesign, count_effects, count_outside
from harness_panel.solver.regression import Regression, judge
from harness_panel.solver.within import Absorber, Dependence, WithinFit

if TYPE_CHECKING:
    import pandas as pd
    from pyfixest.estimation.models.feols_ import Feols as PyfixestFit


# Remaining variance of a column once effects and the columns before it are partialled out; less is none.
COLLINEAR = 1e-13

# Relative error to which effects are partialled out; pyfixest's own default is 1e-6.
_TOLERANCE = 1e-10
_MOST_STEPS = 100_000

_ALL_DROPPED = "All variables are collinear"

# What varies by less than this share of a column's size is rounding.
_ROUNDING = 64.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class FixestEstimate:
    """Slopes, and what they were computed from.

    Attributes
    ----------
    kept : (n_kept,), positions of the columns that have a slope
    absorbed : positions of those that effects alone determine
    dependent : those that columns before them determine, together with the effects
    slopes : (n_columns,), outcome units per unit of the column; zero for those without one
    units : (n_kept,), slope in outcome units per slope of the standardised column
    basis : (n_obs, n_kept), standardised columns without effects, times the roots of the weights
    outcome : (n_obs,), treated likewise
    scale : standard deviation of the outcome
    """

    kept: plugin.Ints
    absorbed: list[int]
    dependent: tuple[Dependence, ...]
    slopes: plugin.Floats
    units: plugin.Floats
    basis: plugin.Floats
    outcome: plugin.Floats
    scale: float


@dataclass(frozen=True, eq=False, kw_only=True)
class FeolsRegression(Regression):
    """An estimate as the regression of a standardised outcome, of which slopes are in units of the columns.

    Attributes
    ----------
    rows : what was estimated
    estimate : by pyfixest
    """

    rows: FeolsRows
    estimated: FixestEstimate

    def n_outside(self, clusters: Sequence[plugin.Grouping]) -> int:
        """Return how many independent effects, slopes in time among them, are not nested in clusters."""
        return count_outside(self.rows.design, clusters)

    def without_effects(self, clusters: plugin.Grouping) -> Callable[[plugin.Floats], plugin.Floats] | None:
        """Return what partials effects out of columns; None where they all lie within clusters."""
        design = self.rows.design
        if all(levels.is_within(clusters) for levels in design.sets):
            return None
        root = np.sqrt(self.weights)[:, None]
        return lambda columns: (
            root * np.column_stack([design.residuals(column) for column in (columns / root).T])
        )


@dataclass(frozen=True, eq=False)
class FeolsRows:
    """Rows, and the effects that are partialled out of them.

    Attributes
    ----------
    panel : the rows
    design : effects, with the weights of the rows
    """

    panel: plugin.Panel
    design: EffectDesign

    def take(self, rows: plugin.Ints) -> FeolsRows:
        """Return some rows, (n_rows,) positions, with the same sets of effects."""
        panel = self.panel.take(rows)
        return FeolsRows(panel, self.design.take(rows, panel.period))

    @property
    def taken(self) -> str:
        """What is partialled out, in words."""
        effects = f"{plugin.listed([levels.name for levels in self.design.sets])} effects"
        return effects + (" and trends" if self.design.trend is not None else "")

    @cached_property
    def standardised(self) -> tuple[plugin.Floats, plugin.Floats]:
        """Columns, the outcome last, of mean zero and variance one, and their weighted standard deviations.

        So neither their level nor their unit costs digits. They are (n_obs, n_columns + 1), in Fortran order,
        and (n_columns + 1,); a column that does not vary is zero.
        """
        values = np.empty((self.panel.n_obs, self.varies.size), order="F")
        values[:, :-1], values[:, -1] = self.panel.X, self.panel.observed
        shares = self.design.weights / self.design.weights.sum()
        scales = np.empty(self.varies.size)
        for at, column in enumerate(values.T):
            column -= shares @ column
            # Rounding of a large mean leaves every row off by the same amount, which a second pass finds.
            column -= shares @ column
            scales[at] = np.sqrt(shares @ column**2)
            column *= 1.0 / scales[at] if self.varies[at] else 0.0
        return values, scales

    @cached_property
    def varies(self) -> plugin.Mask:
        """Whether a column, and last the outcome, varies by more than rounding, (n_columns + 1,)."""
        ends = [(column.min(), column.max()) for column in (*self.panel.X.T, self.panel.observed)]
        return np.array([high - low > _ROUNDING * max(abs(low), abs(high)) for low, high in ends])

    def regression(self, estimate: FixestEstimate) -> FeolsRegression:
        """Return an estimate as a regression, if `judge` has nothing against it."""
        n_effects, slopes = count_effects(self.design), estimate.slopes
        basis, triangle = np.linalg.qr(estimate.basis)
        to_slopes = np.zeros((slopes.size, estimate.kept.size))
        to_slopes[estimate.kept] = estimate.units[:, None] * np.linalg.inv(triangle)
        fit = WithinFit(
            kept=estimate.kept.tolist(),
            constant=np.flatnonzero(~self.varies[:-1]).tolist(),
            absorbed=estimate.absorbed,
            dependent=estimate.dependent,
            is_outcome_constant=not self.varies[-1],
            # Where effects absorb all columns pyfixest has said nothing of the outcome.
            is_outcome_absorbed=bool(
                estimate.kept.size and estimate.outcome @ estimate.outcome <= 1e-18 * estimate.outcome.size
            ),
            centre=self.panel.X[0],
            intercept=float(self.panel.observed[0]),
            slopes=slopes,
            taken=(),
            basis=basis,
            to_slopes=to_slopes,
            residuals=estimate.outcome - estimate.basis @ (slopes[estimate.kept] / estimate.units),
            condition=1.0,
        )
        return FeolsRegression(
            panel=self.panel,
            absorber=Absorber(self.design.sets),
            n_effects=n_effects,
            within=fit,
            weights=self.design.weights,
            notes=judge(self.panel, fit, taken=self.taken, n_effects=n_effects),
            rows=self,
            estimated=estimate,
        )

    def estimate(self) -> FixestEstimate:
        """Estimate by weighted least squares.

        Raises
        ------
        EstimationError
            Where pyfixest does not find the solution.
        """
        candidates = np.flatnonzero(self.varies[:-1])
        scales = self.standardised[1][[*candidates, -1]]
        n_obs, names = self.panel.n_obs, tuple[str, ...]()
        own = np.empty(0)
        basis, outcome, within = np.empty((n_obs, 0)), np.zeros(n_obs), np.zeros((n_obs, candidates.size))
        found = self._fit(candidates) if candidates.size else None
        if found is not None:
            names, own = tuple(found.coef().index), found.coef().to_numpy()
            # Columns without effects have no public name.
            basis, outcome, within = np.asarray(found._X), np.asarray(found._Y).ravel(), found._Xd.to_numpy()
        is_kept = np.isin([f"x{at}" for at in range(candidates.size)], names)
        units = scales[-1] / scales[:-1][is_kept]
        slopes = np.zeros(self.varies.size - 1)
        slopes[candidates[is_kept]] = own * units
        absorbed, dependent = _dropped(within, candidates, is_kept, scales)
        return FixestEstimate(
            kept=candidates[is_kept],
            absorbed=absorbed,
            dependent=dependent,
            slopes=slopes,
            units=units,
            basis=basis,
            outcome=outcome,
            scale=float(scales[-1]),
        )

    def _fit(self, candidates: plugin.Ints) -> PyfixestFit | None:
        """Return what pyfixest finds; None where effects absorb all columns.

        Names in the formula are made here: no text of a user is ever read as one. Trends are partialled out
        of the columns beforehand, with all effects.
        """
        right = " + ".join(f"x{at}" for at in range(candidates.size))
        effects = " + ".join(f"f{at}" for at in range(len(self.design.sets)))
        formula = f"y ~ {right}" if self.design.trend is not None else f"y ~ {right} | {effects}"
        try:
            return fit_pyfixest(self._frame(candidates), formula)
        except ValueError as error:
            if _ALL_DROPPED in str(error):
                return None
            hint = plugin.marked("absorb fewer effects, or use fixed_effects")
            raise plugin.EstimationError.at("pyfixest", " ".join(str(error).split()), hint=hint) from error

    def _frame(self, candidates: plugin.Ints) -> pd.DataFrame:
        import pandas as pd

        values, weights = self.standardised[0], self.design.weights
        if candidates.size < self.varies.size - 1:
            values = values[:, [*candidates, -1]]
        if self.design.trend is not None:
            values = np.column_stack([self.design.residuals(column) for column in values.T])
        frame = pd.DataFrame(values, columns=[*(f"x{at}" for at in range(candidates.size)), "y"], copy=False)
        for at, levels in enumerate(self.design.sets):
            frame[f"f{at}"] = levels.codes
        if np.ptp(weights) > 0.0:
            frame["w"] = weights / weights.mean()
        return frame


def fit_pyfixest(frame: pd.DataFrame, formula: str) -> PyfixestFit:
    """Return what `pyfixest.feols` returns, without its warnings.

    Raises
    ------
    EstimationError
        Where its compiled code panics. A panic is a `BaseException`, which would end the whole study. Builds
        of pyfixest that abort the process instead cannot be guarded against here.
    """
    import pyfixest
    from pyfixest.demeaners import MapDemeaner

    try:
        with warnings.catch_warnings():
            # They are of dropped columns, which a fit has notes on, and pandas' of what pyfixest calls.
            warnings.simplefilter("ignore")
            found = pyfixest.feols(
                formula,
                frame,
                vcov="iid",
                weights="w" if "w" in frame else None,
                fixef_rm="none",
                collin_tol=COLLINEAR * len(frame),
                drop_intercept="|" not in formula,
                copy_data=False,
                demeaner=MapDemeaner(fixef_tol=_TOLERANCE, fixef_maxiter=_MOST_STEPS),
                context={},
            )
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        what = plugin.Coded("its compiled code failed: {split}", split=" ".join(str(error).split()))
        hint = plugin.marked("use fixed_effects, or absorb fewer effects")
        raise plugin.EstimationError(plugin.Problem("pyfixest", what, hint=hint)) from error
    return cast("PyfixestFit", found)


def _dropped(
    values: plugin.Floats, candidates: plugin.Ints, is_kept: plugin.Mask, scales: plugin.Floats
) -> tuple[list[int], tuple[Dependence, ...]]:
    """Return the columns that effects determine, and what determines the others that were dropped.

    Parameters
    ----------
    values : (n_obs, n_candidates), standardised columns without effects
    scales : (n_candidates + 1,), standard deviations of columns and outcome
    """
    kept, sizes = np.flatnonzero(is_kept), np.linalg.norm(values, axis=0)
    absorbed, dependent = [], []
    for at in np.flatnonzero(~is_kept).tolist():
        before = kept[kept < at]
        on, coefficients = before[:0], np.empty(0)
        if sizes[at] ** 2 > COLLINEAR * len(values):
            scaled = values[:, before] / sizes[before]
            shares = np.linalg.lstsq(scaled, values[:, at] / sizes[at], rcond=None)[0]
            counts = np.abs(shares) > 1e-6
            on = before[counts]
            coefficients = shares[counts] * (sizes[at] * scales[at]) / (sizes[on] * scales[on])
        if on.size:
            column, others = int(candidates[at]), tuple(candidates[on].tolist())
            dependent.append(Dependence(column, others, tuple(coefficients.tolist())))
        else:
            absorbed.append(int(candidates[at]))
    return absorbed, tuple(dependent)


# Clusters up to which a fit for each is worth its time.
MOST_CLUSTERS = 1_000

# Variances below this share of those of independent errors are what partialling out leaves as rounding.
_NOTHING = 1e-20


@plugin.checks_options
@dataclass(frozen=True)
class CRV3:
    """Errors dependent within clusters, by the jackknife: (G - 1) / G times the sum of squared changes.

    A change is that of the coefficients once a cluster is left out, and the equation fitted anew with its
    effects (CV3 of MacKinnon, Nielsen & Webb 2023, "Fast and reliable jackknife and bootstrap methods").
    Statistics have G - 1 degrees of freedom. pyfixest's own CRV3 knows no trends, and takes effects out to
    six digits; it is this one without the factor.

    Attributes
    ----------
    by : ``entity``, ``time`` or a column of the data, of at most 1,000 levels
    """

    by: str = "entity"
    use: Literal["crv3"] = "crv3"

    def corrected(self, regression: FeolsRegression) -> tuple[plugin.Floats, plugin.Correction]:
        """Return the covariance, (n_kept, n_kept), and how it was computed.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or too many, or one alone tells a coefficient.
        """
        Clustered((self.by,)).library_options(regression)
        clusters = plugin.read_effect_set(regression.panel, plugin.effect_named(self.by))
        size = clusters.n_levels
        if size > MOST_CLUSTERS:
            what = plugin.Coded("CRV3 fits once for each of {n_clusters} clusters", n_clusters=size)
            hint = plugin.marked("choose clustered, equally reliable with that many clusters")
            raise plugin.EstimationError(
                plugin.Problem(
                    "covariance", what, expected=plugin.Coded("at most {most}", most=MOST_CLUSTERS), hint=hint
                )
            )
        changes = np.array([self._change(regression, clusters, at) for at in range(size)])
        factor, kind = (size - 1) / size, f"CRV3 clustered by {self.by}"
        correction = covariances.correction_of(regression, kind, factor=factor, n_clusters=(size,))
        return factor * changes.T @ changes, correction

    def _change(self, regression: FeolsRegression, clusters: plugin.EffectSet, at: int) -> plugin.Floats:
        """Return the change of the slopes without one cluster, (n_kept,)."""
        own = regression.estimated
        others = regression.rows.take(np.flatnonzero(clusters.codes != at)).estimate()
        if not np.array_equal(others.kept, own.kept):
            differ = np.setxor1d(own.kept, others.kept).tolist()
            names = ", ".join(repr(regression.panel.columns[column]) for column in differ)
            what = plugin.Coded(
                "CRV3 is undefined: without {by} {labels}, effects and other columns determine {names}",
                by=self.by,
                labels=clusters.labels[at],
                names=names,
            )
            hint = plugin.marked("choose another covariance, or drop the column")
            raise plugin.EstimationError(
                plugin.Problem(
                    "covariance", what, expected=plugin.marked("clustered, or wild_cluster"), hint=hint
                )
            )
        return (others.slopes - own.slopes)[own.kept]


# Any of them, told apart by ``use``; an option that belongs to another kind is refused.
FeolsCovariance = Annotated[
    Classical | Robust | Clustered | Conley | CRV3 | WildCluster | CommonShocks | Tested,
    Field(discriminator="use"),
]


def covariance_of(
    regression: FeolsRegression, covariance: FeolsCovariance
) -> tuple[plugin.Floats, plugin.Correction]:
    """Return the covariance of the coefficients, (n_kept, n_kept), and how it was computed.

    Raises
    ------
    EstimationError
        Where it is undefined, or errors cancel within all clusters.
    """
    if isinstance(covariance, CRV3):
        return covariance.corrected(regression)
    scores = regression.basis, regression.to_coefficients, regression.within.residuals
    matrix, correction = covariances.own_covariance(regression, covariance, *scores)
    covariances.refuse_cancelled(regression, np.diag(matrix), correction.kind, nothing=_NOTHING)
    return matrix, correction
