"""One estimator of a run as packages of regression tables take it: the protocol of maketables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# Statistics beneath the coefficients, by the names that such packages use, with their labels.
STATISTICS = {"N": "Observations", "r2": "R2", "r2_within": "R2 within effects"}


@dataclass(frozen=True, eq=False)
class RunModel:
    """Coefficients and fit of one estimator on one outcome: ``maketables.ETable([model, other_fit])``.

    Attributes
    ----------
    estimator, outcome : ids of the study
    coefficients : rows of `StudyResult.tidy`
    fit : row of `StudyResult.glance`
    """

    estimator: str
    outcome: str
    coefficients: pd.DataFrame
    fit: Mapping[str, float]

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        table = self.coefficients.set_index("term").rename_axis("Coefficient")
        columns = {
            "estimate": "b",
            "std_error": "se",
            "p_value": "p",
            "conf_low": "ci95l",
            "conf_high": "ci95u",
        }
        renamed = table[list(columns)].rename(columns=columns)
        renamed.insert(2, "t", renamed["b"] / renamed["se"])
        return renamed

    @property
    def __maketables_depvar__(self) -> str:
        return self.outcome

    @property
    def __maketables_fixef_string__(self) -> None:
        return None

    @property
    def __maketables_vcov_info__(self) -> Mapping[str, str]:
        return {"vcov_type": "see the note of the run"}

    @property
    def __maketables_stat_labels__(self) -> Mapping[str, str]:
        return STATISTICS

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        return list(STATISTICS)

    def __maketables_stat__(self, key: str) -> float | None:
        value = self.fit.get("n_obs" if key == "N" else key)
        return None if value is None or value != value else value
