"""Levels that have effects: of a key, of a column, or of a combination of keys and columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness import EstimationError, Ints, Key, Panel, Problem

KEYS = ("entity", "time")
"""Words for the keys of the panel, wherever a column can be named."""

_COUNTED = 8
"""Values up to so many times the number of rows are counted, which is faster than sorting them."""


@dataclass(frozen=True, eq=False)
class EffectSet:
    """The levels that the rows of a panel have, and the level of every row.

    Attributes
    ----------
    parts : ``entity``, ``time`` or columns of `Panel.groups`; several stand for their combination
    labels : (n_levels,), the labels of a level's parts
    codes : (n_obs,), positions in `labels`; every level has a row
    """

    parts: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    codes: Ints

    @property
    def name(self) -> str:
        """The parts, as ``region^year``."""
        return "^".join(self.parts)

    @property
    def n_levels(self) -> int:
        """Number of levels."""
        return len(self.labels)

    def codes_of(self, panel: Panel) -> Ints:
        """Return the level of each row of another panel, (n_obs,); -1 where it is not among these."""
        other = read_effect_set(panel, self.parts)
        if other.labels == self.labels:
            return other.codes
        position = {label: at for at, label in enumerate(self.labels)}
        lookup = np.array([position.get(label, -1) for label in other.labels], dtype=np.int64)
        return np.asarray(lookup[other.codes])


def read_effect_set(panel: Panel, parts: Sequence[str]) -> EffectSet:
    """Return the levels of a panel's rows.

    Raises
    ------
    EstimationError
        Where the panel carries no such column.
    """
    keys = [_key(panel, part) for part in parts]
    levels, codes = compact(keys[0].codes)
    labels = [(keys[0].labels[level],) for level in levels.tolist()]
    for key in keys[1:]:
        pairs, codes = compact(codes * len(key.labels) + key.codes)
        before, last = np.divmod(pairs, len(key.labels))
        labels = [(*labels[a], key.labels[b]) for a, b in zip(before.tolist(), last.tolist(), strict=True)]
    return EffectSet(tuple(parts), tuple(labels), codes)


def compact(values: Ints) -> tuple[Ints, Ints]:
    """Return the distinct values, sorted, and each row's position among them, of (n_obs,) values >= 0."""
    if int(values.max()) > _COUNTED * values.size:
        levels, codes = np.unique(values, return_inverse=True)
        return levels, codes
    is_present = np.bincount(values) > 0
    position = np.cumsum(is_present) - 1
    return np.flatnonzero(is_present), position[values]


def _key(panel: Panel, part: str) -> Key:
    if part in KEYS:
        return panel.entity if part == "entity" else panel.time
    carried = {group.name: group for group in panel.groups}
    if part not in carried:
        raise EstimationError(
            Problem(
                where="feols",
                what=f"the panel carries no column {part!r} to group rows by",
                expected=", ".join((*KEYS, *carried)),
                hint="hand the column over in the panel's groups",
            )
        )
    return carried[part]
