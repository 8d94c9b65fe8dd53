"""Numeric libraries held to one thread."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Hold the numeric libraries that are loaded to one thread, so that no number depends on cores.

    Products of a few thousand rows are no faster on more, and threads that wait for each other on cores that
    others use take many times as long.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
