"""One of the two keys of a panel: which entity, or which period, a row belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from harness.arrays import Ints, frozen_ints
from harness.data.shared_arrays import as_received, as_sent


@dataclass(frozen=True, eq=False)
class Key:
    """The levels of a key and the level of every row.

    Attributes
    ----------
    name : column the key was read from
    labels : (n_labels,), distinct, in canonical order; levels without a row are allowed, so that the
        train and test rows of one panel share their labels
    codes : (n_obs,), positions in `labels`
    """

    name: str
    labels: tuple[str, ...]
    codes: Ints

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", frozen_ints(self.codes))

    def __reduce__(self) -> tuple[Callable[..., Key], tuple[Any, ...]]:
        return _key_from, (self.name, self.labels, as_sent(self.codes))

    @property
    def n_present(self) -> int:
        """Number of levels that have at least one row."""
        return int(np.count_nonzero(np.bincount(self.codes)))

    def take(self, rows: Ints) -> Key:
        """Return the key of these rows, with the same labels."""
        return Key(self.name, self.labels, self.codes[rows])

    def without_absent(self) -> Key:
        """Return the key with the labels of its rows only, in their order."""
        present, codes = np.unique(self.codes, return_inverse=True)
        return Key(self.name, tuple(self.labels[code] for code in present.tolist()), codes)

    def joined(self, other: Key) -> Key:
        """Return the key of these rows, then those of another key, whose levels match by label.

        Labels that only `other` has come last, in their order there.
        """
        known = set(self.labels)
        labels = self.labels + tuple(label for label in other.labels if label not in known)
        return Key(self.name, labels, np.concatenate([self.codes, other.codes_among(labels)]))

    def codes_among(self, labels: Sequence[str]) -> Ints:
        """Return each row's position in `labels`, (n_obs,); -1 where its level is not among them."""
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


def _key_from(name: str, labels: tuple[str, ...], codes: Any) -> Key:  # noqa: ANN401 - as it was sent
    return Key(name, labels, as_received(codes))
