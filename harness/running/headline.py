"""Which effect of a study is its headline, ranked by what is requested before anything is fitted."""

from __future__ import annotations

from collections.abc import Iterator

from harness.estimators.protocol import absorbs_entities
from harness.record.manifest import HeadlineRecord
from harness.study.identification import IDENTIFIED, Identified, identified_by
from harness.study.spec.entry import EstimatorEntry
from harness.study.spec.study import Study


def headline_records(study: Study) -> tuple[HeadlineRecord, ...]:
    """Return the effects that could be the headline, the first of which is.

    The one that the study declares comes first, then the others by what they identify, in the order of
    `harness.study.identification.IDENTIFIED`, and of one kind scenarios before estimators, each as the study
    lists them. No result changes this order.
    """
    return tuple(sorted(_records(study), key=_rank))


def _rank(record: HeadlineRecord) -> tuple[bool, int]:
    return not record.is_declared, [str(one) for one in IDENTIFIED].index(record.identifies)


def _records(study: Study) -> Iterator[HeadlineRecord]:
    for one in study.scenarios:
        if kind := identified_by(one.scenario):
            yield HeadlineRecord(kind, scenario=one.id, is_declared=one.primary)
    for entry in study.estimators:
        if kind := _identified(entry):
            yield HeadlineRecord(kind, estimator=entry.id, is_declared=entry.primary)


def _identified(entry: EstimatorEntry) -> Identified | None:
    """Return what an estimator identifies of the study's exposure on all rows, in the outcome's unit.

    Of another exposure, on other rows or of a transformed outcome it counts where it is declared.

    One with an option for effects that names none of entities is pooled, without the means of its regressors.
    """
    kind = identified_by(entry.estimator)
    is_other = entry.exposure is not None or entry.rows or entry.target != "level"
    if is_other and not entry.primary:
        return None
    has_option = any(hasattr(entry.estimator, name) for name in ("effects", "absorb"))
    if kind in ("within", "pooled") and entry.entity_means:
        return "within"
    return "pooled" if kind == "within" and has_option and not absorbs_entities(entry.estimator) else kind


def in_words(record: HeadlineRecord) -> str:
    """Return whose effect it is, and why it has its rank."""
    why = "declared primary" if record.is_declared else record.identifies.replace("_", " ")
    return f"{record.scenario or record.estimator} ({why})"
