"""An estimator fitted on a transformed outcome, whose predictions come back in the outcome's unit.

The idea is that of scikit-learn's ``TransformedTargetRegressor``, with the mean of the errors put back: the
exponential of a predicted logarithm is no mean of the outcome. It is put back by smearing (Duan 1983,
"Smearing estimate: a nonparametric retransformation method"), with one factor common to all rows, since
factors of entities are noise where these have few periods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints, Key
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators import protocol
from harness.estimators.coefficients import CoefficientTable
from harness.estimators.protocol import Columns, Fitted, FittedDraws
from harness.language import Coded, marked
from harness.rng import stream_at
from harness.study.spec.entry import Regressors, Target
from harness.tables.preparation import Note

# Least values that the transformations take, exclusively.
_BOUNDS: Mapping[Target, float] = {"log": 0.0, "log1p": -1.0}

# Parts that rows are cut into for residuals of learners.
N_FOLDS = 3

# P-value below which residuals are said to vary with fitted values.
_SIZE = 0.01

# Share of the smaller factor by which those of two halves differ, from which on it is worth saying.
_LEAST_DIFFERENCE = 0.02

_LEVEL = 0.95


_INVERSES: Mapping[Target, Callable[[Floats], Floats]] = {
    "log": np.exp,
    "log1p": np.expm1,
    "asinh": np.sinh,
    "level": np.asarray,
}


def transformed(observed: Floats, target: Target) -> Floats:
    """Return an outcome, (n_obs,), as an estimator is fitted on it."""
    functions = {"log": np.log, "log1p": np.log1p, "asinh": np.arcsinh}
    return np.asarray(functions[target](observed)) if target in functions else observed


def takes(observed: Floats, target: Target) -> bool:
    """Say whether a transformation takes all values of an outcome."""
    return target not in _BOUNDS or bool(observed.min() > _BOUNDS[target])


def transformed_panel(panel: Panel, target: Target) -> Panel:
    """Return a panel with its outcome transformed.

    Raises
    ------
    EstimationError
        Where some values have no such transformation.
    """
    if not takes(panel.observed, target):
        bound = _BOUNDS[target]
        n_outside = int((panel.observed <= bound).sum())
        numbers = {"n_outside": n_outside, "n_obs": panel.n_obs, "bound": f"{bound:g}", "target": target}
        words = marked("{n_outside} of {n_obs} training rows are {bound} or less and have no {target}")
        what = Coded(words, **numbers)
        hint = marked("use the estimator `poisson`, or `target: asinh`, whose slopes depend on the unit")
        raise EstimationError.at(panel.outcome, what, Coded("values above {bound}", **numbers), hint)
    return replace(panel, observed=transformed(panel.observed, target))


@dataclass(frozen=True, eq=False)
class LoggedColumns:
    """Which moderators and controls enter by their logarithm; the exposure never does.

    Attributes
    ----------
    least : least training value of each, > 0; what is smaller in other rows counts as that
    """

    least: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, panel: Panel, regressors: Regressors) -> LoggedColumns:
        """Return those that are above zero in all training rows, and not indicators."""
        if regressors == "level":
            return cls()
        names = (*panel.moderators, *panel.controls)
        smallest = {name: float(panel.column(name).min()) for name in names}
        many = (name for name in names if smallest[name] > 0.0 and np.unique(panel.column(name)).size > 2)
        return cls({name: smallest[name] for name in many})

    def rows(self, panel: Panel) -> Panel:
        """Return rows with these columns in logarithms."""
        if not self.least:
            return panel
        X = panel.X.copy()
        for name, least in self.least.items():
            column = panel.columns.index(name)
            X[:, column] = np.log(np.maximum(X[:, column], least))
        return replace(panel, X=X, derived=())


@dataclass(frozen=True, eq=False)
class Smearing:
    """What brings predictions of a transformed outcome back to means of the outcome.

    Inverses of the transformations are sums of exponentials, so that the mean over residuals e needs those of
    exp(e), and of exp(-e) for the inverse hyperbolic sine.

    Attributes
    ----------
    target : the transformation
    labels : entities that were trained on
    above, below : (n_draws, 2), mean of exp(e) and of exp(-e); first of residuals without the effects of
        entities, for entities in `labels`, then of those that include these, for others
    """

    target: Target
    labels: tuple[str, ...]
    above: Floats
    below: Floats

    def mean_outcome(self, predicted: Floats, panel: Panel) -> Floats:
        """Return the mean outcome, (n_draws, n_obs), where the transformed one is predicted."""
        if self.target == "level":
            return predicted
        is_new = (panel.entity.codes_among(self.labels) < 0).astype(np.int64)
        up = np.exp(predicted) * self.above[:, is_new]
        if self.target == "log":
            return np.asarray(up)
        if self.target == "log1p":
            return np.asarray(up - 1.0)
        return np.asarray((up - np.exp(-predicted) * self.below[:, is_new]) / 2.0)


def smearing_of(
    panel: Panel, target: Target, known: Floats, new: Floats, weights: Floats | None = None
) -> Smearing:
    """Return the smearing of some residuals.

    Parameters
    ----------
    panel : training rows
    known, new : (n_draws, n_obs), residuals without and with what is particular to entities
    weights : (n_draws, n_obs), >= 0, what a residual counts; None for one
    """
    counts = np.ones_like(known) if weights is None else weights
    shares = counts / counts.sum(axis=1, keepdims=True)
    if target == "level":
        known = new = np.zeros_like(known)
    above = np.stack([(shares * np.exp(one)).sum(axis=1) for one in (known, new)], axis=1)
    below = np.stack([(shares * np.exp(-one)).sum(axis=1) for one in (known, new)], axis=1)
    present = np.unique(panel.entity.codes).tolist()
    return Smearing(target, tuple(panel.entity.labels[code] for code in present), above, below)


def with_new_entities(panel: Panel) -> Panel:
    """Return the rows under names of entities that nothing was trained on."""
    entity = panel.entity
    return replace(panel, entity=Key(entity.name, tuple(f"{one}\0" for one in entity.labels), entity.codes))


@dataclass(frozen=True, eq=False)
class TargetDraws:
    """Draws fitted on a transformed outcome.

    Attributes
    ----------
    models : of the transformed outcome
    smearing : of each draw, or one for all
    logged : columns that enter by their logarithm
    """

    models: FittedDraws
    smearing: Smearing
    logged: LoggedColumns

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        predicted = np.asarray(self.models.predict(self.logged.rows(panel)))
        return self.smearing.mean_outcome(predicted, panel)


def transformed_slopes(table: CoefficientTable, panel: Panel, target: Target = "log") -> Columns:
    """Return slopes of a transformed outcome as a tidy table; of a logarithm in per cent and as elasticities.

    Those of log(1 + y) and of the inverse hyperbolic sine are no percentages, since they depend on the unit
    of the outcome (Chen and Roth 2024, "Logs with zeros? Some problems and solutions").

    Parameters
    ----------
    table : slopes of the transformed outcome, or of the logarithm of its mean
    panel : the rows, at whose mean regressors elasticities are
    """
    limits = table.conf_int(_LEVEL)
    columns: dict[str, list[object]] = {
        "target": [target] * len(table.terms),
        "term": list(table.terms),
        "estimate": table.estimate.tolist(),
        "std_error": table.std_error.tolist(),
        "p_value": table.p_value.tolist(),
        "conf_low": limits[:, 0].tolist(),
        "conf_high": limits[:, 1].tolist(),
        "df_resid": [table.correction.df_resid] * len(table.terms),
        "p_common_shocks": [table.correction.p_common_shocks] * len(table.terms),
    }
    if target == "log":
        known = (panel.column(term).mean() if term in panel.columns else np.nan for term in table.terms)
        columns["percent"] = (100.0 * np.expm1(table.estimate)).tolist()
        columns["elasticity_at_mean"] = (table.estimate * np.array(list(known))).tolist()
    return columns


@dataclass(frozen=True, eq=False, repr=False)
class TargetFit:
    """A fit on a transformed outcome.

    Attributes
    ----------
    base : the fit of the transformed outcome
    rows : training rows, their outcome transformed
    logged : columns that enter by their logarithm, as they do in `rows`
    smearing : one draw
    residuals : (n_obs,), those that smearing takes for known entities
    are_held_out : whether they are of rows that were not trained on
    """

    base: Fitted
    rows: Panel
    logged: LoggedColumns
    smearing: Smearing
    residuals: Floats
    are_held_out: bool

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        predicted = np.asarray(self.base.predict(self.logged.rows(panel)))
        return np.asarray(self.smearing.mean_outcome(predicted[None], panel)[0])

    def intervals(self, panel: Panel, level: float) -> Floats | None:
        """Return limits of the outcome: those of the transformed one, since what is monotone keeps quantiles.

        No smearing takes part, which is for means.
        """
        base, rows = self.base, self.logged.rows(panel)
        limits = base.intervals(rows, level) if isinstance(base, protocol.HasIntervals) else None
        return None if limits is None else np.asarray(_INVERSES[self.smearing.target](limits))

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect."""
        base = self.base
        return base.n_unseen(self.logged.rows(panel)) if isinstance(base, protocol.HasEffects) else 0

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the fit of the transformed outcome says, and whether one factor does for all rows."""
        of_base = self.base.notes if isinstance(self.base, protocol.HasNotes) else ()
        return (*of_base, *self._heteroskedasticity())

    def details(self) -> Mapping[str, Columns]:
        """Return the tables of the base fit, smearing factors, and slopes of the transformed outcome."""
        tables = dict(self.base.details()) if isinstance(self.base, protocol.HasDetails) else {}
        if self.smearing.target == "level":
            return tables
        tables["smearing"] = {
            "entities": ["trained on", "new"],
            "mean_exp_residual": self.smearing.above[0].tolist(),
            "n_residuals": [self.residuals.size] * 2,
            "residuals": ["held out" if self.are_held_out else "of training rows"] * 2,
        }
        if isinstance(self.base, protocol.HasCoefficients):
            table = self.base.coefficients()
            tables["transformed_coefficients"] = transformed_slopes(table, self.rows, self.smearing.target)
        return tables

    def _heteroskedasticity(self) -> tuple[Note, ...]:
        """Return a warning where the size of residuals varies with fitted values.

        Squared residuals are regressed on fitted values (Koenker 1981), with errors clustered by entity.
        """
        if self.smearing.target == "level":
            return ()
        fitted = np.asarray(self.base.predict(self.rows))
        centred, squares = fitted - fitted.mean(), self.residuals**2
        spread = float(centred @ centred)
        if spread <= 0.0 or self.rows.n_entities < 3:
            return ()
        slope = float(centred @ squares) / spread
        scores = centred * (squares - squares.mean() - slope * centred)
        by_entity = np.bincount(self.rows.entity.codes, scores)
        error = float(np.sqrt(by_entity @ by_entity)) / spread
        if error <= 0.0:
            return ()
        from scipy import stats

        p_value = float(2.0 * stats.t.sf(abs(slope) / error, self.rows.n_entities - 1))
        # Above the median, or at it where half of the rows have the largest value.
        is_high = fitted >= min(np.nextafter(np.median(fitted), np.inf), fitted.max())
        low, high = (float(np.exp(self.residuals[side]).mean()) for side in (~is_high, is_high))
        if p_value >= _SIZE or abs(high - low) < _LEAST_DIFFERENCE * min(high, low):
            return ()
        message = Coded(
            "The size of residuals of the transformed outcome varies with its fitted values "
            "(p = {p_value}): the smearing factor is {low} where these are low and {high} where they "
            "are high, and {factor} is taken for all rows. Means may be off by the difference "
            "(Manning & Mullahy 2001).",
            p_value=f"{p_value:.2g}",
            low=f"{low:.3f}",
            high=f"{high:.3f}",
            factor=f"{self.smearing.above[0, 0]:.3f}",
        )
        return (Note("W-SMEARING", "", message),)


@dataclass(frozen=True, eq=False, repr=False)
class TargetEnsembleFit(TargetFit):
    """A fit on a transformed outcome that carries draws."""

    @property
    def draws(self) -> TargetDraws:
        """The draws of the base fit, with the smearing of the fit."""
        if not isinstance(self.base, protocol.HasDraws):
            message = f"{type(self.base).__name__} has no draws"
            raise TypeError(message)
        return TargetDraws(self.base.draws, self.smearing, self.logged)


@dataclass(frozen=True)
class TransformedTarget:
    """An estimator that is fitted on a transformed outcome; made by `on_target`.

    Residuals are those of training rows for estimators with coefficients, and of rows that were not trained
    on for others, which would overfit them. Those for new entities are of the same rows predicted as if their
    entities were new, so that they include the effects of entities.

    Attributes
    ----------
    base : the estimator
    target : what it is fitted on
    regressors : how moderators and controls enter
    """

    name: ClassVar[str] = "transformed_target"
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            protocol.CanRunQuick,
            protocol.CanFitFolds,
            protocol.ChecksRows,
            protocol.HasEffects,
            protocol.HasIntervals,
            protocol.HasNotes,
            protocol.HasDetails,
        }
    )
    fit_type: ClassVar[type[TargetFit]] = TargetFit

    base: protocol.Estimator
    target: Target
    regressors: Regressors = "level"

    def quick(self) -> Self:
        """Return a copy that is cheaper."""
        return replace(self, base=protocol.quick(self.base))

    def for_folds(self) -> Self:
        """Return a copy that only predicts."""
        return replace(self, base=protocol.for_folds(self.base))

    def check_rows(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> None:
        """Refuse rows that have no such transformation, or that the estimator refuses.

        Raises
        ------
        EstimationError
            As by `fit`.
        """
        rows, logged = self._rows(panel)
        protocol.check_rows(self.base, rows, rng=rng, selection=self._selection(selection, logged))

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> TargetFit:
        """Fit on the transformed outcome of a panel.

        Raises
        ------
        EstimationError
            Where some values have no such transformation, or the estimator refuses the rows.
        """
        rows, logged = self._rows(panel)
        fit = self.base.fit(rows, rng=rng, selection=self._selection(selection, logged))
        residuals = self._held_out(rows, rng) if self._learns else None
        known, new = _residuals(fit, rows, new=self._has_effects) if residuals is None else residuals
        smearing = smearing_of(rows, self.target, known[None], new[None])
        return self.fit_type(fit, rows, logged, smearing, known, residuals is not None)

    @property
    def _learns(self) -> bool:
        """Whether residuals of training rows are smaller than those of others by more than a few terms."""
        return self.target != "level" and protocol.HasCoefficients not in self.base.provides

    @property
    def _has_effects(self) -> bool:
        return protocol.HasEffects in self.base.provides

    def _rows(self, panel: Panel) -> tuple[Panel, LoggedColumns]:
        logged = LoggedColumns.of(panel, self.regressors)
        return logged.rows(transformed_panel(panel, self.target)), logged

    def _selection(self, selection: protocol.DrawSelection, logged: LoggedColumns) -> Panel | None:
        if not isinstance(selection, Panel):
            return None
        return logged.rows(transformed_panel(selection, self.target))

    def _held_out(self, rows: Panel, rng: Generator) -> tuple[Floats, Floats]:
        """Return residuals, (n_obs,) each, of rows that were not trained on.

        Whole entities are left out where these are to be predicted and nothing is known of each; else rows.
        """
        is_by_entity = rows.keeps_entities and not self._has_effects
        units = rows.entity.codes if is_by_entity else np.argsort(rows.canonical_order)
        fold_of = _dealt(units, stream_at(rng, N_FOLDS))
        known, new = np.empty(rows.n_obs), np.empty(rows.n_obs)
        estimator = protocol.for_folds(self.base)
        for fold in np.unique(fold_of).tolist():
            is_out = fold_of == fold
            fit = estimator.fit(rows.take(np.flatnonzero(~is_out)), rng=stream_at(rng, fold))
            out = rows.take(np.flatnonzero(is_out))
            known[is_out], new[is_out] = _residuals(fit, out, new=self._has_effects)
        return known, new


def _dealt(units: Ints, rng: Generator) -> Ints:
    """Return the part of each row, (n_obs,), all rows of a unit in one part."""
    present, position = np.unique(units, return_inverse=True)
    parts = np.arange(present.size) * N_FOLDS // present.size
    return np.asarray(rng.permutation(parts)[position])


def _residuals(fit: Fitted | FittedDraws, rows: Panel, *, new: bool) -> tuple[Floats, Floats]:
    """Return residuals, (..., n_obs), without and with what is particular to entities."""
    known = rows.observed - np.asarray(fit.predict(rows))
    return known, rows.observed - np.asarray(fit.predict(with_new_entities(rows))) if new else known


@dataclass(frozen=True)
class DrawnTarget(TransformedTarget):
    """An estimator on a transformed outcome that fits draws together."""

    provides: ClassVar[frozenset[type]] = TransformedTarget.provides | {protocol.CanFitDraws}

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: protocol.DrawSelection, rng: Generator
    ) -> TargetDraws:
        """Fit once a draw; smearing is by the draw's own residuals."""
        rows, logged = self._rows(panel)
        kept = self._selection(selection, logged) if isinstance(selection, Panel) else selection
        if not isinstance(self.base, protocol.CanFitDraws):
            message = f"{type(self.base).__name__} fits no draws"
            raise TypeError(message)
        models = self.base.fit_draws(rows, weights=weights, selection=kept, rng=rng)
        return self.smeared(models, rows, logged, weights)

    def smeared(
        self, models: FittedDraws, rows: Panel, logged: LoggedColumns, weights: Floats
    ) -> TargetDraws:
        """Return draws with their smearing: of learners by the rows that each left out.

        Parameters
        ----------
        rows : with the transformed outcome and logged columns
        weights : (n_draws, n_obs), >= 0
        """
        counts = weights
        if self._learns:
            is_out = weights == 0.0
            counts = np.where(is_out.any(axis=1, keepdims=True), is_out, 1.0)
        known, new = _residuals(models, rows, new=self._has_effects)
        return TargetDraws(models, smearing_of(rows, self.target, known, new, counts), logged)


@dataclass(frozen=True, eq=False)
class PreparedTarget:
    """What draws of an estimator on a transformed outcome share."""

    estimator: DrawnTarget
    rows: Panel
    logged: LoggedColumns
    prepared: protocol.PreparedDraws

    def fit(self, weights: Floats, *, selection: Floats | None, rngs: Sequence[Generator]) -> TargetDraws:
        """Fit once a draw; weights is (n_draws, n_obs)."""
        models = self.prepared.fit(weights, selection=selection, rngs=rngs)
        return self.estimator.smeared(models, self.rows, self.logged, weights)


@dataclass(frozen=True)
class SearchedTarget(DrawnTarget):
    """An estimator on a transformed outcome that searches once for all draws."""

    provides: ClassVar[frozenset[type]] = DrawnTarget.provides | {protocol.CanPrepareDraws}

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> PreparedTarget:
        """Prepare what all draws share, on the transformed outcome."""
        rows, logged = self._rows(panel)
        if not isinstance(self.base, protocol.CanPrepareDraws):
            message = f"{type(self.base).__name__} prepares no draws"
            raise TypeError(message)
        kept = self._selection(selection, logged)
        return PreparedTarget(self, rows, logged, self.base.prepare_draws(rows, selection=kept, rng=rng))


@dataclass(frozen=True)
class EnsembleTarget(TransformedTarget):
    """An estimator on a transformed outcome whose fit carries draws."""

    provides: ClassVar[frozenset[type]] = TransformedTarget.provides | {protocol.HasDraws}
    fit_type: ClassVar[type[TargetFit]] = TargetEnsembleFit


def on_target(
    estimator: protocol.Estimator, target: Target, regressors: Regressors = "level"
) -> protocol.Estimator:
    """Return an estimator of a transformed outcome and logged regressors; itself where all is in levels."""
    if target == regressors == "level":
        return estimator
    kind: type[TransformedTarget]
    if isinstance(estimator, protocol.CanPrepareDraws):
        kind = SearchedTarget
    elif isinstance(estimator, protocol.CanFitDraws):
        kind = DrawnTarget
    else:
        kind = EnsembleTarget if protocol.HasDraws in estimator.provides else TransformedTarget
    return kind(estimator, target, regressors)
