"""What is said of debiased effects: warnings that follow from counts and shares alone."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.sections.effects.rows import FEW_ENTITIES, FORMS, LITTLE_LEFT, METHODS, WEAK, EffectRow
from harness.report.text.numbers import count, fixed, percent
from harness.store.study_record import StudyRecord


def cautions(study: StudyRecord, rows: tuple[EffectRow, ...]) -> Iterator[str]:
    """Yield a sentence for few entities, and for each effect with little variation or weak instruments."""
    done = [row for row in rows if row.is_done and row.n_entities is not None]
    if not done:
        return
    least = min(row.n_entities or 0 for row in done)
    if least < FEW_ENTITIES:
        yield (
            f"These intervals rest on {count(least)} entities ({study.label(study.entity)}); they hold for "
            f"many, and with fewer than {FEW_ENTITIES} they are rough."
        )
    scarce = dict.fromkeys(
        (row.method, row.form, row.learner, row.group, row.share_left)
        for row in done
        if row.share_left < LITTLE_LEFT
    )
    for method, form, learner, group, share in scarce:
        place = f" of {group}" if group else ""
        yield (
            f"{METHODS.get(method, method)}, {FORMS.get(form, form)}{place}, learned by "
            f"{study.estimator_label(learner)}: of the exposure's variation {percent(share)} is left once "
            "controls are held fixed, so the effect hangs on little and a small fault in them moves it."
        )
    weak = dict.fromkeys(
        (row.form, row.learner, row.group, row.first_stage_f) for row in done if row.first_stage_f < WEAK
    )
    for form, learner, group, statistic in weak:
        place = f" of {group}" if group else ""
        yield (
            f"{METHODS['instrumented']}, {FORMS.get(form, form)}{place}, learned by "
            f"{study.estimator_label(learner)}: the instruments hardly move the exposure (first-stage F "
            f"{fixed(statistic, 1)}, below {WEAK:.0f}), and such estimates and intervals mislead."
        )
