"""An index that several indicators have in common, by the first factor of their correlations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.messages import number, require
from harness.data.name import ColumnName
from harness.data.prepare.learned_steps import LearnedLine, Range
from harness.data.prepare.step import OfNamedColumns
from harness.errors import DataError
from harness.language import Message
from harness.tables.preparation import Note

Method = Literal["factor", "pca"]
Rotation = Literal["varimax", "none"]

# Condition number of the indicators' correlation matrix beyond which its inverse says nothing.
GREATEST_CONDITION = 1e10

# Condition number of the correlations, or of the likelihood's curvature at its maximum, from which digits of
# the data that nobody measures may move the index.
DOUBTFUL_CONDITION = 1e6


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
    line : from the score to the index, which starts at the least score among the rows learned from
    condition : how many times as large, relative to itself, a change of the index may be as one of the data
    """

    into: str
    inputs: tuple[str, ...]
    centre: Floats
    scale: Floats
    weights: Floats
    loadings: Floats
    line: LearnedLine
    condition: float

    @property
    def notes(self) -> tuple[Note, ...]:
        """A warning where the data hardly determine the index."""
        if self.condition < DOUBTFUL_CONDITION:
            return ()
        message = Message(
            "The columns {inputs} hardly determine the index (condition number {condition}): one "
            "is nearly a function of the others, or they have little in common. Rounding in the "
            "data may change it.",
            inputs=", ".join(self.inputs),
            condition=number(self.condition),
        )
        return (Note("W-INDEX", self.into, message),)

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
        return self.line.compute({self.line.of: scores})


def _scores(standardised: Floats, weights: Floats) -> Floats:
    # Not by BLAS, whose rounding of a row depends on how many rows there are.
    return np.asarray(np.sum(standardised * weights, axis=1))


@dataclass(frozen=True)
class FactorIndex(OfNamedColumns):
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
    known_as: ClassVar[tuple[str, ...]] = ("pca", "pca_index", "principal_components", "主成分", "主成分分析")

    into: ColumnName
    columns: Annotated[tuple[ColumnName, ...], Field(min_length=2)]
    method: Method = "factor"
    rotation: Rotation = "varimax"
    factors: Annotated[int, Field(ge=1)] = 1
    to: Range | None = None

    def __post_init__(self) -> None:
        require(len(set(self.columns)) == len(self.columns), "the same column is listed twice")
        # p(p - 1)/2 correlations must not be fewer than the model's p*k loadings, less k(k - 1)/2 rotations.
        n, k = len(self.columns), self.factors
        enough = n >= k if self.method == "pca" else (n - k) ** 2 >= n + k
        require(enough, f"{n} columns are too few for {k} factors under method: {self.method}")

    def learn(self, columns: Mapping[str, Floats]) -> LearnedIndex:
        """Return the index learned from these rows, (n_rows,) each, all finite.

        Raises
        ------
        DataError
            Where a column is constant, or one follows from the others, among these rows.
        """
        raw = np.column_stack([columns[name] for name in self.columns])
        n_rows, n_columns = raw.shape
        if n_rows <= n_columns:
            raise self._refusal(f"{n_rows} complete rows are too few for {n_columns} columns")
        constant = np.flatnonzero(raw.min(axis=0) == raw.max(axis=0))
        if constant.size:
            shown = ", ".join(self.columns[at] for at in constant)
            raise self._refusal(f"these columns are constant: {shown}")
        centre, scale = raw.mean(axis=0), raw.std(axis=0)
        standardised = (raw - centre) / scale
        correlation = np.einsum("ij,ik->jk", standardised, standardised) / n_rows
        condition = float(np.linalg.cond(correlation))
        if condition > GREATEST_CONDITION:
            raise self._refusal("one of the columns follows from the others")
        if self.method == "pca":
            loadings = principal_loadings(correlation, self.factors)
        else:
            loadings = likelihood_loadings(correlation, self.factors)
            condition = max(condition, curvature_condition(correlation, loadings))
        if self.rotation == "varimax" and self.factors > 1:
            from statsmodels.multivariate.factor_rotation import rotate_factors

            loadings = rotate_factors(loadings, "varimax")[0]
        weights = first_factor_weights(correlation, loadings)
        scores = _scores(standardised, weights)
        start, spread = float(scores.min()), float(np.ptp(scores))
        least, greatest = self.to or (0.0, spread)
        return LearnedIndex(
            into=self.into,
            inputs=self.columns,
            centre=centre,
            scale=scale,
            weights=weights,
            loadings=correlation @ weights,
            line=LearnedLine(self.into, "score", start, (greatest - least) / spread, least),
            condition=condition,
        )

    def _refusal(self, what: str) -> DataError:
        where = f"column '{self.into}' ({self.name})"
        what = f"{what}, among the rows the index is learned from"
        expected = "columns that vary and do not determine each other"
        return DataError.at(where, what, expected, "take columns out of the list, or keep more rows")


# Least share of a variable's variance that the factors leave unexplained, so that a fit cannot run to the
# boundary where the likelihood has no maximum (a Heywood case); the bound that R's ``factanal`` uses.
LEAST_UNIQUENESS = 0.005


def principal_loadings(correlation: Floats, n_factors: int) -> Floats:
    """Return the loadings of the first principal components, (n_columns, n_factors)."""
    eigenvalue, eigenvector = np.linalg.eigh(correlation)
    largest = slice(None, -n_factors - 1, -1)
    loadings: Floats = eigenvector[:, largest] * np.sqrt(eigenvalue[largest])
    return loadings


def likelihood_loadings(correlation: Floats, n_factors: int) -> Floats:
    """Return the maximum-likelihood loadings of a factor model, (n_columns, n_factors).

    The likelihood is concentrated on the uniquenesses as in Jöreskog (1967), "Some contributions to maximum
    likelihood factor analysis", Psychometrika 32, and maximised within [`LEAST_UNIQUENESS`, 1].

    Parameters
    ----------
    correlation : (n_columns, n_columns), of full rank
    n_factors : >= 1, below n_columns
    """
    from scipy.optimize import minimize

    n_columns = correlation.shape[0]

    def loadings_at(uniqueness: Floats) -> tuple[Floats, Floats]:
        root = np.sqrt(uniqueness)
        eigenvalue, eigenvector = np.linalg.eigh(correlation / np.outer(root, root))
        strength = np.sqrt(np.maximum(eigenvalue[-n_factors:] - 1.0, 0.0))
        return root[:, None] * eigenvector[:, -n_factors:] * strength, eigenvalue[:-n_factors]

    def discrepancy(uniqueness: Floats) -> tuple[float, Floats]:
        loadings, residual = loadings_at(uniqueness)
        misfit = np.einsum("ij,ij->i", loadings, loadings) + uniqueness - np.diag(correlation)
        return float(np.sum(residual - np.log(residual) - 1.0)), misfit / uniqueness**2

    start = (1.0 - 0.5 * n_factors / n_columns) / np.diag(np.linalg.inv(correlation))
    best = minimize(
        discrepancy,
        np.clip(start, LEAST_UNIQUENESS, 1.0),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LEAST_UNIQUENESS, 1.0)] * n_columns,
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000},
    )
    return loadings_at(best.x)[0]


def curvature_condition(correlation: Floats, loadings: Floats) -> float:
    """Return the condition number of the likelihood's expected curvature in the uniquenesses, at its maximum.

    The curvature is that of Jöreskog (1967), among the uniquenesses that are not at their bound. It is large
    where a ridge of loadings fits nearly alike, as where only two columns have something in common.
    """
    uniqueness = np.clip(1.0 - np.square(loadings).sum(axis=1), LEAST_UNIQUENESS, 1.0)
    root = np.sqrt(uniqueness)
    vectors = np.linalg.eigh(correlation / np.outer(root, root))[1][:, : -loadings.shape[1]]
    curvature = np.square(vectors @ vectors.T)
    is_free = uniqueness > LEAST_UNIQUENESS * 1.001
    return float(np.linalg.cond(curvature[np.ix_(is_free, is_free)])) if is_free.any() else 1.0


def first_factor_weights(correlation: Floats, loadings: Floats) -> Floats:
    """Return the weights, (n_columns,), that score the first factor from standardised columns.

    The first factor explains most variance; its scores are regression scores, R^-1 times its loadings
    (Thomson 1951), which for principal components are the standardised components. Its sign is anchored on
    the first column, whose loading is positive: a rule by all loadings, such as their sum, turns the factor
    round between samples where loadings of both signs nearly cancel.
    """
    first = loadings[:, np.argmax(np.square(loadings).sum(axis=0))]
    sign = 1.0 if first[0] >= 0 else -1.0
    return np.asarray(sign * np.linalg.solve(correlation, first), dtype=np.float64)
