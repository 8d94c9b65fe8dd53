"""An index that several indicators have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.name import ColumnName
from harness.data.prepare.account import number
from harness.data.prepare.factors import (
    first_factor_weights,
    likelihood_loadings,
    principal_loadings,
    rotate_varimax,
)
from harness.data.prepare.linear import Range
from harness.errors import DataError, Problem

Method = Literal["factor", "pca"]
Rotation = Literal["varimax", "none"]

GREATEST_CONDITION = 1e10
"""Condition number of the indicators' correlation matrix beyond which its inverse says nothing."""


@dataclass(frozen=True, eq=False)
class LearnedIndex:
    """An index with its weights, which scores any row.

    Attributes
    ----------
    into : column that is computed; other rows than those learned from may lie below its least value
    inputs : the indicators
    centre, scale : (n_indicators,), means and standard deviations of the rows learned from
    weights : (n_indicators,), index units per standard deviation
    loadings : (n_indicators,), correlations with the factor
    start : least score among the rows learned from
    stretch, least : index units per unit of the score, and the index at `start`
    """

    into: str
    inputs: tuple[str, ...]
    centre: Floats
    scale: Floats
    weights: Floats
    loadings: Floats
    start: float
    stretch: float
    least: float

    @property
    def detail(self) -> str:
        """Loadings and weights learned."""
        shown = zip(self.inputs, self.loadings.tolist(), self.weights.tolist(), strict=True)
        return "loading (weight): " + ", ".join(
            f"{name} {number(loading)} ({number(weight)})" for name, loading, weight in shown
        )

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the index, (n_obs,); NaN where an indicator is missing."""
        raw = np.column_stack([columns[name] for name in self.inputs])
        scores = _scores((raw - self.centre) / self.scale, self.weights)
        return self.least + self.stretch * (scores - self.start)


def _scores(standardised: Floats, weights: Floats) -> Floats:
    # Not by BLAS, whose rounding of a row depends on how many rows there are.
    return np.asarray(np.sum(standardised * weights, axis=1))


@dataclass(frozen=True)
class FactorIndex:
    """``- factor_index: {into: digital, columns: [internet, mobile], method: factor, rotation: varimax}``.

    The indicators are standardised, and the index is the regression score of their first factor. It rises
    with the first column that is listed, so list one that surely shows what the index stands for first. Among
    the rows it is learned from it starts at 0, or lies within the range that is asked for.

    Attributes
    ----------
    into : column that is computed, in standard deviations of the factor unless `to` gives it a range
    columns : the indicators, at least two, three where the method is ``factor``; the first one gives the
        index its sign
    method : ``factor`` for maximum-likelihood factor analysis, ``pca`` for principal components
    rotation : of the loadings; it matters where there are several factors
    factors : how many are extracted before the rotation; the one that explains most is the index
    to : least and greatest value of the index among the rows it is learned from
    """

    name: ClassVar[str] = "factor_index"

    into: ColumnName
    columns: Annotated[tuple[ColumnName, ...], Field(min_length=2)]
    method: Method = "factor"
    rotation: Rotation = "varimax"
    factors: Annotated[int, Field(ge=1)] = 1
    to: Range | None = None

    def __post_init__(self) -> None:
        if len(set(self.columns)) < len(self.columns):
            message = "the same column is listed twice"
            raise ValueError(message)
        # p(p - 1)/2 correlations must not be fewer than the model's p*k loadings, less k(k - 1)/2 rotations.
        n, k = len(self.columns), self.factors
        enough = n >= k if self.method == "pca" else (n - k) ** 2 >= n + k
        if not enough:
            message = f"{n} columns are too few for {k} factors under method: {self.method}"
            raise ValueError(message)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return self.columns

    def learn(self, columns: Mapping[str, Floats]) -> LearnedIndex:
        """Return the index learned from these rows, (n_rows,) each, all finite.

        Raises
        ------
        DataError
            Where a column is constant, or one follows from the others, among these rows.
        """
        raw = np.column_stack([columns[name] for name in self.columns])
        centre, scale = self._spread(raw)
        standardised = (raw - centre) / scale
        correlation = np.einsum("ij,ik->jk", standardised, standardised) / raw.shape[0]
        self._refuse_collinear(correlation)
        find_loadings = principal_loadings if self.method == "pca" else likelihood_loadings
        loadings = find_loadings(correlation, self.factors)
        if self.rotation == "varimax" and self.factors > 1:
            loadings = rotate_varimax(loadings)
        weights = first_factor_weights(correlation, loadings)
        scores = _scores(standardised, weights)
        start = float(scores.min())
        least, greatest = self.to or (0.0, float(np.ptp(scores)))
        return LearnedIndex(
            into=self.into,
            inputs=self.columns,
            centre=centre,
            scale=scale,
            weights=weights,
            loadings=correlation @ weights,
            start=start,
            stretch=(greatest - least) / float(np.ptp(scores)),
            least=least,
        )

    def _spread(self, raw: Floats) -> tuple[Floats, Floats]:
        n_rows, n_columns = raw.shape
        if n_rows <= n_columns:
            raise DataError(self._problem(f"{n_rows} complete rows are too few for {n_columns} columns"))
        constant = np.flatnonzero(raw.min(axis=0) == raw.max(axis=0))
        if constant.size:
            shown = ", ".join(self.columns[at] for at in constant)
            raise DataError(self._problem(f"these columns are constant: {shown}"))
        return raw.mean(axis=0), raw.std(axis=0)

    def _refuse_collinear(self, correlation: Floats) -> None:
        if np.linalg.cond(correlation) > GREATEST_CONDITION:
            raise DataError(self._problem("one of the columns follows from the others"))

    def _problem(self, what: str) -> Problem:
        return Problem(
            where=f"column '{self.into}' ({self.name})",
            what=f"{what}, among the rows the index is learned from",
            expected="columns that vary and do not determine each other",
            hint="take columns out of the list, or keep more rows",
        )
