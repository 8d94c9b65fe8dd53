"""Effects of levels: what a fit adds to the rows of an entity, of a period or of any other group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.arrays import Floats, Ints, numbered
from harness.data.key import Grouping, Key
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.language import Message, marked


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


# A key of the panel, or a column that rows are grouped by.
SingleKey = Literal["entity", "time"] | GroupColumn


@dataclass(frozen=True)
class Combination:
    """Keys and columns whose combinations are levels, such as a region's years.

    Attributes
    ----------
    parts : at least two
    """

    parts: tuple[SingleKey, ...]

    def __str__(self) -> str:
        return "^".join(str(part) for part in self.parts)


# Whose levels have effects.
EffectKey = SingleKey | Combination


def effect_named(name: str) -> SingleKey:
    """Return a key by its name, ``entity`` or ``time``, and a column by any other."""
    if name == "entity":
        return "entity"
    return "time" if name == "time" else GroupColumn(name)


def key_of(panel: Panel, effect: EffectKey) -> Key:
    """Return the level of every row; a combination has the levels that rows have, as ``north^2001``.

    Raises
    ------
    EstimationError
        Where the panel carries no such column.
    """
    if effect == "entity":
        return panel.entity
    if effect == "time":
        return panel.time
    if isinstance(effect, Combination):
        return _combined([key_of(panel, part) for part in effect.parts], str(effect))
    carried = {group.name: group for group in panel.groups}
    if str(effect) not in carried:
        raise EstimationError.at(
            where="absorb",
            what=Message("the panel carries no column {effect} to group rows by", effect=repr(str(effect))),
            expected=f"one of {', '.join(carried)}" if carried else "",
            hint=marked("hand the column over in the panel's groups"),
        )
    return carried[str(effect)]


def _combined(keys: Sequence[Key], name: str) -> Key:
    """Return the combinations of levels that rows have."""
    labels, codes = _escaped(keys[0]), keys[0].codes
    for key in keys[1:]:
        pairs, codes = numbered(codes * len(key.labels) + key.codes)
        before, last = np.divmod(pairs, len(key.labels))
        ends = _escaped(key)
        labels = [
            f"{labels[start]}^{ends[end]}" for start, end in zip(before.tolist(), last.tolist(), strict=True)
        ]
    return Key(name, tuple(labels), codes)


def _escaped(key: Key) -> list[str]:
    """Return labels in which no caret is taken for the one between parts."""
    return [label.replace("\\", "\\\\").replace("^", "\\^") for label in key.labels]


@dataclass(frozen=True, eq=False)
class AbsorbedEffects:
    """Effects of the levels of one key or column, as deviations from what a level without a row gets.

    Attributes
    ----------
    effect : the key or column
    labels : (n_levels,), levels that have an effect in some draw
    deviations : (n_draws, n_levels), in units of the prediction they are added to; zero for a level that a
        draw knows nothing of
    """

    effect: EffectKey
    labels: tuple[str, ...]
    deviations: Floats

    @classmethod
    def stacked(cls, effects: Sequence[AbsorbedEffects]) -> AbsorbedEffects:
        """Return effects of the same levels, each of some draws, as effects of all draws."""
        first = effects[0]
        return cls(first.effect, first.labels, np.concatenate([part.deviations for part in effects]))

    def with_levels_of(self, panel: Panel) -> AbsorbedEffects:
        """Return the effects with zero for further levels, those of these rows."""
        key = key_of(panel, self.effect)
        new = np.unique(key.codes[self._codes(panel) < 0]).tolist()
        deviations = np.pad(self.deviations, ((0, 0), (0, len(new))))
        return AbsorbedEffects(self.effect, (*self.labels, *(key.labels[code] for code in new)), deviations)

    def of_rows(self, panel: Panel) -> Floats:
        """Return each row's deviation, (n_draws, n_obs); zero for a level without an effect."""
        codes = self._codes(panel)
        deviations, unknown = self.deviations[:, codes], np.flatnonzero(codes < 0)
        if unknown.size:
            deviations[:, unknown] = 0.0
        return deviations

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


def count_unseen(effects: Iterable[AbsorbedEffects], panel: Panel) -> int:
    """Return the number of rows of which some key's or column's level has no effect."""
    rows = [effect.unseen(panel) for effect in effects]
    return int(np.unique(np.concatenate(rows)).size) if rows else 0


@dataclass(frozen=True, eq=False)
class EffectSet(Grouping):
    """Levels that have effects, and the level of each row; every level has a row.

    Attributes
    ----------
    effect : whose levels they are
    labels : (n_levels,)
    """

    effect: EffectKey
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """The key or column, or the combination as ``region^year``."""
        return str(self.effect)

    def take(self, rows: Ints) -> EffectSet:
        """Return the set of some rows, (n_rows,) positions, without the levels that these have not."""
        return _present(self.effect, self.labels, self.codes[rows])


def read_effect_set(panel: Panel, effect: EffectKey) -> EffectSet:
    """Return the levels of a panel's rows.

    Raises
    ------
    EstimationError
        Where the panel carries no such column.
    """
    key = key_of(panel, effect)
    return _present(effect, key.labels, key.codes)


def _present(effect: EffectKey, labels: tuple[str, ...], codes: Ints) -> EffectSet:
    levels, positions = numbered(codes)
    return EffectSet(positions, levels, effect, tuple(labels[level] for level in levels.tolist()))
