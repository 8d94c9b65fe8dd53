"""Places in a spec, and the mistakes found there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import Problem, SpecError

Loc = tuple[str | int, ...]
"""Keys and list positions that lead from the top of a spec to one of its values."""


@dataclass(frozen=True)
class Spot:
    """Where something was written.

    Attributes
    ----------
    source : path of the file, or the override as it was given
    line, column : from 1; both 0 for an override
    """

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

    @property
    def order(self) -> tuple[bool, int, int]:
        """Sorts the file by line, and overrides behind it."""
        return self.line == 0, self.line, self.column


@dataclass(frozen=True)
class Place:
    """A value of a spec: where it was written and how one gets there from the top."""

    spot: Spot
    path: Loc = ()

    def __str__(self) -> str:
        return f"{self.spot}: {spell(self.path)}" if self.path else str(self.spot)


@dataclass(frozen=True)
class Mistake:
    """One mistake at one place; the words are those of `harness.errors.Problem`."""

    place: Place
    what: str
    expected: str = ""
    hint: str = ""


def spell(path: Loc) -> str:
    """Return a path as a user writes it, such as ``estimators[1].use``."""
    spelled = "".join(f"[{segment}]" if isinstance(segment, int) else f".{segment}" for segment in path)
    return spelled.removeprefix(".")


def spec_error(mistakes: Iterable[Mistake]) -> SpecError:
    """Return all these mistakes as one error, each once, in the order of the file."""
    ordered = sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.place.spot.order)
    return SpecError(
        *(Problem(str(mistake.place), mistake.what, mistake.expected, mistake.hint) for mistake in ordered)
    )
