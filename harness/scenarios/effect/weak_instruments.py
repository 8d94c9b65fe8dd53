"""Inference on an instrumented slope that is robust to weak instruments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from harness.arrays import Floats
from harness.language import topic

gettext = topic("scenarios.weak_instruments")


# Names of the intervals in tables, next to those of t.
ANDERSON_RUBIN, TF = "anderson_rubin", "tf"

# The level that critical values of tF are published for.
TF_LEVEL = 0.95

# Critical values of t by the root of the first-stage F, 2.0, 2.1, ... 10.3 (Lee, McCrary, Moreira and Porter
# 2022, table 3); beyond it is that of the normal distribution, below there is none.
TF_ROOTS = np.linspace(2.0, 10.3, 84)
TF_CRITICAL = np.fromstring(
    "18.66 9.74 7.37 6.18 5.43 4.92 4.54 4.25 4.01 3.82 3.65 3.51 3.39 3.29 3.19 3.11 3.03 2.97 2.91 2.85 "
    "2.80 2.75 2.71 2.67 2.63 2.60 2.57 2.54 2.51 2.48 2.46 2.43 2.41 2.39 2.37 2.35 2.33 2.32 2.30 2.29 "
    "2.27 2.26 2.24 2.23 2.22 2.21 2.20 2.19 2.17 2.16 2.16 2.15 2.14 2.13 2.12 2.11 2.10 2.10 2.09 2.08 "
    "2.08 2.07 2.06 2.06 2.05 2.04 2.04 2.03 2.03 2.02 2.02 2.01 2.01 2.00 2.00 1.99 1.99 1.99 1.98 1.98 "
    "1.97 1.97 1.97 1.96",
    sep=" ",
)


def tf_critical(first_stage_f: float) -> float:
    """Return the 5 % critical value of t given the F of one instrument; infinite for F below 4."""
    return float(np.interp(np.sqrt(max(first_stage_f, 0.0)), TF_ROOTS, TF_CRITICAL, left=np.inf))


# A confidence set: intervals in their order, none where it is empty.
ConfidenceSet = tuple[tuple[float, float], ...]


def set_in_words(found: ConfidenceSet) -> str:
    """Return a confidence set in words: one or several intervals, all real numbers, or empty."""
    if not found:
        return gettext("empty: no slope is compatible with all instruments")
    if found == ((-np.inf, np.inf),):
        return gettext("all real numbers: the instruments are uninformative about the slope")
    parts = [f"[{low:.4g}, {high:.4g}]".replace("[-inf", "(-∞").replace("inf]", "∞)") for low, high in found]
    return gettext(" and ").join(parts).replace("-", "−")


@dataclass(frozen=True, eq=False)
class ReducedForm:
    """Reduced form: effects of the instruments on outcome and exposure, given the controls.

    Attributes
    ----------
    outcome, exposure : (n_instruments,), coefficients on the same instruments
    of_outcome, of_both, of_exposure : (n_instruments, n_instruments), covariances of the coefficients;
        `of_both` is that of the outcome's (rows) with the exposure's
    df : degrees of freedom
    """

    outcome: Floats
    exposure: Floats
    of_outcome: Floats
    of_both: Floats
    of_exposure: Floats
    df: float

    @classmethod
    def mean(cls, forms: Sequence[ReducedForm]) -> ReducedForm:
        """Return the mean of several reduced forms, such as those of repeated sample splits."""
        names = ("outcome", "exposure", "of_outcome", "of_both", "of_exposure")
        means = {name: np.mean([getattr(form, name) for form in forms], axis=0) for name in names}
        return cls(**means, df=forms[0].df)

    def statistic(self, slope: float) -> float:
        """Return the Anderson–Rubin (1949) F statistic at a slope."""
        moment = self.outcome - slope * self.exposure
        both = self.of_both + self.of_both.T
        covariance = self.of_outcome - slope * both + slope**2 * self.of_exposure
        return float(moment @ np.linalg.solve(covariance, moment)) / moment.size

    def p_value(self, slope: float = 0.0) -> float:
        """Return the p-value of a slope."""
        from scipy.stats import f

        return float(f.sf(self.statistic(slope), self.outcome.size, self.df))

    def confidence_set(self, level: float) -> ConfidenceSet:
        """Return the Anderson–Rubin confidence set as ordered intervals.

        Strong instruments give one interval. Weak ones may give the whole line or the complement of an
        interval; incompatible ones give an empty set. The ends are exact: with the moment m(s) and its
        covariance V(s), the determinant of ``[[q, m'], [m, V]]`` is zero where ``m' V^-1 m = q``, and is
        that of a quadratic polynomial in s, whose roots are generalised eigenvalues.
        """
        from scipy.linalg import eigvals
        from scipy.stats import f

        size = self.outcome.size
        critical = float(f.ppf(level, size, self.df))
        to_outcome, to_exposure = (np.sqrt(np.trace(own)) for own in (self.of_outcome, self.of_exposure))
        moments = self.outcome / to_outcome, -self.exposure / to_exposure, np.zeros(size)
        both = (self.of_both + self.of_both.T) / (to_outcome * to_exposure)
        covariances = self.of_outcome / to_outcome**2, -both, self.of_exposure / to_exposure**2
        corners = size * critical, 0.0, 0.0
        constant, linear, square = (
            np.block([[np.full((1, 1), corner), moment[None]], [moment[:, None], covariance]])
            for corner, moment, covariance in zip(corners, moments, covariances, strict=True)
        )
        one, none = np.eye(size + 1), np.zeros((size + 1, size + 1))
        found = eigvals(
            np.block([[none, one], [-constant, -linear]]), np.block([[one, none], [none, square]])
        )
        finite = found[np.isfinite(found)]
        is_real = np.abs(finite.imag) <= 1e-8 * (1.0 + np.abs(finite.real))
        ends = np.sort(finite.real[is_real]) * to_outcome / to_exposure
        return self._held(ends.tolist(), critical)

    def _held(self, ends: Sequence[float], critical: float) -> ConfidenceSet:
        """Return the stretches between ends in which slopes are held, those that meet as one."""
        held: list[tuple[float, float]] = []
        for low, high in pairwise((-np.inf, *ends, np.inf)):
            inner = [one for one in (low, high) if np.isfinite(one)]
            at = float(np.mean(inner)) if inner else 0.0
            if len(inner) == 1:
                at += (1.0 + abs(at)) * (1.0 if np.isfinite(low) else -1.0)
            if self.statistic(at) <= critical:
                meets = bool(held) and held[-1][1] == low
                held.append((held.pop()[0] if meets else low, high))
        return tuple(held)
