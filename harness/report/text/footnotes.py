"""Footnotes of a table: a letter for each distinct reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from string import ascii_lowercase


@dataclass
class Footnotes:
    """Collects reasons while a table is made, in the order in which they first appear."""

    _marks: dict[str, str] = field(default_factory=dict)

    def mark(self, reason: str) -> str:
        """Return the mark of a reason, a new one where it is new; an empty string for no reason."""
        if not reason:
            return ""
        return self._marks.setdefault(reason, _letter(len(self._marks)))

    def listed(self) -> tuple[tuple[str, str], ...]:
        """Return every mark with its reason."""
        return tuple((mark, reason) for reason, mark in self._marks.items())


def _letter(place: int) -> str:
    """Return a, b, ..., z, aa, ab, ... for places from 0."""
    rest, last = divmod(place, len(ascii_lowercase))
    return (_letter(rest - 1) if rest else "") + ascii_lowercase[last]
