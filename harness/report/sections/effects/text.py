"""What is said of debiased effects: warnings that follow from counts and shares alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.sections.effects.rows import FEW_ENTITIES, FORMS, LITTLE_LEFT, METHODS, WEAK
from harness.report.text.numbers import count, fixed, percent, plain
from harness.tables.effects import EffectRow


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
    uneven = [row for row in done if least >= FEW_ENTITIES and row.n_effective < FEW_ENTITIES]
    for effect, n_effective in _each(study, uneven, lambda row: row.n_effective):
        yield gettext(
            "{method}, {form}{place}, learned by {learner}: what is left of the exposure is spread as "
            "among {n_effective} entities ({entity}), and with fewer than {few} intervals are rough."
        ).format(
            **effect,
            n_effective=fixed(n_effective, 1),
            entity=study.label(study.entity),
            few=FEW_ENTITIES,
        )
    scarce = [row for row in done if row.share_left < LITTLE_LEFT]
    for effect, share in _each(study, scarce, lambda row: row.share_left):
        yield gettext(
            "{method}, {form}{place}, learned by {learner}: of the exposure's variation {share} is "
            "left once controls are held fixed, so the effect hangs on little and a small fault "
            "in them moves it."
        ).format(**effect, share=percent(share))
    weak = [row for row in done if row.first_stage_f < WEAK]
    for effect, statistic in _each(study, weak, lambda row: row.first_stage_f):
        yield gettext(
            "{method}, {form}{place}, learned by {learner}: the instruments hardly move the "
            "exposure (first-stage F {statistic}, below {weak}), and such estimates and "
            "intervals mislead."
        ).format(**effect, statistic=fixed(statistic, 1), weak=plain(WEAK))


def _each(
    study: StudyRecord, rows: Iterable[EffectRow], number: Callable[[EffectRow], float]
) -> Iterator[tuple[Mapping[str, str], float]]:
    """Yield the words that name each effect, once for all of its places and bands, and its number."""
    effects = dict.fromkeys((row.method, row.form, row.learner, row.group, number(row)) for row in rows)
    for method, form, learner, group, value in effects:
        words = {
            "method": gettext(METHODS.get(method, method)),
            "form": gettext(FORMS.get(form, form)),
            "place": gettext(" of {group}").format(group=group) if group else "",
            "learner": study.estimator_label(learner),
        }
        yield words, value
