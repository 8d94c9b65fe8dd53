"""Arrays that processes of a machine have in common: each is written once, and mapped by all that read it."""

from __future__ import annotations

import os
import platform
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, Self

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]

# Arrays from this size on are shared; smaller ones travel faster than a file is opened.
LEAST_BYTES = 2**18


@dataclass(frozen=True)
class MappedArray:
    """An array in a file."""

    path: str


class _Share:
    """Files of arrays that were written, each known by the array itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._known: dict[int, tuple[weakref.ref[AnyArray], MappedArray]] = {}

    def mapped(self, array: AnyArray) -> MappedArray:
        """Return where an array is, which is written if it was not."""
        known = self._known.get(id(array))
        if known is not None and known[0]() is array:
            return known[1]
        path = self._folder / f"{next(self._numbers)}.npy"
        np.save(path, array, allow_pickle=False)
        found = MappedArray(str(path))
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
def sharing() -> Iterator[None]:
    """Share the large arrays of panels that are pickled meanwhile with processes of this machine."""
    remove_left_over()
    with TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        share = _Share(Path(folder))
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
        return np.asarray(np.load(sent.path, mmap_mode="r", allow_pickle=False))
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
