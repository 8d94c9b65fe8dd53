"""What a preparation step did, for the report."""

from __future__ import annotations

from dataclasses import dataclass

from harness.data.note import Note


@dataclass(frozen=True)
class Account:
    """What a step computed, learned or filled in.

    Attributes
    ----------
    detail : in a few words
    notes : what the reader of the report should be warned of
    """

    detail: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class StepRecord:
    """One step as it ran.

    Attributes
    ----------
    step : name of the step
    into : column it computed
    inputs : columns it computed it from
    account : what it did
    """

    step: str
    into: str
    inputs: tuple[str, ...]
    account: Account


def number(value: float) -> str:
    """Return a number with four digits, for a sentence."""
    return f"{value:.4g}"
