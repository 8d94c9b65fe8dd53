"""Compare a run's coefficients with those that another program wrote, number by number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from harness.audit.table_difference import Tolerance
from harness.errors import ArtifactError
from harness.running.folder import RunFolder
from harness.tables.coefficients import COEFFICIENTS

KEYS = ("outcome", "estimator", "term")
# Columns of the file: what a number is about, and the numbers.
MEASURES = ("estimate", "std_error")


def compare_outside(folder: RunFolder, file: Path, *, tolerance: Tolerance) -> pd.DataFrame:
    """Return every number of the file next to that of the run, in the order of the file.

    Standard errors may be left empty; then they are not compared.

    Returns
    -------
    Columns `KEYS`; ``measure``, one of `MEASURES`; ``own``, the number of the run, NaN where it has none;
    ``other``, that of the file, NaN where its cell is empty; ``excess``, their distance over what is allowed;
    and ``agrees``, whether that is at most 1.

    Raises
    ------
    ArtifactError
        Where the file cannot be read, lacks a column, or has no row.
    """
    columns = [*KEYS, *MEASURES]
    here = folder.read_table(COEFFICIENTS.name)[columns].astype(dict.fromkeys(KEYS, str))
    both = _read(file)[columns].merge(here, on=[*KEYS], how="left", suffixes=("", " here"))
    parts = [
        both[[*KEYS]].assign(
            measure=name, own=both[f"{name} here"].astype(float), other=both[name].astype(float)
        )
        for name in MEASURES
    ]
    numbers = pd.concat(parts).sort_index(kind="stable")
    numbers = numbers[(numbers["measure"] == MEASURES[0]) | numbers["other"].notna()]
    own, other = numbers["own"].to_numpy(), numbers["other"].to_numpy()
    excess = np.where(np.isnan(own) | np.isnan(other), np.inf, tolerance.excess(own, other))
    return numbers.assign(excess=excess, agrees=excess <= 1.0)


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
        raise ArtifactError.at(str(file), f"is no table that can be read: {error}") from error
    lacking = [name for name in (*KEYS, *MEASURES) if name not in frame]
    if lacking or frame.empty:
        what = f"lacks the columns {', '.join(lacking)}" if lacking else "has no row"
        hint = "the script that `harness export` wrote writes such a file"
        raise ArtifactError.at(str(file), what, hint=hint)
    text = [name for name in MEASURES if not pd.api.types.is_numeric_dtype(frame[name])]
    if text:
        raise ArtifactError.at(f"{file}: {text[0]}", "holds a cell that is no number")
    return frame


def outside_lines(numbers: pd.DataFrame) -> Iterator[str]:
    """Yield a verdict for each number, and how many agree."""
    for row in numbers.to_dict("records"):
        place = " · ".join(row[name] for name in (*KEYS, "measure"))
        verdict = "agrees" if row["agrees"] else "differs"
        yield f"{verdict}: {place}: {row['own']!r} here, {row['other']!r} there"
    yield f"{numbers['agrees'].sum()} of {len(numbers)} numbers agree"
