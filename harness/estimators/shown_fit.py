"""What a fit with coefficients shows of itself in a notebook, a terminal and tables of maketables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.estimators.coefficients import CoefficientTable, Correction

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Statistic:
    """A number that describes a fit.

    Attributes
    ----------
    name : such as ``r2_within``
    value : in the unit that `definition` says
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


_STATISTICS: Mapping[str, str] = {
    "N": "Observations",
    "r2": "R2 of the equation",
    "r2_within": "R2 within",
    "se_type": "Covariance",
}
"""Statistics that a table shows beneath the coefficients, with their labels."""


class ShownFit(ABC):
    """A fit that shows its coefficients, and that ``maketables.ETable([fit])`` takes as it is.

    A dataclass that is one has ``repr=False``.

    Attributes
    ----------
    title : what kind of fit it is, for readers
    """

    title: ClassVar[str] = "Estimates"

    @property
    @abstractmethod
    def outcome(self) -> str:
        """Name of the outcome."""

    @abstractmethod
    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections named."""

    @abstractmethod
    def statistics(self) -> Sequence[Statistic]:
        """Return what describes the fit, every number with its definition."""

    @property
    @abstractmethod
    def absorbed(self) -> tuple[str, ...]:
        """Keys and columns whose effects are absorbed, by name."""

    def remarks(self) -> Sequence[str]:
        """Return what a reader should know beside the covariance."""
        return ()

    @property
    def how(self) -> str:
        """Covariance and remarks, in words."""
        return "; ".join([_in_words(self.coefficients().correction), *self.remarks()])

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        import pandas as pd

        table = self.coefficients()
        limits = table.conf_int(0.95)
        columns = {
            "b": table.estimate,
            "se": table.std_error,
            "t": table.statistic,
            "p": table.p_value,
            "ci95l": limits[:, 0],
            "ci95u": limits[:, 1],
        }
        return pd.DataFrame(columns, index=pd.Index(table.terms, name="Coefficient"))

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
        import maketables

        return str(maketables.ETable([self], model_heads=[self.title], notes=self.how).make("html"))

    def __repr__(self) -> str:
        frame = self.__maketables_coef_table__.to_string(float_format="{:.6g}".format)
        return f"{self.title} of {self.outcome}\n{frame}\n{self.how}"


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
