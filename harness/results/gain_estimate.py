"""One gain of a run as a number with its interval."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import ArtifactError, Problem, near_names

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class GainEstimate:
    """A gain with its interval; ``float`` of it is the gain.

    Attributes
    ----------
    gain : 1 - MSE / MSE of the reference, a fraction
    conf_low, conf_high : limits of its interval; NaN where there is none
    p_value : of equal errors; NaN where there is none
    """

    gain: float
    conf_low: float
    conf_high: float
    p_value: float

    def __float__(self) -> float:
        return self.gain

    def __repr__(self) -> str:
        return f"Gain({self.gain:.4g} [{self.conf_low:.4g}, {self.conf_high:.4g}])"


def find_gain(gains: pd.DataFrame, asked: Mapping[str, str], *, origin: str) -> GainEstimate:
    """Return the gain of the row with the values that are asked for, by column.

    Parameters
    ----------
    gains : the table ``gain``
    asked : values of columns, which name one row
    origin : of the table, for messages

    Raises
    ------
    ArtifactError
        Where there is no such gain, with the reason where it is a cell that failed.
    """
    rows = gains
    for column, value in asked.items():
        known = sorted(rows[column].astype(str).unique())
        rows = rows[rows[column] == value]
        if rows.empty:
            raise not_there(f"the run has no gain with {column} '{value}'", value, known, origin=origin)
    row = rows.iloc[0]
    if row["status"] != "ok":
        raise ArtifactError(Problem(origin, f"this gain is {row['status']}: {row['reason']}"))
    return GainEstimate(*(float(row[name]) for name in ("gain", "conf_low", "conf_high", "p_value")))


def not_there(what: str, asked: str, known: Collection[str], *, origin: str) -> ArtifactError:
    """Return that a run has nothing of a name, with the names that it has."""
    hint = near_names(asked, known) or "name one of these"
    return ArtifactError(Problem(origin, what, ", ".join(known), hint))
