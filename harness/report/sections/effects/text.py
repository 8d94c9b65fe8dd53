"""What is said of debiased effects: warnings that follow from counts and shares alone."""

from __future__ import annotations

from collections.abc import Iterator

from harness.language import gettext
from harness.report.sections.effects.rows import FEW_ENTITIES, FORMS, LITTLE_LEFT, METHODS, WEAK, EffectRow
from harness.report.text.numbers import count, fixed, percent, plain
from harness.store.study_record import StudyRecord


def cautions(study: StudyRecord, rows: tuple[EffectRow, ...]) -> Iterator[str]:
    """Yield a sentence for few entities, and one for each effect that rests on little.

    What is left of the exposure is then that of few entities, or is little, or instruments are weak.
    """
    done = [row for row in rows if row.is_done and row.n_entities is not None]
    if not done:
        return
    least = min(row.n_entities or 0 for row in done)
    if least < FEW_ENTITIES:
        yield (
            gettext(
                "These intervals rest on {least} entities ({entity}); they hold for many, and with "
                "fewer than {few} they are rough."
            ).format(least=count(least), entity=study.label(study.entity), few=FEW_ENTITIES)
        )
    uneven = dict.fromkeys(
        (row.method, row.form, row.learner, row.group, row.n_effective)
        for row in done
        if least >= FEW_ENTITIES and row.n_effective < FEW_ENTITIES
    )
    for method, form, learner, group, n_effective in uneven:
        place = gettext(" of {group}").format(group=group) if group else ""
        yield (
            gettext(
                "{method}, {form}{place}, learned by {learner}: what is left of the exposure is spread as "
                "among {n_effective} entities ({entity}), and with fewer than {few} intervals are rough."
            ).format(
                method=gettext(METHODS.get(method, method)),
                form=gettext(FORMS.get(form, form)),
                place=place,
                learner=study.estimator_label(learner),
                n_effective=fixed(n_effective, 1),
                entity=study.label(study.entity),
                few=FEW_ENTITIES,
            )
        )
    scarce = dict.fromkeys(
        (row.method, row.form, row.learner, row.group, row.share_left)
        for row in done
        if row.share_left < LITTLE_LEFT
    )
    for method, form, learner, group, share in scarce:
        place = gettext(" of {group}").format(group=group) if group else ""
        yield (
            gettext(
                "{method}, {form}{place}, learned by {learner}: of the exposure's variation {share} is "
                "left once controls are held fixed, so the effect hangs on little and a small fault "
                "in them moves it."
            ).format(
                method=gettext(METHODS.get(method, method)),
                form=gettext(FORMS.get(form, form)),
                place=place,
                learner=study.estimator_label(learner),
                share=percent(share),
            )
        )
    weak = dict.fromkeys(
        (row.form, row.learner, row.group, row.first_stage_f) for row in done if row.first_stage_f < WEAK
    )
    for form, learner, group, statistic in weak:
        place = gettext(" of {group}").format(group=group) if group else ""
        yield (
            gettext(
                "{method}, {form}{place}, learned by {learner}: the instruments hardly move the "
                "exposure (first-stage F {statistic}, below {weak}), and such estimates and "
                "intervals mislead."
            ).format(
                method=gettext(METHODS["instrumented"]),
                form=gettext(FORMS.get(form, form)),
                place=place,
                learner=study.estimator_label(learner),
                statistic=fixed(statistic, 1),
                weak=plain(WEAK),
            )
        )
