"""Which estimators the figures and tables of groups, surfaces and outcomes side by side show."""

from __future__ import annotations

from collections import Counter

from harness.report.reading.run import Run
from harness.store.study_record import EstimatorRecord

COMPARED = frozenset({"mse", "gain"})
"""Quantities of claims about how well estimators predict, not about what they say of the effect."""


def featured(run: Run) -> tuple[EstimatorRecord, ...]:
    """Return the leading estimator, then the reference; the tables of the run folder hold the others too.

    What the spec asks for comes first. Otherwise the estimator that leads is the one that stands for the
    published curves, or, where nothing is claimed about curves, the last of the study.
    """
    study = run.manifest.study
    asked = [one for name in study.featured for one in study.estimators if one.id == name]
    if asked:
        return tuple(asked)
    claimed = Counter(row.estimator for row in run.claims if row.quantity not in COMPARED)
    rivals = [one for one in study.estimators if one.id != study.reference]
    places = range(len(rivals))
    leading = sorted(places, key=lambda place: (claimed[rivals[place].id], place))[-1:]
    return (
        *(rivals[place] for place in leading),
        *(one for one in study.estimators if one.id == study.reference),
    )
