"""What is left of the gains, in sentences composed from the decomposition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.report.sections.origin.rows import NEVER_SEEN, GainLeft, PartRow
from harness.report.text.numbers import percent, percent_interval, significant
from harness.report.text.plain_text import joined
from harness.store.study_record import EstimatorRecord, StudyRecord


def origin(
    study: StudyRecord, found: Sequence[GainLeft], shown: Sequence[EstimatorRecord]
) -> tuple[str, ...]:
    """Return what is left of the gains of one outcome; nothing where there is none.

    Parameters
    ----------
    shown : estimators that have a sentence of their own
    """
    if not found:
        return ()
    ids = [entry.id for entry in shown]
    own = (_sentence(study, left) for left in found if left.estimator in ids)
    return (*own, *_never_seen(study, found))


def _sentence(study: StudyRecord, left: GainLeft) -> str:
    gains = joined([f"{_gain(part)} for {part.part}" for part in left.parts])
    errors = [significant(part.mse_reference, 3) for part in left.parts]
    return (
        f"{study.estimator_label(left.estimator)} gains over {study.reference_label} {gains}, of mean "
        f"squared errors of the reference of {joined(errors)}."
    )


def _gain(row: PartRow) -> str:
    """Return "25.6% [21.3, 29.8]"."""
    return f"{percent(row.estimate)} {percent_interval(row.conf_low, row.conf_high)}".strip()


def _never_seen(study: StudyRecord, found: Sequence[GainLeft]) -> Iterator[str]:
    """Yield for which estimators anything is left for entities never seen."""
    rows = [row for left in found if (row := left.part(NEVER_SEEN)) is not None]
    if not rows:
        return
    above = [row for row in rows if row.conf_low > 0]
    below = [row for row in rows if row.conf_high < 0]
    if above:
        yield f"For entities never seen the interval lies above zero for {_labels(study, above)}."
    else:
        yield "For entities never seen no estimator has an interval above zero."
    if below:
        yield f"It lies below zero for {_labels(study, below)}: they predict new entities worse."


def _labels(study: StudyRecord, rows: Sequence[PartRow]) -> str:
    return joined([study.estimator_label(row.estimator) for row in rows])
