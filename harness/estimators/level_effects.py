"""Effects of levels: what a fit adds to the rows of an entity, of a period or of any other group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.key import Key
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem


@dataclass(frozen=True)
class GroupColumn:
    """A column of `Panel.groups`.

    Attributes
    ----------
    name : such as ``industry``; it may be the name of a key, which it is not mistaken for
    """

    name: str

    def __str__(self) -> str:
        return self.name


EffectKey = Literal["entity", "time"] | GroupColumn
"""Whose levels have effects: a key of the panel, or a column that rows are grouped by."""


def key_of(panel: Panel, effect: EffectKey) -> Key:
    """Return the level of every row.

    Raises
    ------
    EstimationError
        Where the panel carries no such column.
    """
    if effect == "entity":
        return panel.entity
    if effect == "time":
        return panel.time
    carried = {group.name: group for group in panel.groups}
    if str(effect) not in carried:
        raise EstimationError(
            Problem(
                where="absorb",
                what=f"the panel carries no column {str(effect)!r} to group rows by",
                expected=f"one of {', '.join(carried)}" if carried else "",
                hint="hand the column over in the panel's groups",
            )
        )
    return carried[str(effect)]


def joint_codes(first: Key, second: Key) -> Ints:
    """Return the level of each row of one panel, then of another, (n_first + n_second,).

    Levels match by label: those of `first` keep their codes, those that only `second` has follow.
    """
    known = set(first.labels)
    labels = first.labels + tuple(label for label in second.labels if label not in known)
    return np.concatenate([first.codes, second.codes_among(labels)])


@dataclass(frozen=True, eq=False)
class LevelEffects:
    """Effects of the levels of one key or column, as deviations from what a level without a row gets.

    Attributes
    ----------
    effect : the key or column
    labels : (n_levels,), levels that have an effect in some draw
    deviations : (n_draws, n_levels), in units of the prediction they are added to; zero for a level that a
        draw left out
    """

    effect: EffectKey
    labels: tuple[str, ...]
    deviations: Floats

    def of_rows(self, panel: Panel) -> Floats:
        """Return each row's deviation, (n_draws, n_obs); zero for a level without an effect."""
        codes = self._codes(panel)
        return np.where(codes >= 0, self.deviations[:, codes], 0.0)

    def mean(self, panel: Panel) -> Floats:
        """Return the mean deviation over the rows, (n_draws,)."""
        codes = self._codes(panel)
        counts = np.bincount(codes[codes >= 0], minlength=len(self.labels))
        means: Floats = self.deviations @ counts / panel.n_obs
        return means

    def unseen(self, panel: Panel) -> Ints:
        """Return the rows, in their order, whose level has no effect."""
        return np.flatnonzero(self._codes(panel) < 0)

    def _codes(self, panel: Panel) -> Ints:
        return key_of(panel, self.effect).codes_among(self.labels)


def count_unseen(effects: Iterable[LevelEffects], panel: Panel) -> int:
    """Return the number of rows of which some key's or column's level has no effect."""
    rows = [effect.unseen(panel) for effect in effects]
    return int(np.unique(np.concatenate(rows)).size) if rows else 0
