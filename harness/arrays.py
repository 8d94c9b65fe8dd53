"""Array types, read-only and shared arrays, and categories with a code for every row."""

from __future__ import annotations

import os
import platform
import shutil
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
NumberT = TypeVar("NumberT", np.float64, np.int64)


def frozen_floats(values: npt.ArrayLike) -> Floats:
    """Return `values` as a C-ordered read-only float64 array; a read-only one comes back as it is.

    A copy lies in bytes, so that nobody can make it writable again.
    """
    array = np.ascontiguousarray(values, dtype=np.float64)
    return np.ndarray(array.shape, array.dtype, array.tobytes()) if array.flags.writeable else array


def frozen_ints(values: npt.ArrayLike) -> Ints:
    """Return `values` as a C-ordered read-only int64 array, as `frozen_floats` does."""
    array = np.ascontiguousarray(values, dtype=np.int64)
    return np.ndarray(array.shape, array.dtype, array.tobytes()) if array.flags.writeable else array


def locked(values: npt.NDArray[NumberT]) -> npt.NDArray[NumberT]:
    """Return an array that nobody else holds as a read-only one, without the copy of `frozen_floats`."""
    return np.asarray(values.data.toreadonly())


# Values up to so many times the number of rows are counted, which is faster than sorting them.
_DENSE = 8


def numbered(values: Ints) -> tuple[Ints, Ints]:
    """Return the sorted distinct values and each row's index among them, of (n_obs,) values >= 0.

    Values without gaps are returned unchanged.
    """
    if int(values.max()) > _DENSE * values.size:
        levels, codes = np.unique(values, return_inverse=True)
        return levels, codes
    counts = np.bincount(values)
    levels = np.flatnonzero(counts)
    if levels.size == counts.size:
        return levels, values
    position = np.zeros(counts.size, dtype=np.int64)
    position[levels] = np.arange(levels.size)
    return levels, position[values]


AnyArray = npt.NDArray[Any]

# Arrays from this size on are shared; smaller ones travel faster than a file is opened.
LEAST_BYTES = 2**18


# Variable in the environment of a worker of a cluster: the folder of arrays that were sent to it.
ARRAYS = "HARNESS_ARRAYS"


@dataclass(frozen=True)
class MappedArray:
    """An array in a file.

    Attributes
    ----------
    path : where it was written; its last two parts are its name, below the folder of arrays of any machine
    """

    path: str

    @property
    def file(self) -> Path:
        """Where it is for this process."""
        path = Path(self.path)
        return path if path.exists() else Path(os.environ.get(ARRAYS) or gettempdir(), *path.parts[-2:])


# Sends an array, with the name of its file, to all that may read it.
Send = Callable[[str, AnyArray], None]


class _Share:
    """Files of arrays that were written, each known by the array itself."""

    def __init__(self, folder: Path, send: Send | None) -> None:
        self._folder, self._send = folder, send
        self._numbers = count()
        self._known: dict[int, tuple[weakref.ref[AnyArray], MappedArray]] = {}

    def mapped(self, array: AnyArray) -> MappedArray:
        """Return where an array is, which is written if it was not."""
        known = self._known.get(id(array))
        if known is not None and known[0]() is array:
            return known[1]
        path = self._folder / f"{next(self._numbers)}.npy"
        np.save(path, array, allow_pickle=False)
        found = MappedArray(str(path) if self._send is None else f"{self._folder.name}/{path.name}")
        if self._send is not None:
            self._send(found.path, array)
        self._known[id(array)] = (weakref.ref(array), found)
        return found


_shares: list[_Share] = []


# How names of folders of shared arrays begin, on this machine; the number of their process follows.
PREFIX = f"harness-arrays-{platform.node()}-"


def remove_left_over() -> None:
    """Remove what processes of this user that were killed left in the folder of temporary files."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        number = folder.name.removeprefix(PREFIX).partition("-")[0]
        if number.isdecimal() and not Path("/proc", number).exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def sharing(send: Send | None = None) -> Iterator[None]:
    """Share the large arrays of panels that are pickled meanwhile with processes of this machine.

    Parameters
    ----------
    send : sends each array once to processes of other machines
    """
    remove_left_over()
    with TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        share = _Share(Path(folder), send)
        _shares.append(share)
        try:
            yield
        finally:
            _shares.remove(share)


def as_sent(array: AnyArray) -> AnyArray | MappedArray:
    """Return what an array is pickled as: itself, or where it is."""
    if array.nbytes < LEAST_BYTES:
        return array
    try:
        return _whole_file(array) or (_shares[-1].mapped(array) if _shares else array)
    except OSError:  # no space is left for a file: it travels whole
        return array


def _whole_file(array: AnyArray) -> MappedArray | None:
    """Return the file that an array is a map of, as one that was received is; None for any other array."""
    base: Any = array
    while base is not None and not isinstance(base, np.memmap):
        base = getattr(base, "base", None)
    if base is None or base.__array_interface__ != array.__array_interface__:
        return None
    return MappedArray(str(base.filename))


def as_received(sent: Any) -> Any:  # noqa: ANN401 - a field of any type
    """Return what was sent: the array of a `MappedArray`, read-only, and anything else as it is.

    Its pages are in memory once for all processes that look at them.
    """
    if isinstance(sent, MappedArray):
        return np.asarray(np.load(sent.file, mmap_mode="r", allow_pickle=False))
    return sent


@dataclass(frozen=True, eq=False)
class SentByFields:
    """A dataclass of frozen arrays that is pickled by its fields, the large arrays as `sharing` has them.

    Arrays come out of a pickle writable; going through the dataclass's own constructor locks them again.
    """

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        values = (getattr(self, field.name) for field in fields(self))
        return type(self), tuple(
            as_sent(value) if isinstance(value, np.ndarray) else value for value in values
        )


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


def skewness(values: Floats) -> float:
    """Return the third central moment of (n,) values over their deviation cubed; 0 without spread."""
    centred = values - values.mean()
    spread = float((centred**2).mean())
    return float((centred**3).mean()) / spread**1.5 if spread > 0.0 else 0.0
