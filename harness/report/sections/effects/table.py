"""The table of debiased effects, the coefficients of other models beneath them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.sections.effects.rows import FORMS, METHODS, ModelSlope, SubjectEffects
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import (
    MISSING,
    NOTHING,
    EstimateText,
    count,
    estimated,
    fixed,
    p_value,
    percent,
    plain,
)
from harness.report.text.plain_text import listed
from harness.tables.effects import EffectRow


@dataclass(frozen=True)
class EffectTableRow:
    """One effect; `mark` is of the footnote with the reason where there is none."""

    label: str
    learner: str
    effect: EstimateText
    p_value: str = MISSING
    share_left: str = MISSING
    robustness: str = MISSING
    n_entities: str = MISSING
    mark: str = ""


@dataclass(frozen=True)
class EffectTable:
    """Debiased effects, and the coefficients in other models; of `curved` ones none is the effect."""

    effects: tuple[EffectTableRow, ...]
    coefficients: tuple[EffectTableRow, ...]
    curved: str
    footnotes: tuple[tuple[str, str], ...]


def effect_table(study: StudyRecord, effects: SubjectEffects) -> EffectTable:
    """Return the effects of one exposure that are numbers."""
    footnotes = Footnotes()
    return EffectTable(
        effects=tuple(_effect(study, row, footnotes) for row in effects.numbers),
        coefficients=tuple(
            EffectTableRow(
                label=slope_name(one),
                learner=study.estimator_label(one.row.estimator),
                effect=estimated(one.row.estimate, one.row.conf_low, one.row.conf_high),
            )
            for one in effects.slopes
        ),
        curved=listed(study.estimator_label(name) for name in effects.curved),
        footnotes=footnotes.listed(),
    )


def slope_name(slope: ModelSlope) -> str:
    """Return what a coefficient is called, with the regime that it is of."""
    return listed([gettext("Coefficient"), *([slope.where] if slope.where else [])])


def effect_name(study: StudyRecord, row: EffectRow) -> str:
    """Return what an effect is called: its method and form, and its place where it has one."""
    parts = [gettext(METHODS.get(row.method, row.method)), gettext(FORMS.get(row.form, row.form))]
    if row.form == "contrast" and math.isfinite(row.at):
        level = study.level_at(row.exposure, row.at)
        parts[-1] = (
            gettext("{level} less {base}").format(level=level, base=study.levels[0])
            if level
            else gettext("{at} less the least value").format(at=plain(row.at))
        )
    return listed([*parts, *([row.group] if row.group else [])])


def _effect(study: StudyRecord, row: EffectRow, footnotes: Footnotes) -> EffectTableRow:
    if not row.is_done:
        mark = footnotes.mark(row.reason)
        name = effect_name(study, row) if row.method else gettext("Effect")
        return EffectTableRow(name, study.estimator_label(row.learner), NOTHING, mark=mark)
    return EffectTableRow(
        label=effect_name(study, row),
        learner=study.estimator_label(row.learner),
        effect=estimated(row.estimate, row.conf_low, row.conf_high),
        p_value=p_value(row.p_value),
        share_left=percent(row.share_left, 0),
        robustness=_robustness(row),
        n_entities=count(row.n_entities),
    )


def _robustness(row: EffectRow) -> str:
    """Return the robustness value and that of the interval's limit, of instruments their strength."""
    if math.isfinite(row.first_stage_f):
        return gettext("first-stage F {first_stage_f}").format(first_stage_f=fixed(row.first_stage_f, 1))
    if math.isnan(row.robustness_value):
        return MISSING
    return f"{percent(row.robustness_value)} ({percent(row.robustness_value_limit)})"
