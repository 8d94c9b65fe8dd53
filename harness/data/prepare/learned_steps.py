"""Steps that learn from rows how a column is shifted, scaled, kept within limits, or made of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field

from harness.arrays import Floats
from harness.data.messages import describe_column, number, require
from harness.data.name import ColumnName
from harness.data.prepare.step import Expansion, OfNamedColumns, OneColumn, TableColumns
from harness.data.prepare.table_steps import code_column
from harness.errors import DataError
from harness.language import Coded, marked
from harness.tables.preparation import Note


def _rising(ends: tuple[float, float]) -> tuple[float, float]:
    """Refuse a range whose end is not above its start."""
    message = Coded(
        "a range goes from a number to a greater one, not from {low} to {high}",
        low=f"{ends[0]:g}",
        high=f"{ends[1]:g}",
    )
    require(ends[0] < ends[1], message)
    return ends


# Least and greatest value of a column.
Range = Annotated[tuple[float, float], AfterValidator(_rising)]


@dataclass(frozen=True)
class LearnedLine(OneColumn):
    """The straight line ``level + slope * (of - start)``.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    start : value of `of` that is turned into `level`
    slope : not 0, in units of `into` per unit of `of`
    level : in units of `into`
    """

    start: float
    slope: float
    level: float

    @property
    def detail(self) -> str:
        """The line learned."""
        shift = f"{number(self.level)} + " if self.level else ""
        return f"{shift}{number(self.slope)} x ({self.of} - {number(self.start)})"

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        return self.level + self.slope * (columns[self.of] - self.start)


class _LearnsLine(OneColumn):
    """What learns a straight line from a column that varies."""

    def line(self, values: Floats) -> tuple[float, float, float]:
        """Return start, slope and level of the line learned from values, (n_rows,), not all equal."""
        raise NotImplementedError

    def learn(self, columns: Mapping[str, Floats]) -> LearnedLine:
        """Return the line learned from these rows, (n_rows,), all finite.

        Raises
        ------
        DataError
            Where the column is constant among these rows.
        """
        values = columns[self.of]
        if not values.size or np.ptp(values) == 0.0:
            where = describe_column(self.into, option="data.prepare")
            what = Coded(
                "'{of}' does not vary among the {size} rows it is learned from", of=self.of, size=values.size
            )
            expected = marked("a column with at least two different values")
            raise DataError.at(where, what, expected, marked("leave the step out, or keep more rows"))
        return LearnedLine(self.into, self.of, *self.line(values))


@dataclass(frozen=True)
class Standardise(_LearnsLine):
    """``- standardise: {into: gdp_z, of: gdp}``: mean 0 and standard deviation 1 among the rows learned from.

    Attributes
    ----------
    into : column that is computed, in standard deviations, over the number of rows
    of : column it is computed from, not constant
    """

    name: ClassVar[str] = "standardise"

    def line(self, values: Floats) -> tuple[float, float, float]:
        """Return the line through 0 at the mean of values, (n_rows,)."""
        return float(values.mean()), 1.0 / float(values.std()), 0.0


@dataclass(frozen=True)
class Rescale(_LearnsLine):
    """``- rescale: {into: gdp_share, of: gdp, to: [0, 1]}``: a range among the rows learned from.

    Attributes
    ----------
    into : column that is computed; other rows than those learned from may lie outside of the range
    of : column it is computed from, not constant
    to : what its least and its greatest value are turned into
    """

    name: ClassVar[str] = "rescale"

    to: Range = (0.0, 1.0)

    def line(self, values: Floats) -> tuple[float, float, float]:
        """Return the line from the least to the greatest of values, (n_rows,)."""
        low, high = self.to
        return float(values.min()), (high - low) / float(np.ptp(values)), low


@dataclass(frozen=True)
class Limits:
    """Limits learned from some rows.

    Attributes
    ----------
    low, high : in the column's unit
    n_low, n_high : values below and above them among the rows learned from
    """

    low: float
    high: float
    n_low: int
    n_high: int


@dataclass(frozen=True)
class LearnedLimits(OfNamedColumns):
    """A column kept within limits, those of each row's group where there are groups.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    groups : column of codes; None where the limits are those of all rows
    pooled : limits of all rows, and of a group that has none
    within : limits by code
    """

    into: ColumnName
    of: ColumnName
    groups: ColumnName | None
    pooled: Limits
    within: Mapping[float, Limits]

    @property
    def detail(self) -> str:
        """The limits learned, and how much they change."""
        learned = [self.pooled] if self.groups is None else list(self.within.values())
        counts = {end: sum(getattr(limits, end) for limits in learned) for end in ("n_low", "n_high")}
        if self.groups is not None:
            template = marked("limits of {within} groups; {n_low} values raised, {n_high} lowered")
            return Coded(template, within=len(self.within), **counts)
        template = marked("{of} within {low} and {high}; {n_low} values raised, {n_high} lowered")
        low, high = number(self.pooled.low), number(self.pooled.high)
        return Coded(template, of=self.of, low=low, high=high, **counts)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        if self.groups is None:
            return np.clip(columns[self.of], self.pooled.low, self.pooled.high)
        own = [self.within.get(float(code), self.pooled) for code in columns[self.groups]]
        low, high = np.array([(limits.low, limits.high) for limits in own]).reshape(-1, 2).T
        return np.clip(columns[self.of], low, high)


Share = Annotated[float, Field(ge=0.0, le=1.0)]


@dataclass(frozen=True)
class Winsorise(OfNamedColumns):
    """``- winsorise: {into: fdi_w, of: fdi, lower: 0.01, upper: 0.99}``.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column it is computed from
    lower, upper : shares of the rows learned from that lie below the limits; quantiles between two values are
        interpolated (Hyndman and Fan 1996, type 7)
    by : columns whose combinations have limits of their own, such as the time column; rows of one that has no
        row to learn from have the limits of all
    """

    name: ClassVar[str] = "winsorise"
    known_as: ClassVar[tuple[str, ...]] = ("winsorize", "winsor", "winsor2", "缩尾")

    into: ColumnName
    of: ColumnName
    lower: Share = 0.01
    upper: Share = 0.99
    by: tuple[ColumnName, ...] = ()

    def __post_init__(self) -> None:
        require(self.lower < self.upper, f"lower {self.lower:g} must be below upper {self.upper:g}")

    @property
    def grouped(self) -> tuple[str, ...]:
        """Columns whose combinations have limits of their own."""
        return self.by

    def expand(self, table: TableColumns) -> Expansion:
        """Return the step itself, going by one column of codes where it has groups."""
        if not self.by:
            return Expansion({}, (self,), (self.into,))
        name, codes = code_column([table.groups[column] for column in self.by])
        return Expansion({name: codes}, (replace(self, by=(name,)),), (self.into,))

    def learn(self, columns: Mapping[str, Floats]) -> LearnedLimits:
        """Return the limits learned from these rows, (n_rows,), all finite.

        Raises
        ------
        DataError
            Where there is no row to learn from.
        """
        values, groups = columns[self.of], self.by[0] if self.by else None
        if not values.size:
            what = Coded("no row has a value of '{of}' to learn from", of=self.of)
            raise self.refusal(what, "at least one value", "leave the step out")
        codes = np.zeros(0) if groups is None else columns[groups]
        within = {float(code): self._limits(values[codes == code]) for code in np.unique(codes)}
        return LearnedLimits(self.into, self.of, groups, self._limits(values), within)

    def _limits(self, values: Floats) -> Limits:
        low, high = np.quantile(values, [self.lower, self.upper]).tolist()
        return Limits(low, high, n_low=int((values < low).sum()), n_high=int((values > high).sum()))


@dataclass(frozen=True, eq=False)
class LearnedWeights(OfNamedColumns):
    """A weighted mean of indicators, each between 0 and 1 from its worst to its best value.

    Attributes
    ----------
    into : column that is computed
    columns : the indicators
    worst, width : (n_indicators,), values that count as 0, and from there to those that count as 1
    weights : (n_indicators,), adding up to 1
    """

    into: ColumnName
    columns: tuple[ColumnName, ...]
    worst: Floats
    width: Floats
    weights: Floats

    @property
    def detail(self) -> str:
        """The weights learned."""
        pairs = zip(self.columns, self.weights.tolist(), strict=True)
        weights = ", ".join(f"{name} {number(own)}" for name, own in pairs)
        return Coded("weights: {weights}", weights=weights)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the index, (n_obs,), in [0, 1]; NaN where an indicator is missing."""
        scaled = (np.column_stack([columns[name] for name in self.columns]) - self.worst) / self.width
        return np.asarray(np.sum(np.clip(scaled, 0.0, 1.0) * self.weights, axis=1))


@dataclass(frozen=True)
class EntropyIndex(OfNamedColumns):
    """``- entropy_index: {into: digital, columns: [internet, mobile, waste], negative: [waste]}``.

    Each indicator goes from 0 at its worst to 1 at its best value; the index is their weighted mean. Weights
    are in proportion to one less the entropy of an indicator's shares over rows (Shannon 1948): one that
    differs more between rows counts more. Rows beyond the range learned from count as at its end.

    Attributes
    ----------
    into : column that is computed, in [0, 1]
    columns : the indicators, at least two, none of them constant
    negative : those of which less is better
    """

    name: ClassVar[str] = "entropy_index"
    known_as: ClassVar[tuple[str, ...]] = (
        *("entropy", "entropy_weight", "entropy_weights", "entropy_method", "熵值法", "熵权法"),
    )

    into: ColumnName
    columns: Annotated[tuple[ColumnName, ...], Field(min_length=2)]
    negative: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(len(set(self.columns)) == len(self.columns), "the same column is listed twice")
        unknown = [name for name in self.negative if name not in self.columns]
        require(not unknown, f"negative names what is not among columns: {', '.join(unknown)}")

    def learn(self, columns: Mapping[str, Floats]) -> LearnedWeights:
        """Return the index learned from these rows, (n_rows,) each, all finite.

        Raises
        ------
        DataError
            Where an indicator is constant among these rows.
        """
        raw = np.column_stack([columns[name] for name in self.columns])
        constant = [name for name in self.columns if not columns[name].size or np.ptp(columns[name]) == 0.0]
        if constant:
            what = Coded(
                "constant among the {n} rows the index is learned from: {constant}",
                n=len(raw),
                constant=", ".join(constant),
            )
            raise self.refusal(what, "indicators that vary", "take them out of the list")
        is_negative = np.isin(self.columns, self.negative)
        low, high = raw.min(axis=0), raw.max(axis=0)
        worst, width = np.where(is_negative, high, low), np.where(is_negative, low - high, high - low)
        scaled = (raw - worst) / width
        shares = scaled / scaled.sum(axis=0)
        entropy = -np.sum(shares * np.log(np.where(shares > 0.0, shares, 1.0)), axis=0) / np.log(len(raw))
        return LearnedWeights(self.into, self.columns, worst, width, (1.0 - entropy) / np.sum(1.0 - entropy))


@dataclass(frozen=True)
class Coupling(OfNamedColumns):
    """``- coupling: {into: coordination, of: [digital, green]}``, the coupling coordination degree.

    Of n indices U it is ``sqrt(C T)``: C is their geometric over their arithmetic mean, T their weighted
    mean. Indices that were learned may be below 0 in other rows than those learned from, and count as 0.

    Attributes
    ----------
    into : column that is computed, in [0, 1]
    of : indices in [0, 1], at least two
    weights : of the indices in T, adding up to 1; equal where left out
    """

    name: ClassVar[str] = "coupling"
    known_as: ClassVar[tuple[str, ...]] = (
        *("coupling_coordination", "coupling_degree", "coordination", "ccd", "耦合协调", "耦合协调度"),
    )

    into: ColumnName
    of: Annotated[tuple[ColumnName, ...], Field(min_length=2)]
    weights: tuple[Annotated[float, Field(gt=0.0)], ...] = ()

    def __post_init__(self) -> None:
        if self.weights:
            is_whole = len(self.weights) == len(self.of) and abs(sum(self.weights) - 1.0) < 1e-9
            require(is_whole, f"weights are one for each of the {len(self.of)} indices and add up to 1")

    @property
    def detail(self) -> str:
        """What it is of."""
        return Coded("coupling coordination of {names}", names=", ".join(self.of))

    def learn(self, columns: Mapping[str, Floats]) -> Coupling:
        """Return the step itself, for indices in [0, 1].

        Raises
        ------
        DataError
            Where one is not, among these rows.
        """
        for name in self.of:
            outside = np.abs(columns[name] - 0.5) > 0.5 + 1e-9
            if outside.any():
                what = Coded(
                    "'{name}' is {columns} in one of {outside} rows",
                    name=name,
                    columns=f"{columns[name][outside][0]:g}",
                    outside=int(outside.sum()),
                )
                hint = marked("rescale it to [0, 1] by a step before")
                raise self.refusal(what, "indices from 0 to 1", hint)
        return self

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the degree, (n_obs,); NaN where an index is missing."""
        indices = np.maximum(np.column_stack([columns[name] for name in self.of]), 0.0)
        mean = indices.mean(axis=1)
        whole = np.average(indices, axis=1, weights=self.weights or None)
        product = np.prod(indices, axis=1) ** (1.0 / len(self.of))
        return np.asarray(np.sqrt(whole * product / np.where(mean > 0.0, mean, 1.0)))


LEARNED_STEPS = (Standardise, Rescale, Winsorise, EntropyIndex, Coupling)


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
        message = Coded(
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
        return Coded(
            "loading (weight): {shown}",
            shown=", ".join(f"{name} {number(size)} ({number(weight)})" for name, size, weight in shown),
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
    the rows it is learned from it starts at 0, or lies within the range of ``to``.

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
        where = describe_column(self.into, option=self.name)
        what = Coded("{what}, among the rows the index is learned from", what=what)
        expected = marked("columns that vary and do not determine each other")
        return DataError.at(where, what, expected, marked("take columns out of the list, or keep more rows"))


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
