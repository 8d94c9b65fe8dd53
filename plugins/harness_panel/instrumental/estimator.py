"""Instruments for the exposure: 2SLS, LIML and GMM of ``linearmodels.iv``, and tests of instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self, cast

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness.plugin import CoefficientTable, Floats, Message, Note, Panel, Problem, Statistic, marked
from harness_panel.covariance import Classical, Clustered, PredictionsAlone, Robust, columns_of
from harness_panel.diagnostics.effects import Check, Diagnostic, diagnostic_columns, outcome_of
from harness_panel.estimators.linear import LINEAR
from harness_panel.instrumental.equation import (
    InstrumentedCovariance,
    InstrumentedEquation,
    Method,
    draw_models,
    residuals_on,
)
from harness_panel.solver.equation import OneByOne
from harness_panel.solver.regression import Dimension, in_order, regress
from harness_panel.solver.within import without_effects
from harness_panel.statistics import LevelledFit

if TYPE_CHECKING:
    from linearmodels.iv.results import IVGMMResults, IVResults


# Partial F below which instruments are called weak (Staiger & Stock 1997).
LEAST_F = 10.0

# Share of the worst-case bias that the effective F is held against.
BIAS = 0.10


@dataclass(frozen=True)
class Strength:
    """The first stage.

    Attributes
    ----------
    partial_f, df : F of the instruments for errors of equal variance, and its degrees of freedom
    partial_r2 : share of the exposure's variation, given regressors and effects, that the instruments explain
    effective_f : of Montiel Olea & Pflueger, by the fit's own covariance; with one instrument its robust F
    effective_df : degrees of freedom of the effective F, K of the notes of `strength_of`
    critical_f : the effective F is above it with probability 0.05 where the worst-case bias is a tenth
    """

    partial_f: float
    df: tuple[int, int]
    partial_r2: float
    effective_f: float
    effective_df: float
    critical_f: float

    @property
    def is_weak(self) -> bool:
        """Whether the partial F is below ten, or the effective F below its critical value."""
        return self.partial_f < LEAST_F or self.effective_f < self.critical_f


def strength_of(equation: InstrumentedEquation, covariance: InstrumentedCovariance) -> Strength:
    """Return the strength of an equation's instruments.

    Parameters
    ----------
    covariance : of the effective F

    Notes
    -----
    With Z orthonormal given the other regressors, and V the covariance of the first stage's coefficients p,
    the effective F is p'p / tr(V). Its critical value is that of their "simplified" test: a noncentral
    chi-square of K degrees of freedom over K, K = tr(V)^2 (1 + 2x) / (tr(V'V) + 2x tr(V) max eig(V)) and x
    one over the bias (section 3.2, Patnaik's approximation).
    """
    from scipy import stats

    exogenous = equation.exogenous
    basis = np.asarray(np.linalg.qr(residuals_on(equation.instruments, exogenous))[0])
    residual = equation.exposure
    if exogenous.shape[1]:
        own = np.linalg.qr(exogenous)[0]
        residual = residual - own @ (own.T @ residual)
    slopes = basis.T @ residual
    residuals = residual - basis @ slopes
    total, explained = float(residual @ residual), float(slopes @ slopes)
    n_instruments = basis.shape[1]
    # The exposure is no regressor of the first stage.
    df = equation.regression.df_resid + 1 - n_instruments
    partial_f = explained / n_instruments / (float(residuals @ residuals) / df)
    matrix, _ = equation.corrected(covariance, basis, np.eye(n_instruments), residuals)
    trace = float(np.trace(matrix))
    largest, x = float(np.linalg.eigvalsh(matrix)[-1]), 1.0 / BIAS
    size = trace**2 * (1 + 2 * x) / (float(np.sum(matrix**2)) + 2 * x * trace * largest)
    return Strength(
        partial_f=partial_f,
        df=(n_instruments, df),
        partial_r2=explained / total,
        effective_f=explained / trace,
        effective_df=size,
        critical_f=float(stats.ncx2.ppf(0.95, size, x * size) / size),
    )


def clusters_of_rows(equation: InstrumentedEquation, covariance: InstrumentedCovariance) -> Floats | None:
    """Return the clusters that GMM weighs moments by, (n_obs, n_sets); None for independent errors."""
    if not isinstance(covariance, Clustered):
        return None
    return np.column_stack([equation.regression.grouping(name).codes for name in covariance.by])


def instrument_tests(
    equation: InstrumentedEquation, covariance: InstrumentedCovariance, strength: Strength, method: Method
) -> Mapping[str, Check]:
    """Return the tests of an instrumented equation by name, not yet computed."""
    return {
        "first_stage": partial(_first_stage, strength),
        "weak_instruments": partial(_weak_instruments, strength),
        "overidentification": partial(_overidentification, equation, covariance, method),
        "exogeneity": partial(_exogeneity, equation, covariance),
    }


def _first_stage(strength: Strength) -> Diagnostic:
    null = marked("the instruments do not move the exposure, given regressors and effects")
    source = "F for errors of equal variance; below 10 weak (Staiger & Stock 1997)"
    return Diagnostic("first_stage", null, strength.partial_f, "F", strength.df, source)


def _weak_instruments(strength: Strength) -> Diagnostic:
    """Test by the effective F that the bias is no small share of the worst case; a small p is good."""
    df = strength.effective_df
    null = Message("the bias may be a share of {BIAS} of the worst case, or more", BIAS=f"{BIAS:.0%}")
    source = (
        f"effective F {strength.effective_f:.4g} times its degrees of freedom; Montiel Olea & Pflueger 2013"
    )
    return Diagnostic(
        "weak_instruments", null, df * strength.effective_f, "noncentral chi2", (df, df / BIAS), source
    )


def _overidentification(
    equation: InstrumentedEquation, covariance: InstrumentedCovariance, method: Method
) -> Diagnostic:
    """Test whether all instruments agree: Sargan 1958 for errors of equal variance, else Hansen 1982."""
    further = equation.instruments.shape[1] - 1
    if further == 0:
        what = marked("one instrument for one exposure leaves nothing to test")
        raise plugin.EstimationError(Problem("overidentification", what))
    if isinstance(covariance, Classical) and method != "gmm":
        statistic = float(cast("IVResults", equation.fit(method)).sargan.stat)
        source = "Sargan 1958, by linearmodels"
    else:
        clusters = clusters_of_rows(equation, covariance)
        statistic = float(cast("IVGMMResults", equation.fit("gmm", clusters=clusters)).j_stat.stat)
        source = f"Hansen's J of two-step GMM, by linearmodels; weights {covariance.use}"
    null = marked("every instrument is uncorrelated with the errors")
    return Diagnostic("overidentification", null, statistic, "chi2", (further,), source)


def _exogeneity(equation: InstrumentedEquation, covariance: InstrumentedCovariance) -> Diagnostic:
    """Test whether least squares would do: Durbin, Wu and Hausman by the first stage's residuals.

    The residuals are one more regressor of least squares, and their coefficient is zero if the exposure is
    uncorrelated with the errors (Wooldridge 2010, section 6.2).
    """
    regression = equation.regression
    panel, weights = regression.panel, regression.weights
    basis = np.linalg.qr(np.column_stack([equation.exogenous, equation.instruments]))[0]
    root = np.sqrt(weights)
    residual = (equation.exposure - basis @ (basis.T @ equation.exposure)) / root
    extended = replace(
        panel,
        controls=(*panel.controls, "residual of the first stage"),
        X=np.column_stack([panel.X, without_effects(regression.absorber, residual[:, None], weights)]),
    )
    augmented = regress(extended, regression.effects, weights=weights)
    extended_equation = replace(equation, regression=augmented)
    matrix, correction = extended_equation.corrected(
        covariance, augmented.basis, augmented.to_coefficients, augmented.within.residuals
    )
    null = marked("the exposure is uncorrelated with the errors, so that least squares would do")
    statistic = float(augmented.estimate[-1] ** 2 / matrix[-1, -1])
    source = f"Durbin, Wu and Hausman by regression (Wooldridge 2010); errors {correction.kind}"
    return Diagnostic("exogeneity", null, statistic, "F", (1, correction.df_resid), source)


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

    title: ClassVar[str] = marked("Instrumental variables")

    equation: InstrumentedEquation
    model: plugin.AbsorbingModels
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
        message = Message(
            "The instruments are weak: partial F {partial_f}, effective F {effective_f} where "
            "{critical_f} is asked for. The estimate leans towards least squares, and its interval "
            "is too short.",
            partial_f=f"{strength.partial_f:.3g}",
            effective_f=f"{strength.effective_f:.3g}",
            critical_f=f"{strength.critical_f:.3g}",
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
            hint = marked("fit without `for_folds`")
            raise plugin.EstimationError(Problem("coefficients", marked("this fit only predicts"), hint=hint))
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
            "statistics": plugin.statistic_columns(self.statistics()),
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
    provides: ClassVar[frozenset[type]] = LINEAR | {plugin.HasEffects}

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

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> InstrumentalFit:
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
            estimate = np.concatenate([[fit.model.intercepts[0] - fit.model.centre @ slopes], estimate])
        table = CoefficientTable(regression.terms, estimate, matrix, correction)
        return replace(fit, table=table, strength=strength_of(equation, self.covariance))

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: plugin.DrawSelection, rng: Generator
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
