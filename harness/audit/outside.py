"""Compare a run's coefficients with those that another program wrote, number by number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from harness.audit.table_difference import Tolerance
from harness.errors import ArtifactError, Problem
from harness.running.folder import RunFolder
from harness.tables.coefficients import COEFFICIENTS

KEYS = ("outcome", "estimator", "term")
# Columns of the file: what a number is about, and the numbers.
MEASURES = ("estimate", "std_error")


@dataclass(frozen=True)
class OutsideNumber:
    """One number of the file beside that of the run.

    Attributes
    ----------
    own, other : of the run, NaN where it has none, and of the file, NaN where its cell is empty
    excess : distance over what is allowed; above 1 where the numbers differ
    """

    outcome: str
    estimator: str
    term: str
    measure: str
    own: float
    other: float
    excess: float

    @property
    def agrees(self) -> bool:
        """Whether the two are equal within the tolerance."""
        return self.excess <= 1.0


def compare_outside(folder: RunFolder, file: Path, *, tolerance: Tolerance) -> tuple[OutsideNumber, ...]:
    """Return every number of the file beside that of the run, in the order of the file.

    Standard errors may be left empty; then they are not compared.

    Raises
    ------
    ArtifactError
        Where the file cannot be read, lacks a column, or has no row.
    """
    there = _read(file)
    columns = [*KEYS, *MEASURES]
    here = folder.read_table(COEFFICIENTS.name)[columns].astype(dict.fromkeys(KEYS, str))
    both = there[columns].merge(here, on=[*KEYS], how="left", suffixes=("", " here"))
    found: list[OutsideNumber] = []
    for row in both.to_dict("records"):
        for measure in MEASURES:
            own, other = float(row[f"{measure} here"]), float(row[measure])
            if measure == MEASURES[0] or not math.isnan(other):
                excess = float(tolerance.excess(np.array([own]), np.array([other]))[0])
                if math.isnan(own) or math.isnan(other):
                    excess = math.inf
                outcome, estimator, term = (row[key] for key in KEYS)
                found.append(OutsideNumber(outcome, estimator, term, measure, own, other, excess))
    return tuple(found)


def _read(file: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            file,
            dtype=dict.fromkeys(KEYS, str),
            keep_default_na=False,
            skipinitialspace=True,
            na_values={measure: ["", ".", "NA"] for measure in MEASURES},
        )
    except (OSError, ValueError) as error:
        raise ArtifactError(Problem(str(file), f"is no table that can be read: {error}")) from error
    lacking = [name for name in (*KEYS, *MEASURES) if name not in frame]
    if lacking or frame.empty:
        what = f"lacks the columns {', '.join(lacking)}" if lacking else "has no row"
        hint = "the script that `harness export` wrote writes such a file"
        raise ArtifactError(Problem(str(file), what, hint=hint))
    text = [name for name in MEASURES if not pd.api.types.is_numeric_dtype(frame[name])]
    if text:
        raise ArtifactError(Problem(f"{file}: {text[0]}", "holds a cell that is no number"))
    return frame


def outside_lines(numbers: tuple[OutsideNumber, ...]) -> Iterator[str]:
    """Yield a verdict for each number, and how many agree."""
    for number in numbers:
        place = " · ".join((number.outcome, number.estimator, number.term, number.measure))
        verdict = "agrees" if number.agrees else "differs"
        yield f"{verdict}: {place}: {number.own!r} here, {number.other!r} there"
    agreeing = sum(number.agrees for number in numbers)
    yield f"{agreeing} of {len(numbers)} numbers agree"
