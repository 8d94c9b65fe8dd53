"""The covariances that `feols` offers, as a spec names them under ``covariance:``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from harness import plugin
from harness.plugin import Correction, EffectSet, EstimationError, Floats, Message, Problem, marked
from harness_panel.covariance import correction_of, mended, refuse_cancelled
from harness_panel.feols.effects import count_outside
from harness_panel.feols.regression import FeolsRegression, FeolsRows, Request

# Clusters up to which a fit for each, or a bootstrap of them, is worth its time.
MOST_CLUSTERS = 1_000

# Variances below this share of those of independent errors are what partialling out leaves as rounding.
_NOTHING = 1e-20

_GROUP_FACTORS: Final[Mapping[str, Literal["conventional", "min", "none"]]] = {
    "fixest": "min",
    "plm": "conventional",
    "none": "none",
}


@dataclass(frozen=True)
class Iid:
    """Independent errors of equal variance, RSS / (n - K - E), with K coefficients and E effects."""

    use: Literal["iid"] = "iid"

    def request(self, rows: FeolsRows) -> Request:
        """Return what is asked of pyfixest."""
        return Request("iid")

    def corrected(self, regression: FeolsRegression) -> tuple[Floats, Correction]:
        """Return the covariance, (n_kept, n_kept), and how it was computed."""
        return _independent(regression, "classical", n_divided=regression.n_obs - 1)


@dataclass(frozen=True)
class Hetero:
    """Independent errors of any variance (White 1980) times n / (n - K - E), which is HC1 on dummies."""

    use: Literal["hetero"] = "hetero"

    def request(self, rows: FeolsRows) -> Request:
        """Return what is asked of pyfixest."""
        return Request("hetero")

    def corrected(self, regression: FeolsRegression) -> tuple[Floats, Correction]:
        """Return the covariance, (n_kept, n_kept), and how it was computed."""
        return _independent(regression, "HC1", n_divided=regression.n_obs)


def _independent(regression: FeolsRegression, kind: str, *, n_divided: int) -> tuple[Floats, Correction]:
    """Return pyfixest's covariance, which divides by `n_divided`, divided by the degrees of freedom."""
    matrix = n_divided / regression.df_resid * regression.estimated.covariance.matrix
    return matrix, correction_of(regression, kind, factor=regression.n_obs / regression.df_resid)


@dataclass(frozen=True)
class CRV1:
    """Errors dependent within clusters, of one kind (Liang & Zeger 1986) or two (Cameron et al. 2011).

    Attributes
    ----------
    by : one or two of ``entity``, ``time`` and columns of the data
    correction : ``fixest``, as reghdfe and xtreg of Stata, multiplies by G / (G - 1) times
        (n - 1) / (n - K'), where K' counts the coefficients, the effects whose levels are not within clusters
        and one for those that are; with two kinds of clusters G is the smaller. ``plm`` counts no effects,
        and gives each of the three terms of two kinds its own G. ``none`` multiplies by nothing.

    Statistics have G - 1 degrees of freedom, of the smaller G. Where a variance of two kinds is negative,
    negative eigenvalues are set to zero and the correction says so.
    """

    by: tuple[str, ...] = ("entity",)
    correction: Literal["fixest", "plm", "none"] = "fixest"
    use: Literal["crv1"] = "crv1"

    def __post_init__(self) -> None:
        if not 1 <= len(self.by) <= 2 or len(set(self.by)) < len(self.by):
            raise ValueError(f"by: one or two of entity, time and columns, each once; found {list(self.by)}")

    def request(self, rows: FeolsRows) -> Request:
        """Return what is asked of pyfixest.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters.
        """
        clusters = tuple(read_clusters(rows, part) for part in self.by)
        return Request("CRV1", clusters, _GROUP_FACTORS[self.correction])

    def corrected(self, regression: FeolsRegression) -> tuple[Floats, Correction]:
        """Return the covariance, (n_kept, n_kept), and how it was computed.

        Raises
        ------
        EstimationError
            Where errors cancel within all clusters.
        """
        clusters, n_obs = self.request(regression.rows).clusters, regression.n_obs
        n_effects = count_outside(regression.rows.design, clusters) if self.correction == "fixest" else 0
        common = 1.0 if self.correction == "none" else (n_obs - 1) / (n_obs - regression.n_coef - n_effects)
        matrix, change = mended(regression.estimated.covariance, common, has_constant=False)
        n_clusters = tuple(levels.n_levels for levels in clusters)
        has_one_factor = self.correction == "fixest" or (self.correction == "plm" and len(clusters) == 1)
        factor = common * min(n_clusters) / (min(n_clusters) - 1) if has_one_factor else common
        words = marked("CRV1 clustered by {by}, correction {correction}{change}")
        kind = Message(words, by=" and ".join(self.by), correction=self.correction, change=change)
        refuse_cancelled(regression, np.diag(matrix), kind, nothing=_NOTHING)
        return matrix, correction_of(
            regression, kind, factor=factor, n_clusters=n_clusters, n_effects=n_effects
        )


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

    def request(self, rows: FeolsRows) -> Request:
        """Return what is asked of pyfixest.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or too many.
        """
        read_clusters(rows, self.by, cost="CRV3 fits once for each")
        return Request("iid")

    def corrected(self, regression: FeolsRegression) -> tuple[Floats, Correction]:
        """Return the covariance, (n_kept, n_kept), and how it was computed.

        Raises
        ------
        EstimationError
            Where a cluster alone tells a coefficient.
        """
        clusters = read_clusters(regression.rows, self.by)
        size = clusters.n_levels
        changes = np.array([self._change(regression, clusters, at) for at in range(size)])
        factor, kind = (size - 1) / size, f"CRV3 clustered by {self.by}"
        correction = correction_of(regression, kind, factor=factor, n_clusters=(size,))
        return factor * changes.T @ changes, correction

    def _change(self, regression: FeolsRegression, clusters: EffectSet, at: int) -> Floats:
        """Return the change of the slopes without one cluster, (n_kept,)."""
        own = regression.estimated
        others = regression.rows.take(np.flatnonzero(clusters.codes != at)).estimate(Request("iid"))
        if not np.array_equal(others.kept, own.kept):
            differ = np.setxor1d(own.kept, others.kept).tolist()
            names = ", ".join(repr(regression.panel.columns[column]) for column in differ)
            what = Message(
                "CRV3 is undefined: without {by} {labels}, effects and other columns determine {names}",
                by=self.by,
                labels=clusters.labels[at],
                names=names,
            )
            hint = marked("choose another covariance, or drop the column")
            raise EstimationError(Problem("covariance", what, expected="crv1, or wild_cluster", hint=hint))
        return (others.slopes - own.slopes)[own.kept]


@dataclass(frozen=True)
class WildBootstrap(plugin.WildClusters):
    """Errors of ``crv1`` with p-values and limits of a bootstrap, as `WildClusters` has them."""

    def request(self, rows: FeolsRows) -> Request:
        """Return what is asked of pyfixest.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or more than the bootstrap is meant for.
        """
        read_clusters(
            rows, self.by, cost="a wild bootstrap solves for effects once for each column and cluster"
        )
        return CRV1((self.by,)).request(rows)

    def corrected(self, regression: FeolsRegression) -> tuple[Floats, Correction]:
        """Return the covariance of ``crv1``, (n_kept, n_kept), and how it was computed.

        Raises
        ------
        EstimationError
            Where errors cancel within all clusters.
        """
        matrix, correction = CRV1((self.by,)).corrected(regression)
        number = self.number(*correction.n_clusters)
        words = marked("wild cluster bootstrap by {by}, {number} {weights} draws")
        how = Message(words, by=self.by, number=number, weights=self.weights)
        return matrix, replace(correction, kind=how)


# Any of them, told apart by ``use``; an option that belongs to another kind is refused.
FeolsCovariance = Annotated[CRV1 | CRV3 | Hetero | Iid | WildBootstrap, Field(discriminator="use")]


def read_clusters(rows: FeolsRows, part: str, *, cost: str = "") -> EffectSet:
    """Return the cluster of every row.

    Parameters
    ----------
    cost : what more than `MOST_CLUSTERS` would cost; empty where any number is fine

    Raises
    ------
    EstimationError
        Where there are fewer than two, or too many.
    """
    known, effect = {levels.effect: levels for levels in rows.design.sets}, plugin.effect_named(part)
    clusters = known.get(effect) or plugin.read_effect_set(rows.panel, effect)
    if clusters.n_levels < 2:
        words = marked("clustering by {part} needs at least two clusters; there is {n_levels}")
        what = Message(words, part=part, n_levels=clusters.n_levels)
        hint = marked("choose iid or hetero, or use more rows")
        raise EstimationError(Problem("covariance", what, hint=hint))
    if cost and clusters.n_levels > MOST_CLUSTERS:
        what = Message("{cost} of {n_levels} clusters", cost=cost, n_levels=clusters.n_levels)
        hint = marked("choose crv1, equally reliable with that many clusters")
        raise EstimationError(Problem("covariance", what, expected=f"at most {MOST_CLUSTERS}", hint=hint))
    return clusters
