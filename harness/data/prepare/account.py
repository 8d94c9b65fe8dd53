"""What a preparation step did, for the report."""

from __future__ import annotations

from dataclasses import dataclass

from harness.arrays import Mask
from harness.data.note import Note


@dataclass(frozen=True, eq=False)
class Account:
    """What a step computed, learned or filled in.

    Attributes
    ----------
    detail : in a few words
    notes : what the reader of the report should be warned of
    filled : (n_obs,), cells that were missing and that the step filled in; None for a step that fills none
    """

    detail: str
    notes: tuple[Note, ...] = ()
    filled: Mask | None = None


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
