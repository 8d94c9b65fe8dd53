"""The estimates of one estimator in a run folder, as maketables asks for a fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.language import gettext, marked

if TYPE_CHECKING:
    import pandas as pd

STATISTICS: Mapping[str, str] = {"N": marked("Observations"), "se_type": marked("Covariance")}
"""Statistics beneath the coefficients, with their labels."""

COLUMNS: Mapping[str, str] = {"estimate": "b", "std_error": "se", "statistic": "t", "p_value": "p"}
"""Names of maketables by those of the table ``coefficients``."""


@dataclass(frozen=True, eq=False)
class StoredFit:
    """Estimates of one estimator for one outcome, read from a run; ``maketables.ETable([fit])`` takes it.

    Attributes
    ----------
    outcome : how it is called
    rows : of the table ``coefficients``, one a term; at least one
    labels : of terms, by name
    effects : keys and columns whose effects are absorbed
    """

    outcome: str
    rows: pd.DataFrame
    labels: Mapping[str, str]
    effects: tuple[str, ...] = ()

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        table = self.rows.set_index("term")[list(COLUMNS)].rename(columns=COLUMNS)
        return table.rename_axis(gettext("Coefficient"))

    @property
    def __maketables_depvar__(self) -> str:
        return self.outcome

    @property
    def __maketables_var_labels__(self) -> Mapping[str, str]:
        return self.labels

    @property
    def __maketables_fixef_string__(self) -> str | None:
        return "+".join(self.effects) or None

    @property
    def __maketables_vcov_info__(self) -> Mapping[str, str]:
        return {"vcov_type": self._covariance}

    @property
    def __maketables_stat_labels__(self) -> Mapping[str, str]:
        return {key: gettext(label) for key, label in STATISTICS.items()}

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        return list(STATISTICS)

    def __maketables_stat__(self, key: str) -> int | str | None:
        known: dict[str, int | str] = {"N": int(self.rows["n_obs"].iloc[0]), "se_type": self._covariance}
        return known.get(key)

    @property
    def _covariance(self) -> str:
        return str(self.rows["covariance"].iloc[0])
