"""A regression as a library sees it, what the library says of it, and whether our own solver agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from harness.plugin import Coded, CoefficientTable, Floats, Ints, Note, Panel, Stream, effect_named, key_of
from harness_panel.covariance import Covariance, Sandwich, clusters_of, refuse_cancelled, with_inference
from harness_panel.solver.equation import Centring
from harness_panel.solver.regression import Regression

if TYPE_CHECKING:
    import pandas as pd
    from linearmodels.panel.results import PanelResults


# Relative distance up to which a library and our own solver agree on a coefficient.
AGREEMENT = 1e-8

# Errors below this share of the outcome's standard deviation leave coefficients apart by rounding.
_EXACT = 64.0 * float(np.finfo(np.float64).eps) / AGREEMENT

# Variances below this share of those of independent errors are rounding.
_NOTHING = 1e-24


@dataclass(frozen=True, eq=False)
class LibraryData:
    """Rows as linearmodels is handed them: centred, scaled, and hardly collinear.

    At levels of 1e6 linearmodels loses digits or refuses. So columns are less their means, and turned by the
    triangle that makes them orthonormal for our own solver; the outcome is less its mean, over its standard
    deviation. Turning back is exact whatever the triangle, so that a wrong one would be no wrong coefficient.

    Attributes
    ----------
    rows : in levels, or without `levels`
    regression : our own fit, which says what columns are kept and what is near their means
    row_weights : (n_obs,), > 0; None where all rows count alike
    trend : (n_obs,), column that a constant is the coefficient of; None is ones
    runs : (n_obs,), >= 0, what stands in for the entity of a row; None is the entity
    levels : what the rows are without, and their constant has again; None where they are as they are
    """

    rows: Panel
    regression: Regression
    row_weights: Floats | None = None
    trend: Floats | None = None
    runs: Ints | None = None
    levels: Centring | None = None

    @cached_property
    def index(self) -> pd.MultiIndex:
        """Entity and period of every row."""
        import pandas as pd

        entity = self.rows.entity.codes if self.runs is None else self.runs
        return pd.MultiIndex.from_arrays([entity, self.rows.period], names=["entity", "time"])

    def frame(self, columns: Sequence[Floats | Ints], names: Sequence[str]) -> pd.DataFrame:
        """Return columns, (n_obs,) each, as linearmodels takes them."""
        import pandas as pd

        values = np.asfortranarray(columns[0] if len(columns) == 1 else np.column_stack(columns))
        return pd.DataFrame(values, index=self.index, columns=list(names), copy=False)

    @property
    def outcome(self) -> pd.DataFrame:
        """The outcome."""
        taken = self.regression.within.intercept - (self.levels.outcome if self.levels else 0.0)
        outcome = self.rows.observed - (taken if self.leading is None else taken * self.leading)
        return self.frame([outcome / self.scale], ["outcome"])

    @property
    def columns(self) -> pd.DataFrame:
        """The leading column, if any, and the kept columns, turned."""
        kept = self.regression.within.kept
        X = self.rows.X if len(kept) == self.rows.X.shape[1] else self.rows.X[:, kept]
        centre = self.regression.within.centre - (self.levels.columns if self.levels else 0.0)
        taken = centre[kept] if self.leading is None else np.outer(self.leading, centre[kept])
        # Column by column in memory, as pandas goes through them.
        turned, names = (self.turn.T @ (X - taken).T).T, [f"x{position}" for position in kept]
        if self.leading is None:
            return self.frame([turned], names)
        return self.frame([self.leading, turned], ["leading", *names])

    @cached_property
    def leading(self) -> Floats | None:
        """Column that the first coefficient belongs to, (n_obs,), such as ones; None without a constant."""
        if not self.regression.has_constant:
            return None
        return np.ones(self.rows.n_obs) if self.trend is None else self.trend

    @property
    def weights(self) -> pd.DataFrame | None:
        """Weights of the rows; None where all count alike."""
        return None if self.row_weights is None else self.frame([self.row_weights], ["weights"])

    @cached_property
    def scale(self) -> float:
        """Standard deviation of the outcome."""
        return float(self.rows.observed.std())

    @cached_property
    def turn(self) -> Floats:
        """Takes columns to turned ones, (n_kept, n_kept)."""
        return self._length * self.regression.within.to_slopes[self.regression.within.kept]

    @cached_property
    def to_units(self) -> Floats:
        """Takes the library's coefficients to those of the columns as they are, (n_coef, n_coef)."""
        return self.scale * self._length * self.regression.to_coefficients

    @property
    def _length(self) -> float:
        """Length of a turned column times the roots of the weights."""
        return float(np.sqrt(self.regression.weights.sum()))


@dataclass(frozen=True, eq=False)
class LibraryReport:
    """What a library says of a regression.

    Attributes
    ----------
    library : the class, such as ``linearmodels PanelOLS``
    results : of the library, on turned columns
    data : what it was handed
    table : coefficients in the units of the columns
    rss : weighted sum of squared residuals, squared outcome units
    disagreement : >= 0, largest distance of its coefficients from those of our own solver, as a share of the
        coefficient, or of its classical error where that is larger
    notes : a warning where they do not agree
    """

    library: str
    results: PanelResults
    data: LibraryData
    table: CoefficientTable
    rss: float
    disagreement: float
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class LibraryModel:
    """A class of ``linearmodels.panel``, and how it is asked.

    Attributes
    ----------
    name : of the class
    options : of the class, by name
    fitting : of its method ``fit``, by name
    """

    name: str
    options: Mapping[str, bool] = field(default_factory=dict)
    fitting: Mapping[str, bool] = field(default_factory=dict)

    def fitted(self, data: LibraryData, covariance: Mapping[str, object]) -> PanelResults:
        """Return what the model says of some rows, with the options of a covariance."""
        import linearmodels.panel

        model = getattr(linearmodels.panel, self.name)
        weights = {} if data.weights is None else {"weights": data.weights}
        built = model(data.outcome, data.columns, check_rank=False, **weights, **self.options)
        return cast("PanelResults", built.fit(debiased=False, **covariance, **self.fitting))


def report_of(
    model: LibraryModel, data: LibraryData, covariance: Covariance, *, rng: Stream
) -> LibraryReport:
    """Fit a library's model, and compare it with our own solver.

    Parameters
    ----------
    rng : of covariances that draw; the others leave it alone

    Raises
    ------
    EstimationError
        Where these rows cannot carry the covariance.
    """
    regression = data.regression
    library, asked = f"linearmodels {model.name}", covariance.library_options(regression)
    results = model.fitted(data, {**asked, **_clusters(data, clusters_of(covariance))})
    estimate = data.to_units @ np.asarray(results.params)
    if data.leading is not None:
        estimate[0] += regression.within.intercept
    computed = Sandwich(np.asarray(results.cov), data.to_units)
    matrix, correction = covariance.corrected(regression, computed)
    refuse_cancelled(regression, np.diag(matrix), correction.kind, nothing=_NOTHING)
    bare = CoefficientTable(regression.terms, estimate, matrix, correction)
    table = with_inference(bare, covariance, regression, rng=rng)
    gaps = _gaps(estimate, regression)
    notes = _notes(library, table, regression, gaps)
    # The library divides weights by their mean.
    unit = data.scale**2 * (1.0 if data.row_weights is None else float(regression.weights.mean()))
    rss = float(results.resid_ss) * unit
    return LibraryReport(library, results, data, table, rss, float(gaps.max()), notes)


def _clusters(data: LibraryData, by: Sequence[str]) -> Mapping[str, object]:
    """Return clusters as linearmodels takes them: keys by an option, which is faster, and columns."""
    keys = ("time",) if data.runs is not None else ("entity", "time")
    asked: dict[str, object] = {f"cluster_{name}": True for name in by if name in keys}
    columns = [name for name in by if name not in keys]
    if columns:
        codes = [key_of(data.rows, effect_named(name)).codes for name in columns]
        asked["clusters"] = data.frame(codes, columns)
    return asked


def _gaps(estimate: Floats, regression: Regression) -> Floats:
    """Return distances of coefficients relative to their size or classical error, (n_coef,).

    Where regressors determine the outcome both may be rounding, so errors are taken as `_EXACT` at least.
    """
    own = regression.estimate
    size = np.maximum(np.abs(own), np.sqrt(np.diag(regression.classical_covariance())))
    exact = _EXACT * regression.panel.observed.std()
    size = np.maximum(size, exact * np.linalg.norm(regression.to_coefficients, axis=1))
    return np.asarray(np.divide(np.abs(estimate - own), size, out=np.zeros_like(own), where=size > 0.0))


def _notes(library: str, table: CoefficientTable, regression: Regression, gaps: Floats) -> tuple[Note, ...]:
    at = int(gaps.argmax())
    # Columns of condition number c lose c roundings, whoever solves.
    if gaps[at] <= max(AGREEMENT, np.finfo(np.float64).eps * regression.within.condition):
        return ()
    message = Coded(
        "The coefficient of {terms} is {estimate} by {library} and {estimate_2} by the resampling "
        "solver: they differ by {gaps}, more than {AGREEMENT}.",
        terms=repr(table.terms[at]),
        estimate=f"{table.estimate[at]:.12g}",
        library=library,
        estimate_2=f"{regression.estimate[at]:.12g}",
        AGREEMENT=f"{AGREEMENT:g}",
        gaps=f"{gaps[at]:.2g}",
    )
    return (Note("W-DISAGREE", table.terms[at], message),)
