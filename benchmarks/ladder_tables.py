"""The tables of the page on two ladders: gains over pooled OLS of every estimator under every protocol.

``python benchmarks/ladder_tables.py WAGES COUNTRIES`` writes ``ladder_wages.csv`` and
``ladder_countries.csv`` from two run folders.
"""

from __future__ import annotations

import csv
import sys
from math import isnan
from pathlib import Path

import pandas as pd

from harness.text.numbers import fixed, interval

FOLDER = Path(__file__).parents[1] / "docs" / "measured"
STUDIES = ("wages", "countries")
LIMITS = ["gain", "conf_low", "conf_high"]


def gains_of(gain: pd.DataFrame) -> pd.DataFrame:
    """Return gain and limits by estimator and protocol, of test rows over pooled OLS."""
    own = gain.query("sample == 'test' and reference == 'ols'")
    return own.set_index(["estimator", "protocol"])[LIMITS].astype(float)


def table(gain: pd.DataFrame) -> list[list[str]]:
    """Return the gains of a run, a head first; one without a bounded interval stands alone."""
    gains = gains_of(gain)
    limits = dict(zip(gains.index.to_list(), gains.to_numpy().tolist(), strict=True))
    estimators, protocols = (list(dict.fromkeys(gains.index.get_level_values(at))) for at in (0, 1))
    rows = [[f"{name}", *(_cell(limits.get((name, one))) for one in protocols)] for name in estimators]
    return [["estimator", *protocols], *rows]


def _cell(limits: list[float] | None) -> str:
    if limits is None:
        return ""
    gain, low, high = limits
    return fixed(gain, 2) if isnan(low) or isnan(high) else f"{fixed(gain, 2)} {interval(low, high, 2)}"


def printed(study: str) -> dict[tuple[str, str], list[float]]:
    """Return the numbers of every cell of a study's table, by estimator and protocol."""
    with _file(study).open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    found = {}
    for name, *cells in rows:
        for protocol, cell in zip(head[1:], cells, strict=True):
            found[name, protocol] = [float(word.strip("[],")) for word in cell.replace("\u2212", "-").split()]
    return found


def _file(study: str) -> Path:
    return FOLDER / f"ladder_{study}.csv"


def main(folders: list[str]) -> None:
    """Write both tables, which the page shows."""
    for study, folder in zip(STUDIES, folders, strict=True):
        with _file(study).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(table(pd.read_csv(Path(folder) / "gain.csv")))


if __name__ == "__main__":
    main(sys.argv[1:])
