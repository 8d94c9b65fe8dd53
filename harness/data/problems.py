"""Problems gathered on the way, so that a user corrects a file once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import DataError, Problem


class ProblemCollector:
    """The problems found so far; each is kept once."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}

    def add(self, *problems: Problem) -> None:
        """Keep these problems."""
        self._problems |= dict.fromkeys(problems)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep the problems of a DataError raised within, and go on after the block."""
        try:
            yield
        except DataError as error:
            self.add(*error.problems)

    def raise_if_any(self) -> None:
        """Raise one DataError with all problems, where there are any."""
        if self._problems:
            raise self.error()

    def error(self) -> DataError:
        """Return one DataError with all problems, of which there is at least one."""
        return DataError(*self._problems)
