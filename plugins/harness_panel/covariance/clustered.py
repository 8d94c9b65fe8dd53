"""The covariance of errors that are dependent within clusters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from harness import EstimationError, Floats, Problem
from harness_panel.covariance.scores import Meat, Sample, independent_rows, without_negative_variances
from harness_panel.resampling.effect import Dimension
from harness_panel.resampling.grouping import Grouping

SmallSample = Literal["sss", "none"]


@dataclass(frozen=True)
class Clustered:
    """Errors dependent within clusters; two dimensions as in Cameron, Gelbach & Miller 2011.

    Attributes
    ----------
    by : one or both keys
    small_sample : ``sss`` multiplies by G / (G - 1) times (n - 1) / (n - K), G the clusters and K the
        coefficients without absorbed effects, as plm's ``sss`` and Stata do; with two dimensions each of the
        three terms has its own G. ``none`` multiplies by nothing.

    Statistics have G - 1 degrees of freedom, with two dimensions the smaller G.
    """

    by: tuple[Dimension, ...] = ("entity",)
    small_sample: SmallSample = "sss"
    kind: Literal["clustered"] = "clustered"

    def __post_init__(self) -> None:
        if not self.by or len(set(self.by)) < len(self.by):
            message = f"by: entity, time or both, each once; found {list(self.by)}"
            raise ValueError(message)

    def meat(self, sample: Sample) -> Meat:
        """Return the meat.

        Raises
        ------
        EstimationError
            Where a dimension has fewer than two clusters.
        """
        codes = {"entity": sample.entity, "time": sample.time}
        clusters = [Grouping.of(codes[dimension]) for dimension in self.by]
        n_clusters = tuple(one.n_levels for one in clusters)
        if min(n_clusters) < 2:
            raise EstimationError(
                Problem(
                    where="covariance",
                    what=f"clustered by {' and '.join(self.by)} needs two clusters of each; "
                    f"there are {', '.join(map(str, n_clusters))}",
                    hint="choose classical or robust, or estimate on more rows",
                )
            )
        common = (sample.n_obs - 1) / (sample.n_obs - sample.n_coef) if self.small_sample == "sss" else 1.0
        matrix = common * np.sum([self._term(sample, one) for one in clusters], axis=0)
        for first, second in combinations(clusters, 2):
            matrix -= common * self._term(sample, Grouping.of_pairs(first.codes, second.codes))
        matrix, mended = _mended(sample, matrix)
        kind = f"clustered by {' and '.join(self.by)}{mended}"
        factor = common * self._factor(clusters[0]) if len(clusters) == 1 else common
        return Meat(matrix, sample.correction(kind, factor=factor, n_clusters=n_clusters))

    def _term(self, sample: Sample, clusters: Grouping) -> Floats:
        return self._factor(clusters) * independent_rows(sample.score_sums(clusters))

    def _factor(self, clusters: Grouping) -> float:
        return clusters.n_levels / (clusters.n_levels - 1) if self.small_sample == "sss" else 1.0


def _mended(sample: Sample, meat: Floats) -> tuple[Floats, str]:
    """Return a meat without negative variances of coefficients, and what was done to it.

    The variance of a constant depends on where columns are zero. One below zero is raised on its own, so that
    the level of a column changes no standard error of a slope.
    """
    to_coefficients = sample.to_coefficients
    is_negative = np.diag(to_coefficients @ meat @ to_coefficients.T) < 0.0
    if not is_negative.any():
        return meat, ""
    nearest = without_negative_variances(meat)
    if not sample.has_constant or is_negative[1:].any():
        return nearest, ", negative eigenvalues set to zero"
    constant, raised = to_coefficients[0], meat.copy()
    raised[0, 0] += constant @ (nearest - meat) @ constant / constant[0] ** 2
    return raised, ", negative eigenvalues set to zero for the constant"
