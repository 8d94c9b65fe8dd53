"""Where the gain comes from, in sentences composed from the decomposition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.report.sections.origin.rows import FORM, Decomposition, PartRow
from harness.report.text.numbers import fixed, percent, percent_interval
from harness.report.text.plain_text import joined
from harness.store.study_record import EstimatorRecord, StudyRecord

PHRASES = {
    "functional form": "are what is left for entities never seen (functional form)",
    "recognising entities and periods": "come from recognising entities and periods",
    "selection on the test rows": "from selecting models on the test rows",
    "optimism of in-sample fit": "from comparing on the rows that were trained on",
}
"""What is said of each part, after its number."""


def origin(
    study: StudyRecord, found: Sequence[Decomposition], shown: Sequence[EstimatorRecord]
) -> tuple[str, ...]:
    """Return where the gains of one outcome come from; nothing where nothing was taken apart.

    Parameters
    ----------
    shown : estimators that have a sentence of their own
    """
    if not found:
        return ()
    ids = [entry.id for entry in shown]
    return (*(_shares(study, whole) for whole in found if whole.estimator in ids), *_forms(study, found))


def _shares(study: StudyRecord, whole: Decomposition) -> str:
    parts = [f"{_points(part)} {PHRASES[part.part]}" for part in whole.parts]
    total = whole.total
    limits = percent_interval(total.conf_low, total.conf_high)
    return (
        f"{study.estimator_label(whole.estimator)} gains {percent(total.estimate)} {limits} over "
        f"{study.reference_label} in sample. Of these {fixed(100 * total.estimate, 1)} percentage points, "
        f"{joined(parts)}."
    )


def _points(row: PartRow) -> str:
    """Return "25.6 [21.3, 29.8]", percentage points."""
    return f"{fixed(100 * row.estimate, 1)} {percent_interval(row.conf_low, row.conf_high)}".strip()


def _forms(study: StudyRecord, found: Sequence[Decomposition]) -> Iterator[str]:
    """Yield for which estimators anything is left for entities never seen."""
    above = [whole for whole in found if whole.part(FORM).conf_low > 0]
    below = [whole for whole in found if whole.part(FORM).conf_high < 0]
    if not above:
        yield "For no estimator is what functional form brings established to be above zero."
    else:
        yield f"What functional form brings is above zero for {_labels(study, above)}."
    if below:
        yield f"It is below zero for {_labels(study, below)}: entities never seen are predicted worse."


def _labels(study: StudyRecord, found: Sequence[Decomposition]) -> str:
    return joined([study.estimator_label(whole.estimator) for whole in found])
