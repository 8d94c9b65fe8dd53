"""The section of debiased effects: numbers next to coefficients, curves over those of the models."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.findings.effects import FEW_ENTITIES, LITTLE_LEFT, WEAK
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.blocks import Heading, Paragraph, Phrase, ReportBlock, SmallPrint, rich
from harness.report.sections.effects.rows import FORMS, METHODS, SubjectEffects, effect_name, effects_of
from harness.report.sections.section import Section
from harness.report.table import Given, ReportTable, TableCell, TableColumn, estimate_cell, plain_rows
from harness.tables.coefficients import CoefficientRow
from harness.tables.effects import EffectRow
from harness.text.numbers import MISSING, count, estimated, fixed, p_value, percent, plain
from harness.text.plain_text import Footnotes, listed

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


def effect_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield the effects of every exposure on every outcome."""
    from harness.report.sections.effects.figures import effect_figures

    study = run.manifest.study
    yield Paragraph(
        gettext(
            "Learners of the study predict outcome and exposure from the controls, for entities that they "
            "were not trained on; the effect is the slope between what is left of the two. So an error of a "
            "learner moves the effect only where it errs on both. Errors are clustered by entity."
        )
    )
    for effects in run.view(effects_of):
        yield Heading(effects.named(study))
        for sentence in cautions(study, effects.rows):
            yield Paragraph((Phrase(gettext("Caution."), "strong"), f" {sentence}"))
        yield from effect_figures(run, effects, renderer)
        table = effect_table(study, effects)
        if any(group.rows for group in table.groups):
            yield table
        for method, assumption in effects.assumptions:
            yield _assumption(method, assumption)


def _assumption(method: str, assumption: str) -> SmallPrint:
    """Return what a method assumes, or where that stands already."""
    words = gettext("{method} assume:") if method.endswith("s") else gettext("{method} assumes:")
    elsewhere = gettext("**{method}**: what is assumed stands under [What the run says](#verdict).")
    return SmallPrint(
        (Phrase(words.format(method=method), "strong"), f" {assumption}"),
        known=assumption,
        reference=rich(elsewhere, {"method": method}),
    )


def effect_table(study: StudyRecord, effects: SubjectEffects) -> ReportTable:
    """Return the effects of one exposure that are numbers, and the coefficients in other models."""
    footnotes = Footnotes()
    own = [_effect(study, row, footnotes) for row in effects.numbers]
    slopes: list[tuple[Given, ...]] = [
        (name, study.estimator_label(row.estimator), _estimate(row), *[MISSING] * 4)
        for name, row in effects.slopes
    ]
    heads = (
        gettext("Estimate"),
        "p",
        gettext("Variation left"),
        gettext("Robustness value"),
        gettext("Entities"),
    )
    return ReportTable(
        caption=gettext("Effects of {heading}, {level} intervals beneath").format(
            heading=effects.named(study, with_units=True), level=percent(study.level, 0)
        ),
        columns=(
            *(TableColumn(gettext("Effect")), TableColumn(gettext("Learner or model"), "text")),
            *map(TableColumn, heads),
        ),
        groups=plain_rows([*own, *slopes]),
        footnotes=footnotes.listed(),
        notes=tuple(_notes(study, effects)),
        most=len(own) or len(slopes),
    )


def _notes(study: StudyRecord, effects: SubjectEffects) -> Iterator[str]:
    if effects.curved:
        yield gettext(
            "No coefficient is the effect in {names}, where the exposure has powers or products: see the "
            "curves."
        ).format(names=listed(study.estimator_label(name) for name in effects.curved))
    text = gettext(
        "Bold: the interval excludes zero. Variation left: the share of the exposure's variation, as the "
        "method takes it, that the controls do not predict. Robustness value: something left out would have "
        "to explain this share of what is left both of the exposure and of the outcome to bring the "
        "estimate to zero, and in brackets to bring the limit of its interval there."
    )
    if any(math.isfinite(row.first_stage_f) for row in effects.rows):
        text += " " + gettext("With instruments their first-stage F stands in its place.")
    yield text


def _effect(study: StudyRecord, row: EffectRow, footnotes: Footnotes) -> tuple[Given, ...]:
    learner = study.estimator_label(row.learner)
    if not row.is_done:
        name = effect_name(study, row) if row.method else gettext("Effect")
        return (TableCell(name, mark=footnotes.mark(row.reason)), learner, *[MISSING] * 5)
    share = percent(row.share_left, 0)
    return (
        *(effect_name(study, row), learner, _estimate(row)),
        *(p_value(row.p_value), share, _robustness(row), count(row.n_entities)),
    )


def _estimate(row: EffectRow | CoefficientRow) -> TableCell:
    return estimate_cell(estimated(row.estimate, row.conf_low, row.conf_high))


def _robustness(row: EffectRow) -> str:
    """Return the robustness value and that of the interval's limit, of instruments their strength."""
    if math.isfinite(row.first_stage_f):
        return gettext("first-stage F {first_stage_f}").format(first_stage_f=fixed(row.first_stage_f, 1))
    if math.isnan(row.robustness_value):
        return MISSING
    return f"{percent(row.robustness_value)} ({percent(row.robustness_value_limit)})"


def cautions(study: StudyRecord, rows: Sequence[EffectRow]) -> Iterator[str]:
    """Yield a sentence for few entities, and one for each effect that rests on little.

    What is left of the exposure is then that of few entities, or is little, or instruments are weak.
    """
    done = [row for row in rows if row.is_done and row.n_entities is not None]
    least = min((row.n_entities or 0 for row in done), default=FEW_ENTITIES)
    entity = study.label(study.entity)
    if least < FEW_ENTITIES:
        yield gettext(
            "These intervals rest on {least} entities ({entity}); they hold for many, and with fewer than "
            "{few} they are rough."
        ).format(least=count(least), entity=entity, few=FEW_ENTITIES)
    uneven = gettext(
        "{method}, {form}{place}, learned by {learner}: what is left of the exposure is spread as among "
        "{n_effective} entities ({entity}), and with fewer than {few} intervals are rough."
    )
    scarce = gettext(
        "{method}, {form}{place}, learned by {learner}: of the exposure's variation {share} is left once "
        "controls are held fixed, so the effect hangs on little and a small fault in them moves it."
    )
    weak = gettext(
        "{method}, {form}{place}, learned by {learner}: the instruments hardly move the exposure "
        "(first-stage F {statistic}, below {weak}), and such estimates and intervals mislead."
    )
    spread_unevenly = [row for row in done if least >= FEW_ENTITIES and row.n_effective < FEW_ENTITIES]
    # A sentence stands once for all of an effect's points and bands.
    yield from dict.fromkeys(
        [
            *(_caution(study, row, uneven) for row in spread_unevenly),
            *(_caution(study, row, scarce) for row in done if row.share_left < LITTLE_LEFT),
            *(_caution(study, row, weak) for row in done if row.first_stage_f < WEAK),
        ]
    )


def _caution(study: StudyRecord, row: EffectRow, message: str) -> str:
    return message.format(
        method=gettext(METHODS.get(row.method, row.method)),
        form=gettext(FORMS.get(row.form, row.form)),
        place=gettext(" of {group}").format(group=row.group) if row.group else "",
        learner=study.estimator_label(row.learner),
        entity=study.label(study.entity),
        few=FEW_ENTITIES,
        n_effective=fixed(row.n_effective, 1),
        share=percent(row.share_left),
        statistic=fixed(row.first_stage_f, 1),
        weak=plain(WEAK),
    )


EFFECTS_SECTION = Section("effects", marked("Debiased effects"), 770, effect_blocks, tables=("effects",))
