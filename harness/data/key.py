"""Keys of a panel and groups of its rows: categories with a code for every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from harness.arrays import Floats, Ints, frozen_ints, locked, numbered
from harness.data.shared_arrays import SentByFields, as_received


@dataclass(frozen=True, eq=False)
class Key(SentByFields):
    """A key: its categories, and the category of every row.

    Attributes
    ----------
    name : column the key was read from
    labels : (n_labels,), distinct, in canonical order; categories without rows are allowed, so that the
        training and test rows of a panel share labels
    codes : (n_obs,), indices into `labels`
    """

    name: str
    labels: tuple[str, ...]
    codes: Ints

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", frozen_ints(as_received(self.codes)))

    def __repr__(self) -> str:
        return f"Key({self.name!r}: {len(self.labels)} labels, {self.codes.size} rows)"

    @property
    def n_present(self) -> int:
        """Number of categories with at least one row."""
        return int(np.count_nonzero(np.bincount(self.codes)))

    def take(self, rows: Ints) -> Key:
        """Return the key of these rows, with the same labels."""
        return Key(self.name, self.labels, locked(self.codes[rows]))

    def without_absent(self) -> Key:
        """Return the key without categories that have no row."""
        present, codes = np.unique(self.codes, return_inverse=True)
        return Key(self.name, tuple(self.labels[code] for code in present.tolist()), codes)

    def joined(self, other: Key) -> Key:
        """Return the key of these rows followed by those of another key, matched by label.

        Labels found only in `other` come last, in their order.
        """
        known = set(self.labels)
        labels = self.labels + tuple(label for label in other.labels if label not in known)
        return Key(self.name, labels, np.concatenate([self.codes, other.codes_among(labels)]))

    def codes_among(self, labels: Sequence[str]) -> Ints:
        """Return each row's index into `labels`, (n_obs,); -1 if its category is not among them."""
        if tuple(labels) == self.labels:
            return self.codes
        return _places(self.labels, tuple(labels))[self.codes]


@lru_cache(maxsize=8)
def _places(labels: tuple[str, ...], among: tuple[str, ...]) -> Ints:
    """Return the position of each label among others, -1 where it is none of them; not to be written to.

    It is kept, since models with a level for each of many entities are asked for predictions many times.
    """
    position = {label: at for at, label in enumerate(among)}
    places = np.array([position.get(label, -1) for label in labels], dtype=np.int64)
    places.flags.writeable = False
    return places


@dataclass(frozen=True, eq=False)
class Grouping:
    """The group of every row; every group has at least one row.

    Attributes
    ----------
    codes : (n_obs,), in 0 .. n_levels - 1
    levels : (n_levels,), sorted; the original codes, such as indices into a key's labels
    """

    codes: Ints
    levels: Ints

    @classmethod
    def of(cls, values: Ints) -> Grouping:
        """Return the grouping of rows by equal values, (n_obs,), >= 0."""
        levels, codes = numbered(values)
        return Grouping(codes, levels)

    @property
    def n_levels(self) -> int:
        """Number of groups."""
        return int(self.levels.size)

    @cached_property
    def sizes(self) -> Floats:
        """Rows of each group, (n_levels,)."""
        return np.bincount(self.codes, minlength=self.n_levels).astype(np.float64)

    @cached_property
    def _order(self) -> Ints | None:
        """Rows sorted by level; None where they are so already, which spares a copy of every array summed."""
        is_sorted = bool(np.all(self.codes[1:] >= self.codes[:-1]))
        return None if is_sorted else np.argsort(self.codes, kind="stable")

    @cached_property
    def _starts(self) -> Ints:
        return np.concatenate([[0], np.cumsum(self.sizes[:-1])]).astype(np.int64)

    def sums(self, values: Floats) -> Floats:
        """Return group sums, (n_levels, ...), of values, (n_obs, ...)."""
        if values.size == values.shape[0]:
            flat = np.bincount(self.codes, weights=values.ravel(), minlength=self.n_levels)
            return flat.astype(np.float64, copy=False).reshape(self.n_levels, *values.shape[1:])
        ordered = values if self._order is None else values[self._order]
        return np.add.reduceat(ordered, self._starts, axis=0)

    def means(self, values: Floats) -> Floats:
        """Return group means, (n_levels, n_columns), of columns, (n_obs, n_columns)."""
        means: Floats = self.sums(values) / self.sizes[:, None]
        return means

    def is_within(self, outer: Grouping) -> bool:
        """Return whether each group lies within one group of another grouping of the same rows."""
        some = np.empty(self.n_levels, dtype=np.int64)
        some[self.codes] = outer.codes
        return bool(np.array_equal(some[self.codes], outer.codes))


def non_singleton_rows(groupings: Sequence[Grouping]) -> Ints:
    """Return the non-singleton rows: not alone in a category, also once singletons are left out.

    Correia 2015, "Singletons, cluster-robust standard errors and fixed effects: a bad mix".
    """
    kept = np.arange(groupings[0].codes.size)
    while True:
        is_alone = np.zeros(kept.size, dtype=np.bool_)
        for grouping in groupings:
            codes = grouping.codes[kept]
            is_alone |= np.bincount(codes, minlength=grouping.n_levels)[codes] == 1
        if not is_alone.any():
            return kept
        kept = kept[~is_alone]
