"""The gain under every combination of choices, in order of the gain."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats, Ints, Mask, frozen_floats, frozen_ints
from harness.findings.run import Run
from harness.tables.gain import MULTIVERSE_CHOICES, ChoiceRow

if TYPE_CHECKING:
    import pandas as pd

NO_CHOICE = frozenset({"outcome", "estimator", "universe", "gain", "conf_low", "conf_high"})
"""Columns of the table ``multiverse`` that are no choices."""


@dataclass(frozen=True, eq=False)
class Choice:
    """One choice: its levels, and which of them each combination has, (n,) positions among `levels`."""

    name: str
    levels: tuple[str, ...]
    taken: Ints


@dataclass(frozen=True)
class Tally:
    """How the gains of some combinations lie: counts, and fractions."""

    n: int
    n_positive: int
    n_above: int
    n_below: int
    lowest: float
    median: float
    highest: float


@dataclass(frozen=True, eq=False)
class Multiverse:
    """All combinations for one outcome.

    Attributes
    ----------
    estimator : id of the estimator whose gain is taken
    gain, low, high : (n,), fractions, in increasing order of the gain
    choices : those with more than one level, as the table orders them
    """

    outcome: str
    estimator: str
    gain: Floats
    low: Floats
    high: Floats
    choices: tuple[Choice, ...]

    def tally(self) -> Tally:
        """Count how many combinations, at least one, have a gain and an interval above zero."""
        return Tally(
            n=self.gain.size,
            n_positive=int((self.gain > 0).sum()),
            n_above=int((self.low > 0).sum()),
            n_below=int((self.high < 0).sum()),
            lowest=float(self.gain[0]),
            median=float(np.median(self.gain)),
            highest=float(self.gain[-1]),
        )

    def n_below(self, gain: float) -> int:
        """Count the combinations whose gain is smaller."""
        return int((self.gain < gain).sum())

    def with_levels(self, name: str, levels: Collection[str]) -> Multiverse:
        """Return the combinations with any of some levels of a choice; all where it is no choice here."""
        for choice in self.choices:
            if choice.name == name:
                return self._at(np.isin(choice.taken, [choice.levels.index(level) for level in levels]))
        return self

    def _at(self, kept: Mask) -> Multiverse:
        return replace(
            self,
            gain=self.gain[kept],
            low=self.low[kept],
            high=self.high[kept],
            choices=tuple(replace(choice, taken=choice.taken[kept]) for choice in self.choices),
        )


def multiverses(run: Run) -> tuple[Multiverse, ...]:
    """Return the multiverse of every outcome in the table ``multiverse``."""
    return multiverses_from(run.frame("multiverse"))


def choices_of(run: Run, outcome: str) -> tuple[ChoiceRow, ...]:
    """Return what the levels of each choice do to the gain in one outcome."""
    return tuple(row for row in run.rows(MULTIVERSE_CHOICES) if row.outcome == outcome)


def multiverses_from(frame: pd.DataFrame) -> tuple[Multiverse, ...]:
    """Return the multiverse of every outcome in the table ``multiverse``."""
    if frame.empty:
        return ()
    return tuple(
        _multiverse(str(outcome), own.sort_values("gain", kind="stable"))
        for outcome, own in frame.groupby("outcome", sort=False)
    )


def _multiverse(outcome: str, rows: pd.DataFrame) -> Multiverse:
    names = [name for name in rows.columns if name not in NO_CHOICE]
    gain, low, high = (frozen_floats(rows[name].to_numpy()) for name in ("gain", "conf_low", "conf_high"))
    choices = (_choice(str(name), rows.sort_index()[name], rows[name]) for name in names)
    return Multiverse(
        outcome=outcome,
        estimator=str(rows["estimator"].iloc[0]),
        gain=gain,
        low=low,
        high=high,
        choices=tuple(choice for choice in choices if len(choice.levels) > 1),
    )


def _choice(name: str, listed: Iterable[object], taken: Iterable[object]) -> Choice:
    """Return a choice whose levels stand as they first appear in `listed`."""
    levels = tuple(dict.fromkeys(_text(level) for level in listed))
    places = {level: place for place, level in enumerate(levels)}
    return Choice(name, levels, frozen_ints([places[_text(level)] for level in taken]))


def _text(level: object) -> str:
    """Return a level as the spec has it; a column of numbers may have turned 4 into 4.0."""
    return f"{level:g}" if isinstance(level, float) else str(level)
