"""The section of debiased effects: numbers next to coefficients, curves over those of the models."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats, frozen_floats
from harness.findings import lines as run_lines
from harness.findings.debiased import FEW_ENTITIES, LITTLE_LEFT, WEAK
from harness.findings.lines import Curve, TruthLine, truth_line
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.blocks import Heading, Paragraph, Phrase, ReportBlock, ReportFigure, SmallPrint, rich
from harness.report.drawing.palette import METHOD_STYLES, PLAIN_STYLE, LineStyle, Whisker
from harness.report.sections.effects.rows import FORMS, METHODS, SubjectEffects, effect_name, effects_of
from harness.report.sections.section import Section, study_words
from harness.report.table import (
    Given,
    ReportTable,
    TableCell,
    TableColumn,
    columns_of,
    estimate_cell,
    plain_rows,
)
from harness.scenarios.effect.weak_instruments import set_in_words
from harness.tables.coefficients import CoefficientRow
from harness.tables.effects import EffectRow
from harness.tables.gain import size_of
from harness.text.numbers import MISSING, count, estimated, fixed, p_text, p_value, percent, plain
from harness.text.plain_text import Footnotes, file_slug, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# How errors of rows may depend on each other.
ERRORS: Mapping[str, str] = {
    "entity": marked("Errors are clustered by entity."),
    "entity_and_period": marked("Errors are clustered by entity and by period."),
    "driscoll_kraay": marked("Errors are by Driscoll and Kraay: dependent within the same and near periods."),
    "conley": marked("Errors are by Conley: dependent within an entity, and among near ones in a period."),
}


def effect_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the effects of every exposure on every outcome."""
    study = run.manifest.study
    text = gettext(
        "Learners of the study predict outcome and exposure from the controls, for entities that they "
        "were not trained on; the effect is the slope between what is left of the two. So an error of a "
        "learner moves the effect only where it errs on both."
    )
    yield Paragraph(text)
    for effects in run.view(effects_of):
        yield Heading(effects.named(study))
        for errors in dict.fromkeys(row.errors for row in effects.rows if row.is_done):
            yield Paragraph(gettext(ERRORS[errors]))
        for sentence in cautions(study, effects.rows):
            yield Paragraph((Phrase(gettext("Caution."), "strong"), f" {sentence}"))
        yield from _figures(run, effects)
        table = effect_table(study, effects)
        if any(group.rows for group in table.groups):
            yield table
        for method, assumption in effects.assumptions:
            words = gettext("{method} assume:") if method.endswith("s") else gettext("{method} assumes:")
            what = (Phrase(words.format(method=method), "strong"), f" {assumption}")
            elsewhere = gettext("**{method}**: what is assumed stands under [What the run says](#verdict).")
            yield SmallPrint(what, known=assumption, reference=rich(elsewhere, {"method": method}))


def _figures(run: Run, effects: SubjectEffects) -> Iterator[ReportFigure]:
    """Yield the forest of numbers, then curves and conditional effects, those that there are."""
    from harness.report.drawing.forest import plot_forest

    study, what = run.manifest.study, effects.named(run.manifest.study)
    slug = f"{file_slug(effects.outcome)}-{file_slug(effects.exposure)}"
    whiskers = tuple(whiskers_of(run, effects))
    if whiskers:
        x_label = gettext("Effect on {outcome}").format(outcome=study.axis_label(effects.outcome))
        yield ReportFigure(
            f"effects-{slug}",
            plot_forest([("", whiskers)], x_label=x_label),
            alt=gettext(
                "Effects of {what} with intervals, by method and learner, beside coefficients of models."
            ).format(what=what),
            caption=gettext(
                "Effects of {what}, with {level} intervals. Debiased ones stand by method and learner, and "
                "beneath them in grey the coefficient in models that have one. Coefficients hold under their "
                "model; debiased effects under the assumption named below."
            ).format(what=what, level=percent(study.level, 0)),
        )
    for form in ("curve", "conditional"):
        lines = effects.lines(form)
        for at, moderator in enumerate(dict.fromkeys(rows[0].moderator for rows in lines)):
            own = [rows for rows in lines if rows[0].moderator == moderator]
            name = f"effects-{form}-{slug}" if not at else f"effects-{form}-{slug}-{file_slug(moderator)}"
            words = gettext("Debiased {form} of {what}: {names}.")
            names = listed(_label(run, rows[0]) for rows in own)
            yield ReportFigure(
                name,
                plot_effect_lines(run, effects, own),
                alt=words.format(form=gettext(FORMS[form]), what=what, names=names),
                caption=_caption(run, effects, own[0][0]),
            )


def whiskers_of(run: Run, effects: SubjectEffects) -> Iterator[Whisker]:
    """Yield the numbers of the forest: effects, then coefficients."""
    study, words = run.manifest.study, gettext("{what}: {whose}")
    for row in effects.numbers:
        if row.is_done:
            label = words.format(what=effect_name(study, row), whose=study.estimator_label(row.learner))
            style = METHOD_STYLES.get(row.method, PLAIN_STYLE)
            yield Whisker(label, row.estimate, row.conf_low, row.conf_high, style)
    for name, slope in effects.slopes:
        label = words.format(what=name, whose=study.estimator_label(slope.estimator))
        yield Whisker(label, slope.estimate, slope.conf_low, slope.conf_high)


def _label(run: Run, row: EffectRow) -> str:
    method = gettext(METHODS.get(row.method, row.method))
    parts = [method, run.manifest.study.estimator_label(row.learner)]
    return listed([*parts, *([row.group] if row.group else [])])


def plot_effect_lines(run: Run, effects: SubjectEffects, lines: Sequence[tuple[EffectRow, ...]]) -> Figure:
    """Return debiased lines of one form with bands, over the curves of the models in the same axes."""
    from harness.report.drawing.lines import LinePanel, Series, plot_panel_grid, series_of

    study, first = run.manifest.study, lines[0][0]
    is_curve, panels = first.form == "curve", []
    models, truth = model_curves(run, effects) if is_curve else ((), None)
    for rows in lines:
        style = LineStyle(METHOD_STYLES.get(rows[0].method, PLAIN_STYLE).colour)
        series = Series(run_lines.banded_from(rows), _label(run, rows[0]), style)
        panels.append((series.label, LinePanel([series], has_zero=True, truth=truth)))
    y_label = gettext("{outcome}, less its mean") if is_curve else gettext("Effect on {outcome}")
    labels = (
        study.axis_label(effects.exposure if is_curve else first.moderator),
        y_label.format(outcome=study.axis_label(effects.outcome)),
    )
    behind = [series_of(study, curve, curve.estimator) for curve in models]
    return plot_panel_grid(panels, behind, labels=labels, level=study.level)


def model_curves(run: Run, effects: SubjectEffects) -> tuple[tuple[Curve, ...], TruthLine | None]:
    """Return the curves of the models, and the true one, less their means over the rows.

    They are those over the same exposure; none where no scenario gave any.
    """
    is_own = effects.exposure == run.manifest.study.exposure
    scenario = run_lines.leading_scenario(run) if is_own else ""
    rug, truth = run_lines.rug_of(run, scenario), truth_line(run, effects.outcome, scenario, "level")
    curves = (
        replace(curve, estimate=centred(curve.at, curve.estimate, rug), bands=())
        for curve in run_lines.curves_of(run, effects.outcome, scenario, "level")
    )
    return tuple(curves), truth and TruthLine(truth.at, centred(truth.at, truth.truth, rug))


def centred(at: Floats, curve: Floats, exposure: Floats) -> Floats:
    """Return a curve, (n_grid,), less its mean over the rows, whose exposures quantiles stand for."""
    return frozen_floats(curve - np.interp(exposure, at, curve).mean())


def _caption(run: Run, effects: SubjectEffects, first: EffectRow) -> str:
    """Return the caption of lines of the form of `first`."""
    study = run.manifest.study
    words = study_words(study, effects.outcome) | {"exposure": study.label(effects.exposure)}
    bands = gettext(
        "The inner band holds each point with {level} confidence, the outer one the whole line."
    ).format(**words)
    if first.form == "conditional":
        message = gettext("Debiased effect of {exposure} on {outcome} along {moderator}. {bands}")
        return message.format(**words, moderator=study.label(first.moderator), bands=bands)
    models = gettext(
        " Thin grey lines are the net effect curves of the models: what these predict, without a claim to an "
        "effect."
    )
    return gettext(
        "Debiased dose-response curve of {exposure} for {outcome}: the outcome at each exposure, less its "
        "mean over the rows. {bands}{shown}"
    ).format(**words, bands=bands, shown=models if model_curves(run, effects)[0] else "")


def effect_table(study: StudyRecord, effects: SubjectEffects) -> ReportTable:
    """Return the effects of one exposure that are numbers, and the coefficients in other models."""
    footnotes = Footnotes()
    own = [_effect(study, effects, row, footnotes) for row in effects.numbers]
    slopes: list[tuple[Given, ...]] = [
        (name, study.estimator_label(row.estimator), _estimate(row), *[MISSING] * 4)
        for name, row in effects.slopes
    ]
    words = gettext("Effects of {heading}, {level} intervals beneath")
    return ReportTable(
        caption=words.format(heading=effects.named(study, with_units=True), level=percent(study.level, 0)),
        columns=columns_of(
            *(gettext("Effect"), TableColumn(gettext("Learner or model"), "text"), gettext("Estimate"), "p"),
            *(gettext("Variation left"), gettext("Robustness value"), gettext("Entities")),
        ),
        groups=plain_rows([*own, *slopes]),
        footnotes=footnotes.listed(),
        notes=tuple(_notes(study, effects)),
    )


# What each form estimates where slopes differ between rows.
ESTIMANDS = {
    "line": marked(
        "Slope: the mean of slopes weighted by the residual variance of the exposure, so that rows count by "
        "how much of it is left."
    ),
    "derivative": marked("Mean derivative: the mean slope at the observed exposures, every row alike."),
    "contrast": marked("Contrast: the mean difference from the least level, weighted as a slope is."),
    "interaction": marked("Slope of the product: by how much the slope changes per unit of the moderator."),
}


def _notes(study: StudyRecord, effects: SubjectEffects) -> Iterator[str]:
    shown = {row.form for row in effects.numbers if row.is_done}
    yield from (gettext(words) for form, words in ESTIMANDS.items() if form in shown)
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
        text += " " + gettext(
            "With instruments their first-stage F stands in its place, and the slopes that the test of "
            "Anderson and Rubin does not reject, which holds however weak they are."
        )
    yield text


def _effect(
    study: StudyRecord, effects: SubjectEffects, row: EffectRow, footnotes: Footnotes
) -> tuple[Given, ...]:
    learner = study.estimator_label(row.learner)
    if not row.is_done:
        name = effect_name(study, row) if row.method else gettext("Effect")
        return (TableCell(name, mark=footnotes.mark(row.reason)), learner, *[MISSING] * 5)
    shares = (percent(row.share_left, 0), _robustness(effects, row), count(row.n_entities))
    return (effect_name(study, row), learner, _estimate(row), p_value(row.p_value), *shares)


def _estimate(row: EffectRow | CoefficientRow) -> TableCell:
    return estimate_cell(estimated(row.estimate, row.conf_low, row.conf_high))


def _robustness(effects: SubjectEffects, row: EffectRow) -> str:
    """Return the robustness value and that of the interval's limit, of instruments their strength."""
    if math.isfinite(row.first_stage_f):
        strength = gettext("first-stage F {first_stage_f}")
        said = [strength.format(first_stage_f=fixed(row.first_stage_f, 1))]
        if (found := effects.confidence_set(row)) is not None:
            said.append(gettext("Anderson–Rubin set {found}").format(found=set_in_words(found)))
        return listed(said)
    if math.isnan(row.robustness_value):
        return MISSING
    return f"{percent(row.robustness_value)} ({percent(row.robustness_value_limit)})"


def cautions(study: StudyRecord, rows: Sequence[EffectRow]) -> Iterator[str]:
    """Yield a sentence for few entities, and one for each effect that is doubtful.

    Methods part on it, little is left of the exposure, or instruments are weak.
    """
    done = [row for row in rows if row.is_done and row.n_entities is not None]
    least = min((row.n_entities or 0 for row in done), default=FEW_ENTITIES)
    entity = study.label(study.entity)
    if least < FEW_ENTITIES:
        yield gettext(
            "These intervals rest on {least} entities ({entity}); with fewer than {few} they are rough."
        ).format(least=count(least), entity=entity, few=FEW_ENTITIES)
    scarce = gettext(
        "{method}, {form}{place}, learned by {learner}: of the exposure's variation {share} is left once "
        "controls are held fixed, so the effect hangs on little and a small fault in them moves it."
    )
    weak = gettext(
        "{method}, {form}{place}, learned by {learner}: the instruments hardly move the exposure "
        "(first-stage F {statistic}, below {weak}), and such estimates and intervals mislead."
    )
    parted = gettext(
        "First differences and correlated random effects find different effects ({p_value}; {form}{place}, "
        "learned by {learner}): the assumption of one of them, or of both, fails."
    )
    said = [(parted, row) for row in done if row.p_methods < size_of(study.level)]
    said += [(scarce, row) for row in done if row.share_left < LITTLE_LEFT]
    said += [(weak, row) for row in done if row.first_stage_f < WEAK]
    # A sentence stands once for all of an effect's points and bands.
    yield from dict.fromkeys(_caution(study, row, message) for message, row in said)


def _caution(study: StudyRecord, row: EffectRow, message: str) -> str:
    return message.format(
        method=gettext(METHODS.get(row.method, row.method)),
        form=gettext(FORMS.get(row.form, row.form)),
        place=gettext(" of {group}").format(group=row.group) if row.group else "",
        learner=study.estimator_label(row.learner),
        p_value=p_text(row.p_methods),
        share=percent(row.share_left),
        statistic=fixed(row.first_stage_f, 1),
        weak=plain(WEAK),
    )


EFFECTS_SECTION = Section("effects", marked("Debiased effects"), 770, effect_blocks, tables=("effects",))
