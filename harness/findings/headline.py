"""The published gains that head a study, and what this run gives for them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.findings.run import Run
from harness.tables.claims import CLAIMS, ClaimRow
from harness.tables.gain import GAIN
from harness.tables.table import NAN


@dataclass(frozen=True)
class HeadlineRow:
    """A published gain next to those of this run, fractions; NaN for one that the run does not have.

    Attributes
    ----------
    claim : the published gain
    here : the same estimator under the same protocol
    further : the first further reference, such as fixed effects, under that protocol
    new : the same estimator for entities not used in training
    """

    claim: ClaimRow
    here: float
    further: float
    new: float


def headline_claims(rows: Sequence[ClaimRow]) -> tuple[ClaimRow, ...]:
    """Return the published gains that the spec marks as its headline; else the first of each outcome."""
    gains = [row for row in rows if row.quantity == "gain"]
    first = {row.outcome: row for row in reversed(gains)}
    return tuple(row for row in gains if row.headline) or tuple(reversed(first.values()))


def headline(run: Run) -> Iterator[HeadlineRow]:
    """Yield each published gain that heads the study, with the gains of this run."""
    study = run.manifest.study
    gains = {
        (row.outcome, row.protocol, row.sample, row.estimator): row.gain
        for row in run.rows(GAIN)
        if row.reference == study.reference and row.is_done
    }
    known = {entry.id for entry in study.estimators}
    for row in (row for row in headline_claims(run.rows(CLAIMS)) if row.estimator in known):
        others = [name for name in study.further_references[:1] if name != row.estimator]
        further = [gains.get((row.outcome, row.protocol, row.sample, name), NAN) for name in others]
        yield HeadlineRow(row, row.this_run, next(iter(further), NAN), row.counterpart)


def has(values: Sequence[float]) -> bool:
    """Return whether any of several numbers is there."""
    return any(map(math.isfinite, values))
