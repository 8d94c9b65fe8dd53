"""Datasets that the harness's own dependencies bring along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.data.dataset import Dataset
from harness.data.packaged import PACKAGED
from harness.registry.hooks import hookimpl

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ShippedDataset:
    """A dataset of linearmodels or statsmodels, loaded when it is asked for.

    Attributes
    ----------
    name : as written in the spec
    title, source : for the report
    """

    name: str
    title: str
    source: str
    _load: Callable[[], pd.DataFrame] = field(repr=False)

    def load(self) -> pd.DataFrame:
        """Return the table, its columns in lower case."""
        frame = self._load()
        return frame.rename(columns=str.lower)


def _wage_panel() -> pd.DataFrame:
    from linearmodels.datasets import wage_panel

    return wage_panel.load()


def _job_training() -> pd.DataFrame:
    from linearmodels.datasets import jobtraining

    return jobtraining.load()


def _public_capital() -> pd.DataFrame:
    from linearmodels.datasets import munnell

    return munnell.load()


def _grunfeld() -> pd.DataFrame:
    from statsmodels.datasets import grunfeld

    frame: pd.DataFrame = grunfeld.load_pandas().data
    return frame


_SHIPPED = (
    ShippedDataset(
        "grunfeld",
        "Investment of eleven corporations, 1935 to 1954",
        "Grunfeld (1958), as restored by Kleiber and Zeileis (2010); with statsmodels",
        _grunfeld,
    ),
    ShippedDataset(
        "job_training",
        "Scrap rates and training grants of Michigan firms, 1987 to 1989",
        "Holzer, Block, Cheatham and Knott (1993); with linearmodels",
        _job_training,
    ),
    ShippedDataset(
        "public_capital",
        "Output, capital and employment of 48 states, 1970 to 1986",
        "Munnell (1990); with linearmodels",
        _public_capital,
    ),
    ShippedDataset(
        "wage_panel",
        "Wages of 545 young men, 1980 to 1987",
        "Vella and Verbeek (1998); with linearmodels",
        _wage_panel,
    ),
)


@hookimpl
def harness_datasets() -> tuple[Dataset, ...]:
    """Return the datasets that come with the harness; columns are the library's names in lower case.

    ``grunfeld``
        entity firm, time year; invest, value, capital.
    ``job_training``
        entity fcode, time year; scrap, grant, hrsemp, employ, sales and others, with missing cells.
    ``public_capital``
        entity state, time yr; st_abb, p_cap, hwy, water, util, pc, gsp, emp, unemp.
    ``wage_panel``
        entity nr, time year; lwage, exper, expersq, educ, hours, union, married, black, hisp, occupation.

    Those of packages that the extra ``panels`` installs are listed in `harness.data.packaged`.
    """
    return (*_SHIPPED, *PACKAGED)
