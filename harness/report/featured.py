"""Which estimators the figures and tables of groups, surfaces and outcomes side by side show."""

from __future__ import annotations

from collections import Counter

from harness.findings.run import Run
from harness.record.study import EstimatorRecord
from harness.tables.claims import CLAIMS

COMPARED = frozenset({"mse", "gain"})
"""Quantities of claims about how well estimators predict, not about what they say of the effect."""


def featured(run: Run) -> tuple[EstimatorRecord, ...]:
    """Return the leading estimator, then the reference; the tables of the run folder hold the others too.

    What the spec asks for comes first. Otherwise the estimator that leads is the one that stands for the
    published curves, or, where nothing is claimed about curves, the last of the study.
    """
    study = run.manifest.study
    entries = {entry.id: entry for entry in study.estimators}
    asked = tuple(entries[name] for name in study.featured if name in entries)
    if asked:
        return asked
    claims = run.rows(CLAIMS)
    claimed = Counter(row.estimator for row in claims if row.quantity not in COMPARED)
    candidates = [entry for entry in study.estimators if entry.id != study.reference]
    places = range(len(candidates))
    leading = sorted(places, key=lambda place: (claimed[candidates[place].id], place))[-1:]
    return (
        *(candidates[place] for place in leading),
        *(entry for entry in study.estimators if entry.id == study.reference),
    )
