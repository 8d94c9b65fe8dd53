"""A suite's gains next to those of another run of it, such as the reference that the project keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from harness.errors import ArtifactError
from harness.running.csv_table import from_csv
from harness.suite.results import SUITE_GAIN

OF = ("suite", "edition", "form")
CELL = ("study", "outcome", "protocol", "estimator")


@dataclass(frozen=True)
class Standing:
    """An estimator that one run alone has, next to one that both have, on the panels where both predict.

    Attributes
    ----------
    n_less : panels on which its error is less
    n_panels : compared on
    log_error_ratio : mean of log(error / error of the other); below zero is better
    """

    estimator: str
    against: str
    protocol: str
    n_less: int
    n_panels: int
    log_error_ratio: float


@dataclass(frozen=True, eq=False)
class SuiteDifference:
    """What differs between two runs of a suite.

    Attributes
    ----------
    n_cells : errors that both have, of one estimator on one panel under one protocol each
    differing : those that differ: study, outcome, protocol, estimator, nmse, nmse_reference
    absent : panels, or estimators, of the reference that the run does not have
    standings : of the estimators that the reference does not have
    """

    n_cells: int
    differing: pd.DataFrame
    absent: tuple[str, ...]
    standings: tuple[Standing, ...]

    def lines(self) -> Iterator[str]:
        """Yield the difference in words."""
        n_differ = len(self.differing)
        yield f"{self.n_cells} errors of both; {n_differ or 'none'} of them differ"
        for row in self.differing.head(10).itertuples():
            cell = f"{row.study} · {row.outcome} · {row.protocol} · {row.estimator}"
            yield f"  {cell}: nmse {row.nmse:.6g}, in the reference {row.nmse_reference:.6g}"
        if n_differ > 10:
            yield f"  and {n_differ - 10} more"
        if self.absent:
            yield f"of the reference alone: {', '.join(self.absent)}"
        for one in self.standings:
            yield (
                f"{one.estimator} beside {one.against}, {one.protocol}: the smaller error on {one.n_less} of "
                f"{one.n_panels} panels, mean log error ratio {one.log_error_ratio:+.3f}"
            )


def read_gains(path: Path) -> pd.DataFrame:
    """Return the gains of a suite from its folder, or from a file of them.

    Raises
    ------
    ArtifactError
        Where there are none.
    """
    file = path / SUITE_GAIN.file if path.is_dir() else path
    hint = f"name the folder of a suite, or a file like {SUITE_GAIN.file}"
    if not file.is_file():
        raise ArtifactError.at(str(file), "is not there", hint=hint)
    table = from_csv(file.read_text(encoding="utf-8"))
    if missing := [name for name in SUITE_GAIN.columns if name not in table]:
        what = f"lacks the columns {', '.join(missing)}"
        raise ArtifactError.at(str(file), what, hint=hint)
    return table


def compare_gains(own: pd.DataFrame, reference: pd.DataFrame, *, rtol: float) -> SuiteDifference:
    """Return what differs between two runs of one edition of a suite.

    Parameters
    ----------
    own, reference : tables ``suite_gain``
    rtol : share of the larger error by which two may differ

    Raises
    ------
    ArtifactError
        Where they are of different suites, editions or forms, whose numbers are no matter of comparison.
    """
    for name in OF:
        first, second = (str(table[name].iloc[0]) for table in (own, reference))
        if first != second:
            what = f"the run has the {name} '{first}', the reference '{second}'"
            raise ArtifactError.at(SUITE_GAIN.file, what, hint="compare runs of the same")
    cells, known = _errors(own), _errors(reference)
    both = cells.merge(known, on=list(CELL), suffixes=("", "_reference"))
    far = np.abs(both["nmse"] - both["nmse_reference"]) > rtol * both[["nmse", "nmse_reference"]].max(axis=1)
    absent = [
        str(name)
        for key in ("study", "estimator")
        for name in known[key].unique()
        if name not in set(cells[key])
    ]
    differing, standings = both[far].reset_index(drop=True), tuple(_standings(cells, known))
    return SuiteDifference(len(both), differing, tuple(absent), standings)


def _errors(gains: pd.DataFrame) -> pd.DataFrame:
    """Return the error of every estimator on every panel under every protocol, once."""
    there = gains[gains["nmse"].notna()]
    return there.drop_duplicates(list(CELL))[[*CELL, "nmse"]].reset_index(drop=True)


def _standings(cells: pd.DataFrame, known: pd.DataFrame) -> Iterator[Standing]:
    shared = [name for name in known["estimator"].unique() if name in set(cells["estimator"])]
    for name in cells["estimator"].unique():
        for against in shared if name not in set(known["estimator"]) else ():
            one, other = (cells[cells["estimator"] == which] for which in (name, against))
            pair = one.merge(other, on=list(CELL[:3]), suffixes=("", "_other"))
            for protocol, own in pair.groupby("protocol", sort=False):
                ratios = np.log(own["nmse"] / own["nmse_other"])
                n_less, mean = int((ratios < 0).sum()), float(ratios.mean())
                yield Standing(str(name), str(against), str(protocol), n_less, len(own), mean)
