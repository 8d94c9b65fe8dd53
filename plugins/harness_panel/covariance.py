"""The covariances of coefficients that an estimator offers, as a spec names them under ``covariance:``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isqrt
from typing import Annotated, ClassVar, Final, Literal, Self, get_args

import numpy as np
from pydantic import Field

from harness import plugin
from harness.plugin import Coded, Correction, EstimationError, Floats, Panel, Problem, listed, marked
from harness_panel.solver.regression import Regression


@dataclass(frozen=True, eq=False)
class Sandwich:
    """A covariance as a library computed it, of columns that were made orthonormal for it.

    Attributes
    ----------
    turned : (n_coef, n_coef), of the coefficients of those columns, all of one length
    to_units : (n_coef, n_coef), takes these coefficients to those of the columns as they are
    """

    turned: Floats
    to_units: Floats

    @property
    def matrix(self) -> Floats:
        """The covariance of the coefficients of the columns as they are, (n_coef, n_coef)."""
        return np.asarray(self.to_units @ self.turned @ self.to_units.T)

    def nearest(self) -> Floats:
        """Return the covariance with negative eigenvalues set to zero, (n_coef, n_coef).

        Taken among orthonormal columns, so that neither units nor levels of columns matter.
        """
        values, vectors = np.linalg.eigh((self.turned + self.turned.T) / 2.0)
        half = self.to_units @ (vectors * np.sqrt(np.maximum(values, 0.0)))
        return np.asarray(half @ half.T)


def correction_of(
    regression: Regression,
    kind: str,
    *,
    factor: float,
    n_clusters: tuple[int, ...] = (),
    n_effects: int = 0,
    bandwidth: int | None = None,
) -> Correction:
    """Describe a covariance; with clusters, their least number less one is the degrees of freedom.

    Parameters
    ----------
    n_effects : effects counted beside the coefficients; without clusters all of them are
    """
    return Correction(
        kind=kind,
        n_obs=regression.n_obs,
        n_coef=regression.n_coef,
        n_effects=n_effects if n_clusters else regression.n_effects,
        n_clusters=n_clusters,
        factor=factor,
        df_resid=min(n_clusters) - 1 if n_clusters else regression.df_resid,
        bandwidth=bandwidth,
    )


# Power of 1 - h that a residual is divided by.
_LEVERAGE_POWERS: Mapping[str, float] = {"HC2": 0.5, "HC3": 1.0}


@dataclass(frozen=True)
class Classical:
    """Independent errors of equal variance, RSS / (n - K - G), with K coefficients and G effects."""

    use: Literal["classical"] = "classical"

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for."""
        return {"cov_type": "unadjusted"}

    def corrected(self, regression: Regression, covariance: Sandwich) -> tuple[Floats, Correction]:
        """Return linearmodels' covariance, (n_coef, n_coef), with the variance over degrees of freedom."""
        factor = regression.n_obs / regression.df_resid
        return factor * covariance.matrix, correction_of(regression, marked("classical"), factor=factor)


@dataclass(frozen=True)
class PredictionsAlone(Classical):
    """What a fit has that only predicts, as in a fold: no library is asked, and there is no table."""


@plugin.checks_options
@dataclass(frozen=True)
class Robust:
    """Independent errors of any variance (White 1980; MacKinnon & White 1985).

    HC0 and HC1 are linearmodels', HC2 and HC3 those of statsmodels. With absorbed effects HC2 and HC3 are our
    own, since neither library knows the leverage of rows in the regression on dummies.

    Attributes
    ----------
    variant : HC0 has no correction; HC1 multiplies by n / (n - K - G), which counts absorbed effects as the
        dummy-variable regression does; HC2 and HC3 divide squared residuals by 1 - h and (1 - h)^2, h the
        leverage in the dummy-variable regression
    """

    variant: Literal["HC0", "HC1", "HC2", "HC3"] = "HC1"
    use: Literal["robust"] = "robust"

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for.

        Raises
        ------
        EstimationError
            For HC2 and HC3 where a row has leverage one, as the only row of an entity has.
        """
        if self.variant in _LEVERAGE_POWERS:
            self._refuse_fixed_rows(regression)
        return {"cov_type": "robust"}

    def corrected(self, regression: Regression, covariance: Sandwich) -> tuple[Floats, Correction]:
        """Return linearmodels' HC0, (n_coef, n_coef), times the factor of HC1, or HC2 or HC3 in its place."""
        factor = regression.n_obs / regression.df_resid if self.variant == "HC1" else 1.0
        matrix = (
            regression.to_coefficients @ self._with_leverage(regression) @ regression.to_coefficients.T
            if self.variant in _LEVERAGE_POWERS
            else covariance.matrix
        )
        return factor * matrix, correction_of(regression, self.variant, factor=factor)

    def _with_leverage(self, regression: Regression) -> Floats:
        """Return the covariance of the coordinates in the basis, in which the bread is the identity."""
        if not regression.effects:
            from statsmodels.regression.linear_model import OLS

            # Residuals regressed on the basis leave themselves, so that the outcome is not needed.
            fitted = OLS(regression.within.residuals, regression.basis).fit(cov_type=self.variant)
            return np.asarray(fitted.cov_params())
        slack = (1.0 - regression.leverage()) ** _LEVERAGE_POWERS[self.variant]
        stretched = regression.basis * (regression.within.residuals / slack)[:, None]
        return np.asarray(stretched.T @ stretched)

    def _refuse_fixed_rows(self, regression: Regression) -> None:
        n_fixed = int(np.count_nonzero(1.0 - regression.leverage() < 1e-10))
        if n_fixed:
            what = Coded(
                "{variant} is undefined: {n_fixed} of {n_obs} rows have leverage 1, for instance "
                "the only row of an entity",
                variant=self.variant,
                n_fixed=n_fixed,
                n_obs=regression.n_obs,
            )
            hint = marked("choose another covariance, or drop entities and periods with a single row")
            raise EstimationError(
                Problem("covariance", what, expected=marked("HC0, HC1 or clustered"), hint=hint)
            )


# Whose small-sample correction a clustered covariance has.
CorrectionName = Literal["stata", "plm", "linearmodels", "none"]

# Of every estimator whose errors are clustered, so that one model has one standard error.
CORRECTION: Final = "stata"


@dataclass(frozen=True)
class Clustered:
    """Errors dependent within clusters; two dimensions as in Cameron, Gelbach & Miller 2011.

    The sandwich is linearmodels'; the factor before it has a name. G is the clusters, n the rows, and K the
    coefficients without absorbed effects.

    Attributes
    ----------
    by : one or two of ``entity``, ``time`` and further columns of the data, such as ``province``
    correction : ``stata`` is that of ``xtreg, fe vce(cluster)`` with time dummies, of ``reghdfe`` and of
        fixest, G / (G - 1) times (n - 1) / (n - K): K counts the constant and the absorbed effects that are
        not nested in the clusters as well, and two dimensions share the smaller G. ``plm`` does not count
        them, and each of the three terms of two dimensions has its own G. ``linearmodels`` is n / (n - K)
        without G, where K counts all absorbed effects, unless there is one set, nested in the clusters.
        ``none`` multiplies by nothing.

    Statistics have G - 1 degrees of freedom, with two dimensions the smaller G.
    """

    by: tuple[str, ...] = ("entity",)
    correction: CorrectionName = CORRECTION
    use: Literal["clustered"] = "clustered"

    def __post_init__(self) -> None:
        if not 1 <= len(set(self.by)) == len(self.by) <= 2:
            message = f"by: one or two of entity, time and further columns, each once; found {list(self.by)}"
            raise ValueError(message)
        if self.correction not in get_args(CorrectionName):
            message = f"correction: {', '.join(get_args(CorrectionName))}; found '{self.correction}'"
            raise ValueError(message)

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for.

        Raises
        ------
        EstimationError
            Where a dimension has fewer than two clusters, or the panel lacks a column.
        """
        n_clusters = self._n_clusters(regression)
        if min(n_clusters) < 2:
            words = marked(
                "clustering by {by} needs at least two clusters in each dimension; there are {map}"
            )
            what = Coded(words, by=listed(self.by), map=", ".join(map(str, n_clusters)))
            hint = marked("choose classical or robust, or use more rows")
            raise EstimationError(Problem("covariance", what, hint=hint))
        return {"cov_type": "clustered", "group_debias": self.correction == "plm"}

    def corrected(self, regression: Regression, covariance: Sandwich) -> tuple[Floats, Correction]:
        """Return linearmodels' covariance, (n_coef, n_coef), with the correction asked for."""
        n_clusters, n_obs = self._n_clusters(regression), regression.n_obs
        n_effects = self._n_effects(regression)
        df = n_obs - regression.n_coef - n_effects
        least = min(n_clusters) / (min(n_clusters) - 1)
        remaining, factor = {
            # linearmodels' group_debias has G / (G - 1) and (n - 1) / n of each term in it.
            "plm": (n_obs / df, (n_obs - 1) / df * (least if len(n_clusters) == 1 else 1.0)),
            "stata": (least * (n_obs - 1) / df,) * 2,
            "linearmodels": (n_obs / df,) * 2,
            "none": (1.0, 1.0),
        }[self.correction]
        matrix, change = mended(covariance, remaining, has_constant=regression.has_constant)
        words = marked("clustered by {by}, correction {correction}{change}")
        kind = Coded(words, by=listed(self.by), correction=self.correction, change=change)
        return matrix, correction_of(
            regression, kind, factor=factor, n_clusters=n_clusters, n_effects=n_effects
        )

    def _n_clusters(self, regression: Regression) -> tuple[int, ...]:
        return tuple(regression.grouping(name).n_levels for name in self.by)

    def _n_effects(self, regression: Regression) -> int:
        """Return how many effects the correction counts beside the coefficients."""
        if self.correction not in ("stata", "linearmodels") or not regression.sets:
            return 0
        clusters = [regression.grouping(name) for name in self.by]
        if self.correction == "stata":
            return regression.n_outside(clusters)
        is_nested = len(regression.sets) == 1 and all(map(regression.sets[0].is_within, clusters))
        return 0 if is_nested else regression.n_effects


def mended(covariance: Sandwich, factor: float, *, has_constant: bool) -> tuple[Floats, str]:
    """Return a covariance times a factor, without negative variances, and what was done to it.

    The variance of a constant depends on where columns are zero. One below zero is raised on its own, so that
    the level of a column changes no standard error of a slope.
    """
    matrix = factor * covariance.matrix
    is_negative = np.diag(matrix) < 0.0
    if not is_negative.any():
        return matrix, ""
    nearest = factor * covariance.nearest()
    if not has_constant or is_negative[1:].any():
        return nearest, marked(", negative eigenvalues set to zero")
    matrix[0, 0] = nearest[0, 0]
    return matrix, marked(", negative eigenvalues set to zero for the constant")


_MOST_CLUSTERS = 1_000


@plugin.checks_options
@dataclass(frozen=True)
class WildCluster(plugin.WildClusters):
    """Clustered errors whose p-values and limits come from a wild cluster bootstrap, the null imposed.

    Its options, and the sources of the method, are those of `harness.plugin.WildClusters`.
    """

    correction: ClassVar[CorrectionName] = CORRECTION

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for: the errors of `Clustered`.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or more than the bootstrap is meant for.
        """
        n_clusters = regression.grouping(self.by).n_levels
        if n_clusters > _MOST_CLUSTERS:
            words = marked("the wild cluster bootstrap is meant for few clusters; there are {n_clusters}")
            what = Coded(words, n_clusters=n_clusters)
            hint = marked("choose clustered: with so many clusters no bootstrap is needed")
            raise EstimationError(
                Problem("covariance", what, expected=Coded("up to {most}", most=_MOST_CLUSTERS), hint=hint)
            )
        return self.clustered.library_options(regression)

    def corrected(self, regression: Regression, covariance: Sandwich) -> tuple[Floats, Correction]:
        """Return the covariance of `Clustered`, (n_coef, n_coef), its correction naming the bootstrap."""
        matrix, correction = self.clustered.corrected(regression, covariance)
        (n_clusters,) = correction.n_clusters
        number = self.number(n_clusters)
        words = marked("{kind}, wild bootstrap of {drawn} {weights} draws")
        if self.is_enumerated(n_clusters):
            words = marked("{kind}, wild bootstrap of all {drawn} {weights} draws")
        kind = Coded(words, kind=correction.kind, drawn=number, weights=self.weights)
        return matrix, replace(correction, kind=kind)

    @property
    def clustered(self) -> Clustered:
        """The errors without the bootstrap."""
        return Clustered((self.by,), self.correction)


def with_inference(
    table: plugin.CoefficientTable, covariance: object, regression: Regression, *, rng: plugin.Stream
) -> plugin.CoefficientTable:
    """Return a table with p-values and limits of a wild cluster bootstrap, if its covariance has one.

    Parameters
    ----------
    rng : draws the weights, which all coefficients share
    """
    if not isinstance(covariance, plugin.WildClusters):
        return table
    clusters = regression.grouping(covariance.by)
    clustered = plugin.ClusteredRegression(
        basis=regression.basis,
        to_coefficients=regression.to_coefficients,
        estimate=table.estimate,
        residuals=regression.within.residuals,
        clusters=clusters,
        without_effects=regression.without_effects(clusters),
    )
    factor = table.correction.factor
    return replace(
        table,
        inference=plugin.wild_cluster_inference(
            clustered, covariance, factor=factor, rng=plugin.stream_or_seeded(rng)
        ),
    )


def refuse_cancelled(regression: Regression, variances: Floats, kind: str, *, nothing: float) -> None:
    """Refuse variances, (n_coef,), of which cancelling has left rounding alone.

    With effects of entities in two periods, say, the scores of either period sum to zero.

    Parameters
    ----------
    nothing : share of the variance of independent errors up to which one is rounding

    Raises
    ------
    EstimationError
        Where there is such a variance.
    """
    plain = regression.rss / regression.n_obs
    usual = plain * np.sum(regression.to_coefficients**2, axis=1)
    is_nothing = variances < nothing * usual
    if is_nothing.any():
        named = ", ".join(repr(regression.terms[at]) for at in np.flatnonzero(is_nothing).tolist())
        words = marked("{kind}: the standard error of {named} is zero because scores cancel within clusters")
        what = Coded(words, kind=kind, named=named)
        hint = marked("cluster by another key, or choose classical or robust")
        raise EstimationError(Problem("covariance", what, hint=hint))


@plugin.checks_options
@dataclass(frozen=True)
class DriscollKraay:
    """Errors dependent across entities and over a few periods (Driscoll & Kraay 1998), without a factor.

    It is the kernel covariance of linearmodels; lags are counted in periods that some row has.

    Attributes
    ----------
    bandwidth : >= 0, periods
        Largest lag, with Bartlett weights; None is floor(T ** (1 / 4)), T the number of periods.

    Statistics have T - 1 degrees of freedom.
    """

    bandwidth: int | None = None
    use: Literal["driscoll_kraay"] = "driscoll_kraay"

    def __post_init__(self) -> None:
        if self.bandwidth is not None and self.bandwidth < 0:
            raise ValueError(f"bandwidth: a number of periods >= 0; found {self.bandwidth}")

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for.

        Raises
        ------
        EstimationError
            Where there are fewer than two periods, or no more than the bandwidth.
        """
        n_periods, bandwidth = self._periods_and_lags(regression)
        least = max(2, bandwidth + 1)
        if n_periods < least:
            what = Coded(
                "Driscoll-Kraay errors with bandwidth {bandwidth} need {least} periods; there are "
                "{n_periods}",
                bandwidth=bandwidth,
                least=least,
                n_periods=n_periods,
            )
            hint = marked("choose classical, robust or clustered by entity, or a smaller bandwidth")
            raise EstimationError(Problem("covariance", what, hint=hint))
        return {"cov_type": "kernel", "kernel": "bartlett", "bandwidth": bandwidth}

    def corrected(self, regression: Regression, covariance: Sandwich) -> tuple[Floats, Correction]:
        """Return linearmodels' covariance, (n_coef, n_coef), as it is."""
        kind = "Driscoll-Kraay" + (", bandwidth floor(T^(1/4))" if self.bandwidth is None else "")
        n_periods, lags = self._periods_and_lags(regression)
        return covariance.matrix, correction_of(
            regression, kind, factor=1.0, n_clusters=(n_periods,), bandwidth=lags
        )

    def _periods_and_lags(self, regression: Regression) -> tuple[int, int]:
        n_periods = regression.grouping("time").n_levels
        return n_periods, isqrt(isqrt(n_periods)) if self.bandwidth is None else self.bandwidth


_ROWS_AT_A_TIME = 2_000


@plugin.checks_options
@dataclass(frozen=True)
class Conley:
    """Errors dependent among rows of one period up to a distance, and within entities over some periods.

    The sandwich sums s_i K(d_ij) s_j' over pairs of rows of one period, s their scores and d their
    great-circle distance, and s_it L(|t - u|) s_iu' over pairs of rows of one entity; it has no factor.
    Degrees of freedom are the entities less one where all lags count, else those of rows. Neither library has
    it.

    Attributes
    ----------
    cutoff_km : > 0, distance from which errors are independent
    kernel : weight of a pair: ``bartlett`` falls from one to zero at the cut-off, ``uniform`` is one up to it
    lags : >= 0, periods over which errors of an entity are dependent, with Bartlett weights; None is all of
        them, T - 1, each with weight one, so that errors clustered by entity are those without neighbours
    """

    cutoff_km: float
    kernel: Literal["bartlett", "uniform"] = "bartlett"
    lags: int | None = None
    use: Literal["conley"] = "conley"

    def __post_init__(self) -> None:
        if not self.cutoff_km > 0.0:
            message = f"cutoff_km: a distance above zero; found {self.cutoff_km}"
            raise ValueError(message)
        if self.lags is not None and self.lags < 0:
            message = f"lags: a number of periods >= 0; found {self.lags}"
            raise ValueError(message)

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for; its covariance is replaced.

        Raises
        ------
        EstimationError
            Where the panel has no coordinates.
        """
        if regression.panel.coordinates is None:
            what = marked("Conley errors need coordinates, and the panel has none")
            hint = marked("name their columns as roles.latitude and roles.longitude")
            raise EstimationError(Problem("covariance", what, hint=hint))
        return {"cov_type": "robust"}

    def corrected(self, regression: Regression, covariance: Sandwich) -> tuple[Floats, Correction]:
        """Return the covariance, (n_coef, n_coef)."""
        scores = regression.basis * regression.within.residuals[:, None]
        own = Sandwich(self.meat(regression.panel, scores), regression.to_coefficients)
        return self.mended(regression, own)

    def mended(self, regression: Regression, own: Sandwich) -> tuple[Floats, Correction]:
        """Return a covariance whose middle is by `meat`, (n_coef, n_coef), without negative eigenvalues."""
        matrix, mended = own.matrix, ""
        if (np.linalg.eigvalsh(own.turned) < 0.0).any():
            matrix, mended = own.nearest(), marked(", negative eigenvalues set to zero")
        over_time = Coded(marked(", {lags} lags within entities"), lags=self.lags) if self.lags else ""
        n_clusters: tuple[int, ...] = ()
        if self.lags is None:
            over_time = marked(", all lags within entities")
            n_clusters = (regression.grouping("entity").n_levels,)
        kind = Coded(
            "Conley, {kernel} kernel up to {cutoff_km} km{over_time}{mended}",
            kernel=self.kernel,
            cutoff_km=f"{self.cutoff_km:g}",
            over_time=over_time,
            mended=mended,
        )
        return matrix, correction_of(regression, kind, factor=1.0, n_clusters=n_clusters)

    def meat(self, panel: Panel, scores: Floats) -> Floats:
        """Return the covariance of the sum of scores, (n, n), given those of rows, (n_obs, n)."""
        coordinates = panel.coordinates
        assert coordinates is not None  # noqa: S101 - refused by `library_options`
        total = np.zeros((scores.shape[1], scores.shape[1]))
        for rows in plugin.rows_by_period(panel.period):
            for start in range(0, rows.size, _ROWS_AT_A_TIME):
                some = rows[start : start + _ROWS_AT_A_TIME]
                distance = plugin.great_circle_km(coordinates[some], coordinates[rows])
                total += scores[some].T @ (self._weights(distance) @ scores[rows])
        if self.lags is None:
            of_entities = np.zeros((len(panel.entity.labels), scores.shape[1]))
            np.add.at(of_entities, panel.entity.codes, scores)
            return np.asarray(total + of_entities.T @ of_entities - scores.T @ scores)
        return total + self._over_time(panel, scores, self.lags) if self.lags else total

    def _weights(self, distance: Floats) -> Floats:
        if self.kernel == "uniform":
            return (distance <= self.cutoff_km).astype(np.float64)
        return np.asarray(np.maximum(1.0 - distance / self.cutoff_km, 0.0))

    def _over_time(self, panel: Panel, scores: Floats, lags: int) -> Floats:
        """Return the sum over pairs of different rows of one entity."""
        order = np.lexsort((panel.period, panel.entity.codes))
        ordered, entity, period = scores[order], panel.entity.codes[order], panel.period[order]
        total = np.zeros((scores.shape[1], scores.shape[1]))
        # Rows of an entity are sorted by period, so that a pair is at most `lags` places apart.
        for apart in range(1, lags + 1):
            gap = period[apart:] - period[:-apart]
            is_pair = (entity[apart:] == entity[:-apart]) & (gap <= lags)
            weights = np.where(is_pair, 1.0 - gap / (lags + 1.0), 0.0)
            across = (ordered[apart:] * weights[:, None]).T @ ordered[:-apart]
            total += across + across.T
        return total


@dataclass(frozen=True)
class CommonShocks:
    """Errors dependent within an entity and between all periods, as after shocks in common that last.

    The sum of the covariance clustered by entity and that of Driscoll & Kraay (1998) with Bartlett weights
    over all periods, without a factor; statistics have the few degrees of freedom of
    `harness.plugin.DependentErrors`.
    """

    use: Literal["common_shocks"] = "common_shocks"

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for; its covariance is replaced.

        Raises
        ------
        EstimationError
            Where there are fewer than three periods.
        """
        n_periods = regression.grouping("time").n_levels
        if n_periods < 3:
            what = Coded("errors of common shocks need three periods; there are {n}", n=n_periods)
            hint = marked("choose classical, robust or clustered by entity")
            raise EstimationError(Problem("covariance", what, hint=hint))
        return {"cov_type": "robust"}

    def corrected(self, regression: Regression, covariance: Sandwich) -> tuple[Floats, Correction]:
        """Return the covariance, (n_coef, n_coef)."""
        scores = regression.basis * regression.within.residuals[:, None]
        return self.mended(
            regression, Sandwich(self.meat(regression.panel, scores), regression.to_coefficients)
        )

    def mended(self, regression: Regression, own: Sandwich) -> tuple[Floats, Correction]:
        """Return a covariance whose middle is by `meat`, (n_coef, n_coef)."""
        kind = marked("by entity plus Driscoll-Kraay over all periods, for shocks in common")
        correction = correction_of(
            regression, kind, factor=1.0, bandwidth=int(np.ptp(regression.panel.period))
        )
        df_resid = plugin.DependentErrors(regression.panel, "common_shocks").df(np.nan)
        return own.matrix, replace(correction, df_resid=df_resid)

    def meat(self, panel: Panel, scores: Floats) -> Floats:
        """Return the covariance of the sum of scores, (n, n), given those of rows, (n_obs, n)."""
        return plugin.DependentErrors(panel, "common_shocks").covariance(scores)


@dataclass(frozen=True)
class Tested:
    """Errors clustered by entity, or those of common shocks where a test finds that entities have some.

    The test is of the exposure's coefficients, `harness.plugin.DependentErrors.chosen`: the same by which
    errors of the scenario ``effect`` are chosen.

    Attributes
    ----------
    correction : of errors clustered by entity, see `Clustered`
    """

    by: ClassVar[tuple[str, ...]] = ("entity",)

    correction: CorrectionName = CORRECTION
    use: Literal["tested"] = "tested"

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for: the errors of `Clustered`."""
        return Clustered(self.by, self.correction).library_options(regression)

    def corrected(self, regression: Regression, covariance: Sandwich) -> tuple[Floats, Correction]:
        """Return the covariance, (n_coef, n_coef), its correction with the p-value of the test."""
        scores = regression.basis * regression.within.residuals[:, None]
        chosen, p_value = self.chosen(regression, scores, regression.to_coefficients)
        matrix, correction = chosen.corrected(regression, covariance)
        return matrix, replace(correction, p_common_shocks=p_value)

    def chosen(
        self, regression: Regression, scores: Floats, to_coefficients: Floats
    ) -> tuple[Clustered | CommonShocks, float]:
        """Return the errors that the test leaves, and its p-value.

        Parameters
        ----------
        scores : (n_obs, n_coef), of rows, in coordinates that `to_coefficients`, (n_coef, n_coef), takes to
            the coefficients
        """
        first, n_exposures = int(regression.has_constant), len(regression.panel.exposure_columns)
        kept = np.array(regression.within.kept)
        is_exposure = np.concatenate([np.zeros(first, dtype=np.bool_), kept < n_exposures])
        p_value = plugin.p_common_shocks(regression.panel, [scores @ to_coefficients[is_exposure].T])
        return self.after(p_value), p_value

    def after(self, p_value: float) -> Clustered | CommonShocks:
        """Return the errors that are left by the p-value of the test."""
        is_shared = plugin.has_common_shocks(p_value)
        return CommonShocks() if is_shared else Clustered(self.by, self.correction)


# What is computed here for equations whose engine knows nothing of effects in its degrees of freedom.
OwnCovariance = Classical | Robust | Clustered | Conley | WildCluster | CommonShocks | Tested


def meat_of(regression: Regression, covariance: OwnCovariance, basis: Floats, residuals: Floats) -> Floats:
    """Return the covariance of the scores, (n, n), of a basis, (n_obs, n), and residuals, (n_obs,)."""
    n_obs, n_coef = basis.shape
    if isinstance(covariance, Classical):
        return np.asarray(float(residuals @ residuals) / n_obs * np.eye(n_coef))
    rows = basis * residuals[:, None]
    if isinstance(covariance, Robust):
        return np.asarray(rows.T @ rows)
    if isinstance(covariance, Conley | CommonShocks):
        return covariance.meat(regression.panel, rows)
    clustered = covariance.clustered if isinstance(covariance, WildCluster) else covariance
    own = [regression.grouping(name) for name in clustered.by]
    terms = [(1.0, grouping) for grouping in own]
    if len(own) == 2:
        terms.append((-1.0, plugin.Grouping.of(own[0].codes * own[1].n_levels + own[1].codes)))
    meat = np.zeros((n_coef, n_coef))
    for sign, grouping in terms:
        sums, n_levels = grouping.sums(rows), grouping.n_levels
        # As linearmodels' option group_debias, which the factor of plm counts on.
        debiased = n_levels / (n_levels - 1) * (n_obs - 1) / n_obs if clustered.correction == "plm" else 1.0
        meat += sign * debiased * sums.T @ sums
    return meat


def own_covariance(
    regression: Regression,
    covariance: OwnCovariance,
    basis: Floats,
    to_coefficients: Floats,
    residuals: Floats,
) -> tuple[Floats, Correction]:
    """Return a sandwich with its small-sample factor.

    Parameters
    ----------
    basis : (n_obs, n), orthonormal
    to_coefficients : (n, n)
    residuals : (n_obs,), times the roots of the weights

    Raises
    ------
    EstimationError
        Where this covariance is undefined.
    """
    if isinstance(covariance, Tested):
        chosen, p_value = covariance.chosen(regression, basis * residuals[:, None], to_coefficients)
        matrix, correction = own_covariance(regression, chosen, basis, to_coefficients, residuals)
        return matrix, replace(correction, p_common_shocks=p_value)
    covariance.library_options(regression)
    sandwich = Sandwich(meat_of(regression, covariance, basis, residuals), to_coefficients)
    if isinstance(covariance, Conley | CommonShocks):
        return covariance.mended(regression, sandwich)
    return covariance.corrected(regression, sandwich)


# Any of them, told apart by ``use``; an option that belongs to another kind is refused.
Covariance = Annotated[
    Classical | Robust | Clustered | DriscollKraay | Conley | WildCluster | CommonShocks | Tested,
    Field(discriminator="use"),
]


class WithCovariance:
    """What estimators with an option ``covariance`` have in common.

    Attributes
    ----------
    covariance : how uncertain the coefficients are
    """

    covariance: object

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns of the data, beside the keys, whose levels are clusters."""
        return columns_of(self.covariance)

    def for_folds(self) -> Self:
        """Return a copy whose fits only predict, so that no library is asked for a table nobody reads."""
        return replace(self, covariance=PredictionsAlone())  # type: ignore[type-var]  # subclasses are dataclasses


# Those of rows that no key groups, as the means of entities are.
IndependentCovariance = Annotated[Classical | Robust, Field(discriminator="use")]


def clusters_of(covariance: object) -> tuple[str, ...]:
    """Return the keys and columns whose levels are the clusters; empty without clusters."""
    by = getattr(covariance, "by", ())
    return (by,) if isinstance(by, str) else by


def columns_of(covariance: object) -> tuple[str, ...]:
    """Return the columns of the data, beside the keys, that clusters are told by."""
    return tuple(name for name in clusters_of(covariance) if not isinstance(plugin.effect_named(name), str))
