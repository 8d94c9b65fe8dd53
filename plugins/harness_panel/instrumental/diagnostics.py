"""Tests of instruments: whether they agree where there are several, and whether they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from harness.plugin import EstimationError, Floats, Problem, marked
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.independent import Classical
from harness_panel.diagnostics.diagnostic import Check, Diagnostic
from harness_panel.instrumental.equation import (
    InstrumentedCovariance,
    InstrumentedEquation,
    Method,
    residuals_on,
)
from harness_panel.solver.absorb import without_effects
from harness_panel.solver.regression import regress

if TYPE_CHECKING:
    from linearmodels.iv.results import IVGMMResults, IVResults

LEAST_F = 10.0
"""Partial F below which instruments are called weak (Staiger & Stock 1997)."""

BIAS = 0.10
"""Share of the worst-case bias that the effective F is held against."""


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
    return Diagnostic(
        name="first_stage",
        null=marked("the instruments do not move the exposure, given regressors and effects"),
        statistic=strength.partial_f,
        distribution="F",
        df=strength.df,
        source="F for errors of equal variance; below 10 weak (Staiger & Stock 1997)",
    )


def _weak_instruments(strength: Strength) -> Diagnostic:
    """Test by the effective F that the bias is no small share of the worst case; a small p is good."""
    df = strength.effective_df
    return Diagnostic(
        name="weak_instruments",
        null=f"the bias may be a share of {BIAS:.0%} of the worst case, or more",
        statistic=df * strength.effective_f,
        distribution="noncentral chi2",
        df=(df, df / BIAS),
        source=f"effective F {strength.effective_f:.4g} times its degrees of freedom; "
        "Montiel Olea & Pflueger 2013",
    )


def _overidentification(
    equation: InstrumentedEquation, covariance: InstrumentedCovariance, method: Method
) -> Diagnostic:
    """Test whether all instruments agree: Sargan 1958 for errors of equal variance, else Hansen 1982."""
    further = equation.instruments.shape[1] - 1
    if further == 0:
        what = "one instrument for one exposure leaves nothing to test"
        raise EstimationError(Problem("overidentification", what))
    if isinstance(covariance, Classical) and method != "gmm":
        statistic = float(cast("IVResults", equation.fit(method)).sargan.stat)
        source = "Sargan 1958, by linearmodels"
    else:
        clusters = clusters_of_rows(equation, covariance)
        statistic = float(cast("IVGMMResults", equation.fit("gmm", clusters=clusters)).j_stat.stat)
        source = f"Hansen's J of two-step GMM, by linearmodels; weights {covariance.use}"
    return Diagnostic(
        name="overidentification",
        null=marked("every instrument is uncorrelated with the errors"),
        statistic=statistic,
        distribution="chi2",
        df=(further,),
        source=source,
    )


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
    return Diagnostic(
        name="exogeneity",
        null=marked("the exposure is uncorrelated with the errors, so that least squares would do"),
        statistic=float(augmented.estimate[-1] ** 2 / matrix[-1, -1]),
        distribution="F",
        df=(1, correction.df_resid),
        source=f"Durbin, Wu and Hausman by regression (Wooldridge 2010); errors {correction.kind}",
    )
