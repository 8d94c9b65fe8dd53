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
class Levels:
    """Levels by name.

    Attributes
    ----------
    parts : ``entity``, ``time`` or columns of `Panel.groups`; several stand for their combination
    labels : (n_levels,), the labels of a level's parts
    """

    parts: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]

    @property
    def name(self) -> str:
        """The parts, as ``region^year``."""
        return "^".join(self.parts)

    def codes_of(self, panel: Panel) -> Ints:
        """Return the level of each row, (n_obs,); -1 where it is not among these."""
        found = read_effect_set(panel, self.parts)
        if found.levels.labels == self.labels:
            return found.codes
        position = {label: at for at, label in enumerate(self.labels)}
        lookup = np.array([position.get(label, -1) for label in found.levels.labels], dtype=np.int64)
        return np.asarray(lookup[found.codes])


@dataclass(frozen=True, eq=False)
class EffectSet:
    """The levels that the rows of a panel have, and the level of every row.

    Attributes
    ----------
    levels : each has a row
    codes : (n_obs,), positions among the levels
    """

    levels: Levels
    codes: Ints

    @property
    def name(self) -> str:
        """The parts, as ``region^year``."""
        return self.levels.name

    @property
    def n_levels(self) -> int:
        """Number of levels."""
        return len(self.levels.labels)

    def take(self, rows: Ints) -> EffectSet:
        """Return the set of some rows, (n_rows,) positions, without the levels that these have not."""
        present, codes = compact(self.codes[rows])
        labels = tuple(self.levels.labels[level] for level in present.tolist())
        return EffectSet(Levels(self.levels.parts, labels), codes)


def read_effect_set(panel: Panel, parts: Sequence[str]) -> EffectSet:
    """Return the levels of a panel's rows.

    Raises
    ------
    EstimationError
        Where the panel carries no such column.
    """
    keys = [_key(panel, part) for part in parts]
    present, codes = compact(keys[0].codes)
    labels = [(keys[0].labels[level],) for level in present.tolist()]
    for key in keys[1:]:
        pairs, codes = compact(codes * len(key.labels) + key.codes)
        before, last = np.divmod(pairs, len(key.labels))
        labels = [(*labels[a], key.labels[b]) for a, b in zip(before.tolist(), last.tolist(), strict=True)]
    return EffectSet(Levels(tuple(parts), tuple(labels)), codes)


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
