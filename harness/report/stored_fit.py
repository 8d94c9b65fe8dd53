"""Estimates of a stored run as maketables reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.language import gettext, marked

if TYPE_CHECKING:
    import pandas as pd

# Statistics beneath the coefficients of a stored fit, with their labels.
SHOWN: Mapping[str, str] = {"N": marked("Observations"), "se_type": marked("Covariance")}

# Names of maketables by those of the table ``coefficients``.
COLUMNS: Mapping[str, str] = {"estimate": "b", "std_error": "se", "statistic": "t", "p_value": "p"}


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
        return {"vcov_type": str(self.__maketables_stat__("se_type"))}

    @property
    def __maketables_stat_labels__(self) -> Mapping[str, str]:
        return {key: gettext(label) for key, label in SHOWN.items()}

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        return list(SHOWN)

    def __maketables_stat__(self, key: str) -> int | str | None:
        first = self.rows.iloc[0]
        known: dict[str, int | str] = {"N": int(first["n_obs"]), "se_type": str(first["covariance"])}
        return known.get(key)
