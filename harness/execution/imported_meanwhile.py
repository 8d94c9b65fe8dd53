"""Modules that are imported while workers work, for what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Thread


@contextmanager
def imported_meanwhile(modules: Sequence[str]) -> Iterator[None]:
    """Import modules in a thread beside what is done in the block, which ends with their import."""
    thread = Thread(target=_import_all, args=(modules,), name="imports")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _import_all(modules: Sequence[str]) -> None:
    # One that cannot be imported is told of by whoever needs it.
    with suppress(ImportError):
        for module in modules:
            import_module(module)
