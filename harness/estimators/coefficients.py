"""Coefficient tables with their covariance, and fits that display them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from harness.arrays import Floats, frozen_floats
from harness.terminal import echo

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Correction:
    """How a covariance was computed, so that each convention can be reversed.

    Attributes
    ----------
    kind : such as ``classical``, ``HC1``, ``clustered by entity``, ``Driscoll-Kraay``
    n_obs : rows of the fit
    n_coef : coefficients counted, the constant included
    n_effects : absorbed effects counted as coefficients in `factor` or `df_resid`
    n_clusters : clusters of each dimension; empty where there are none
    factor : small-sample factor of the sandwich or the residual variance
    df_resid : degrees of freedom of the t distribution of the statistics
    bandwidth : lags of a kernel covariance
    p_common_shocks : of the test that chose the covariance, if one did
    """

    kind: str
    n_obs: int
    n_coef: int
    n_effects: int
    n_clusters: tuple[int, ...]
    factor: float
    df_resid: float
    bandwidth: int | None = None
    p_common_shocks: float = float("nan")


class Inference(Protocol):
    """P-values and confidence limits that do not rest on a t distribution, such as a bootstrap's."""

    def p_value(self) -> Floats:
        """Return two-sided p-values of a zero coefficient, (n_coef,)."""

    def conf_int(self, level: float) -> Floats:
        """Return confidence limits, (n_coef, 2), at `level`, in (0, 1)."""


@dataclass(frozen=True, eq=False)
class CoefficientTable:
    """Estimates with their covariance.

    Attributes
    ----------
    terms : (n_coef,), names
    estimate : (n_coef,), outcome units per unit of the term
    covariance : (n_coef, n_coef)
    correction : how `covariance` was computed
    inference : source of p-values and limits; None for the t distribution
    """

    terms: tuple[str, ...]
    estimate: Floats
    covariance: Floats
    correction: Correction
    inference: Inference | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "estimate", frozen_floats(self.estimate))
        object.__setattr__(self, "covariance", frozen_floats(self.covariance))

    @property
    def std_error(self) -> Floats:
        """Standard errors, (n_coef,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def statistic(self) -> Floats:
        """Estimates over standard errors, (n_coef,)."""
        return self.estimate / self.std_error

    @property
    def p_value(self) -> Floats:
        """Two-sided p-values of a zero coefficient, (n_coef,)."""
        if self.inference is not None:
            return self.inference.p_value()
        from scipy import stats

        return np.asarray(2.0 * stats.t.sf(np.abs(self.statistic), self.correction.df_resid))

    def frame(self, level: float) -> pd.DataFrame:
        """Return a row per term, with confidence limits at `level`, in (0, 1)."""
        import pandas as pd

        low, high = self.conf_int(level).T
        columns = {"term": self.terms, "estimate": self.estimate, "std_error": self.std_error}
        columns |= {"statistic": self.statistic, "p_value": self.p_value, "conf_low": low, "conf_high": high}
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        frame = self.frame(0.95).to_string(index=False, float_format="{:.6g}".format, max_rows=MOST_TERMS)
        return f"{frame}\n{_in_words(self.correction)}"

    def conf_int(self, level: float = 0.95) -> Floats:
        """Return confidence limits, (n_coef, 2), at `level`, in (0, 1)."""
        if self.inference is not None:
            return self.inference.conf_int(level)
        from scipy import stats

        half = stats.t.ppf(0.5 + level / 2.0, self.correction.df_resid) * self.std_error
        return np.column_stack([self.estimate - half, self.estimate + half])


@dataclass(frozen=True)
class Statistic:
    """A number that describes a fit.

    Attributes
    ----------
    name : such as ``r2_within``
    value : in the unit given by `definition`
    definition : how it is computed, in one line
    """

    name: str
    value: float
    definition: str


def statistic_columns(statistics: Sequence[Statistic]) -> Mapping[str, Sequence[object]]:
    """Return statistics as a tidy table by columns."""
    return {
        "statistic": [statistic.name for statistic in statistics],
        "value": [statistic.value for statistic in statistics],
        "definition": [statistic.definition for statistic in statistics],
    }


# Most terms in the `repr` of a fit; `summary` prints all.
MOST_TERMS = 8

# Statistics that a table shows beneath the coefficients, with their labels.
_STATISTICS: Mapping[str, str] = {
    "N": "Observations",
    "r2": "R2 (within effects, if any)",
    "se_type": "Covariance",
}


class ShownFit(ABC):
    """A fit that displays its coefficients and can be passed to ``maketables.ETable([fit])``.

    A dataclass that inherits from it needs ``repr=False``.

    Attributes
    ----------
    title : name of the estimator, for display
    """

    title: ClassVar[str] = "Estimates"

    @property
    @abstractmethod
    def outcome(self) -> str:
        """Name of the outcome."""

    @abstractmethod
    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections."""

    @abstractmethod
    def statistics(self) -> Sequence[Statistic]:
        """Return fit statistics with their definitions."""

    @property
    @abstractmethod
    def absorbed(self) -> tuple[str, ...]:
        """Names of the absorbed effects."""

    def remarks(self) -> Sequence[str]:
        """Return remarks other than the covariance."""
        return ()

    @property
    def coef(self) -> pd.Series[float]:
        """Estimates by term, outcome units per unit of the term."""
        return self._by_term["estimate"].rename("coef")

    @property
    def std_error(self) -> pd.Series[float]:
        """Standard errors by term."""
        return self._by_term["std_error"]

    def summary(self) -> None:
        """Print all coefficients, the number of rows, R2, covariance and remarks."""
        echo(self._text(len(self.coefficients().terms)))

    @property
    def _by_term(self) -> pd.DataFrame:
        return self.coefficients().frame(0.95).set_index("term")

    def _text(self, most_terms: int) -> str:
        frame = self._by_term.to_string(float_format="{:.6g}".format, max_rows=most_terms)
        return "\n".join([f"{self.title} of {self.outcome}", frame, *self._foot])

    @property
    def _foot(self) -> Iterator[str]:
        """Lines beneath the coefficients."""
        labels = {"N": "Observations", "r2": "Within R2" if self.absorbed else "R2"}
        known = {label: self.__maketables_stat__(key) for key, label in labels.items()}
        yield "; ".join(f"{label} {value:.6g}" for label, value in known.items() if value is not None)
        if self.absorbed:
            yield f"Effects of {', '.join(self.absorbed)}"
        yield self.how

    @property
    def how(self) -> str:
        """Covariance and remarks, in words."""
        return "; ".join([_in_words(self.coefficients().correction), *self.remarks()])

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        frame = self.coefficients().frame(0.95).set_index("term").rename_axis("Coefficient")
        return frame.set_axis(["b", "se", "t", "p", "ci95l", "ci95u"], axis=1)

    @property
    def __maketables_depvar__(self) -> str:
        return self.outcome

    @property
    def __maketables_fixef_string__(self) -> str | None:
        return "+".join(self.absorbed) or None

    @property
    def __maketables_vcov_info__(self) -> Mapping[str, str]:
        return {"vcov_type": self.coefficients().correction.kind}

    @property
    def __maketables_stat_labels__(self) -> Mapping[str, str]:
        return _STATISTICS

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        return list(_STATISTICS)

    def __maketables_stat__(self, key: str) -> float | int | str | None:
        correction = self.coefficients().correction
        known: dict[str, float | int | str] = {
            statistic.name: statistic.value for statistic in self.statistics()
        }
        return (known | {"N": correction.n_obs, "se_type": correction.kind}).get(key)

    def _repr_html_(self) -> str:
        frame = self._by_term.to_html(float_format="{:.6g}".format, max_rows=MOST_TERMS, border=0)
        lines = (escape(line) for line in (f"{self.title} of {self.outcome}", *self._foot))
        return f"<p>{next(lines)}</p>{frame}<p>{'<br>'.join(lines)}</p>"

    def __repr__(self) -> str:
        return self._text(MOST_TERMS)


def _in_words(correction: Correction) -> str:
    """Return how a covariance was computed, in one sentence."""
    parts = [f"{correction.n_obs} rows", f"{correction.n_coef} coefficients"]
    if correction.n_effects:
        parts.append(f"{correction.n_effects} effects counted")
    if correction.n_clusters:
        kind = "clusters" if correction.bandwidth is None else "periods"
        parts.append(f"{' and '.join(map(str, correction.n_clusters))} {kind}")
    if correction.bandwidth is not None:
        parts.append(f"bandwidth {correction.bandwidth}")
    parts.append(f"factor {correction.factor:.6g}")
    parts.append(f"{correction.df_resid:g} degrees of freedom")
    return f"{correction.kind} ({', '.join(parts)})"
