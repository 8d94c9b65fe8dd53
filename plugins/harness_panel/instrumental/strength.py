"""How strong instruments are: partial F, and the effective F of Montiel Olea & Pflueger 2013."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness_panel.instrumental.equation import InstrumentedEquation
from harness_panel.instrumental.sandwich import InstrumentedCovariance

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

    basis = equation.new_instruments
    exogenous = equation.exogenous
    left = equation.exposure
    if exogenous.shape[1]:
        own = np.linalg.qr(exogenous)[0]
        left = left - own @ (own.T @ left)
    slopes = basis.T @ left
    residuals = left - basis @ slopes
    total, explained = float(left @ left), float(slopes @ slopes)
    n_instruments = basis.shape[1]
    # The exposure is no regressor of the first stage.
    df = equation.df_resid + 1 - n_instruments
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
