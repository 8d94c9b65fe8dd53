"""Instrumental variables for the exposure: 2SLS, LIML and GMM of ``linearmodels.iv``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator

from harness.plugin import (
    AbsorbingModels,
    CoefficientTable,
    DrawSelection,
    EstimationError,
    Floats,
    HasEffects,
    Note,
    Panel,
    Problem,
    Statistic,
    statistic_columns,
)
from harness_panel.covariance import columns_of
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.independent import PredictionsAlone, Robust
from harness_panel.diagnostics.diagnostic import diagnostic_columns, outcome_of
from harness_panel.estimators.linear import LINEAR
from harness_panel.instrumental.diagnostics import Strength, clusters_of_rows, instrument_tests, strength_of
from harness_panel.instrumental.equation import (
    InstrumentedCovariance,
    InstrumentedEquation,
    Method,
    draw_models,
)
from harness_panel.results.model_fit import LevelledFit
from harness_panel.solver.equation import OneByOne
from harness_panel.solver.regression import Dimension, in_order

_PARTIAL_R2 = "share of the exposure that the instruments explain"


@dataclass(frozen=True, eq=False, repr=False)
class InstrumentalFit(LevelledFit):
    """A fit by instrumental variables.

    Attributes
    ----------
    equation : what was estimated
    model : predicts; one draw
    method, covariance : how
    table : coefficients; None where only predictions were asked for
    strength : of the instruments; None likewise
    """

    title: ClassVar[str] = "Instrumental variables"

    equation: InstrumentedEquation
    model: AbsorbingModels
    method: Method
    covariance: InstrumentedCovariance
    table: CoefficientTable | None = None
    strength: Strength | None = None

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was dropped, and whether the instruments are weak."""
        notes, strength = self.equation.regression.notes, self.strength
        if strength is None or not strength.is_weak:
            return notes
        message = (
            f"The instruments are weak: partial F {strength.partial_f:.3g}, effective F "
            f"{strength.effective_f:.3g} where {strength.critical_f:.3g} is asked for. The estimate leans "
            "towards least squares, and its interval is too short."
        )
        return (*notes, Note("W-WEAK", ", ".join(self.equation.regression.panel.instruments), message))

    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections named.

        Raises
        ------
        EstimationError
            Where only predictions were asked for.
        """
        if self.table is None:
            hint = "fit without `for_folds`"
            raise EstimationError(Problem("coefficients", "this fit only predicts", hint=hint))
        return self.table

    @property
    def outcome(self) -> str:
        """Name of the outcome."""
        return self.equation.regression.panel.outcome

    @property
    def absorbed(self) -> tuple[str, ...]:
        """Keys whose effects are absorbed."""
        return tuple(str(effect) for effect in in_order(self.equation.regression.effects))

    def remarks(self) -> Sequence[str]:
        """Return how, and by which instruments."""
        panel = self.equation.regression.panel
        return (f"{self.method}, {panel.exposure} instrumented by {', '.join(panel.instruments)}",)

    def statistics(self) -> Sequence[Statistic]:
        """Return what describes the equation and its first stage; nothing of a fit that only predicts."""
        equation, strength = self.equation, self.strength
        if strength is None:
            return ()
        regression = equation.regression
        source = "Montiel Olea & Pflueger 2013"
        return (
            Statistic("n_obs", regression.panel.n_obs, "rows of the estimated equation"),
            Statistic("df_resid", regression.df_resid, "rows less coefficients less independent effects"),
            Statistic("n_instruments", equation.instruments.shape[1], "instruments of the exposure"),
            Statistic("partial_f", strength.partial_f, "of the first stage, for errors of equal variance"),
            Statistic("partial_r2", strength.partial_r2, _PARTIAL_R2),
            Statistic("effective_f", strength.effective_f, f"of the first stage, {source}"),
            Statistic(
                "effective_f_critical",
                strength.critical_f,
                f"for a worst-case bias of a tenth at 5 %, {source}",
            ),
        )

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the first stage's statistics, and the tests of the instruments."""
        if self.strength is None:
            return {}
        checks = instrument_tests(self.equation, self.covariance, self.strength, self.method)
        return {
            "statistics": statistic_columns(self.statistics()),
            "diagnostics": diagnostic_columns(outcome_of(name, check) for name, check in checks.items()),
        }


@dataclass(frozen=True)
class Instrumental:
    """Instrumental variables for the exposure, pooled or within entities and periods.

    The instruments are the columns of ``roles.instruments``; all regressors but the exposure stand for
    themselves. Effects are taken out of everything first, and count in the degrees of freedom, as 2SLS with
    dummies has it; the constant of a pooled equation leaves no mean residual. Predictions are those of the
    structural equation, x b and the levels of the training rows.

    Attributes
    ----------
    method : two-stage least squares, LIML, or two-step GMM, which weighs moments by the covariance's clusters
    effects : keys whose levels have effects; none is a pooled equation with a constant
    covariance : clustered by entity unless another is asked for
    """

    name: ClassVar[str] = "instrumental"
    known_as: ClassVar[tuple[str, ...]] = (
        *("iv", "2sls", "tsls", "ivreg", "ivregress", "xtivreg"),
        *("liml", "gmm"),
    )
    provides: ClassVar[frozenset[type]] = LINEAR | {HasEffects}

    method: Method = "2sls"
    effects: tuple[Dimension, ...] = ()
    covariance: InstrumentedCovariance = field(default_factory=Clustered)

    def __post_init__(self) -> None:
        if len(set(self.effects)) < len(self.effects):
            message = f"effects: entity, time or both, each once; found {list(self.effects)}"
            raise ValueError(message)
        if isinstance(self.covariance, Robust) and self.covariance.variant not in ("HC0", "HC1"):
            message = f"covariance: HC0 or HC1 of an instrumented equation; found {self.covariance.variant}"
            raise ValueError(message)

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns of the data, beside the keys, whose levels are clusters."""
        return columns_of(self.covariance)

    def for_folds(self) -> Self:
        """Return a copy whose fits only predict."""
        return replace(self, covariance=PredictionsAlone())

    def fit(
        self,
        panel: Panel,
        *,
        rng: Generator,
        selection: Panel | None = None,
    ) -> InstrumentalFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where there is no instrument, an instrument is a regressor, does not vary or is determined by
            effects and regressors, a regressor follows from the exposure, or least squares refuse the rows.
        """
        equation = InstrumentedEquation.of(panel, self.effects)
        clusters = clusters_of_rows(equation, self.covariance) if self.method == "gmm" else None
        results = equation.fit(self.method, clusters=clusters)
        slopes = equation.slopes_of(results)
        fit = InstrumentalFit(equation, equation.model(slopes), self.method, self.covariance)
        if isinstance(self.covariance, PredictionsAlone):
            return fit
        regression = equation.regression
        matrix, correction = equation.covariance(results, self.covariance)
        estimate = slopes[regression.within.kept]
        if regression.has_constant:
            constant = fit.model.intercepts[0] - fit.model.centre @ slopes
            estimate = np.concatenate([[constant], estimate])
        table = CoefficientTable(regression.terms, estimate, matrix, correction)
        return replace(fit, table=table, strength=strength_of(equation, self.covariance))

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: DrawSelection,
        rng: Generator,
    ) -> OneByOne:
        """Fit once a draw; weights is (n_draws, n_obs), >= 0, how often a row counts.

        The effect of a level without weight in a draw is that of all its rows, given the draw's slopes. GMM
        weighs the moments of draws as of independent errors.

        Raises
        ------
        EstimationError
            As by `fit`, for any draw.
        """
        return OneByOne(draw_models(panel, self.effects, self.method, weights))
