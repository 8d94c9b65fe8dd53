"""What fits tell of themselves: tests of what they assume, statistics, and how they chose their options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.findings.run import Run

if TYPE_CHECKING:
    import pandas as pd

SEARCH_KEYS = ("outcome", "estimator", "selection_nmse", "chosen")
"""Columns of the table ``details/search`` that are no options."""


@dataclass(frozen=True)
class ChosenCandidate:
    """What one fit chose among candidates.

    Attributes
    ----------
    options : of the candidate that was chosen, in the order of the table
    n_candidates : that were compared
    selection_nmse : error of the chosen one over the outcome's variance, on the rows to select on
    """

    outcome: str
    estimator: str
    options: tuple[tuple[str, object], ...]
    n_candidates: int
    selection_nmse: float


def selections(run: Run) -> tuple[ChosenCandidate, ...]:
    """Return what every fit chose, from the table ``details/search``."""
    frame = run.frame("details/search")
    return () if frame.empty else tuple(_selections(frame))


def _selections(frame: pd.DataFrame) -> Iterator[ChosenCandidate]:
    names = [str(name) for name in frame.columns if name not in SEARCH_KEYS]
    for (outcome, estimator), own in frame.groupby(["outcome", "estimator"], sort=False):
        for chosen in own[own["chosen"].astype(str) == "True"].head(1).to_dict("records"):
            yield ChosenCandidate(
                outcome=str(outcome),
                estimator=str(estimator),
                options=tuple((name, chosen[name]) for name in names if own[name].notna().all()),
                n_candidates=len(own),
                selection_nmse=float(chosen["selection_nmse"]),
            )
