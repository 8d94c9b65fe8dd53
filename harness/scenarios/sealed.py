"""What one task hands to others through a process that has no use for it."""

from __future__ import annotations

import pickle
from typing import Any, Generic, TypeVar

import numpy as np

from harness.data.shared_arrays import as_received, as_sent

T = TypeVar("T")


class Sealed(Generic[T]):
    """A value that stays bytes in every process that it passes through, until it is opened.

    The process that hands out tasks need not import the libraries of an estimator, nor make its objects, to
    pass on what one worker found to the others.

    Parameters
    ----------
    value : anything that can be pickled; it is only where it is sent to another process
    """

    def __init__(self, value: T) -> None:
        self._value: T | None = value
        self._content: Any = None

    def open(self) -> T:
        """Return the value."""
        if self._value is None:
            self._value = pickle.loads(self._content)  # noqa: S301 - a worker of this run wrote it
            self._content = None
        return self._value

    def __getstate__(self) -> object:
        from joblib.externals.loky.backend.reduction import dumps

        if self._content is None:
            return as_sent(np.frombuffer(dumps(self._value), dtype=np.uint8))
        return as_sent(self._content)

    def __setstate__(self, sent: object) -> None:
        self._value, self._content = None, as_received(sent)
