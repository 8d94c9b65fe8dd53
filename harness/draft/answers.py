"""What a user says of a table before it is looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answers:
    """What a user says of a table; what is None is guessed where it can be.

    Attributes
    ----------
    entity, time : keys
    outcome : left-hand variable; cannot be guessed
    exposure : variable whose effect is asked; cannot be guessed
    """

    entity: str | None = None
    time: str | None = None
    outcome: str | None = None
    exposure: str | None = None
