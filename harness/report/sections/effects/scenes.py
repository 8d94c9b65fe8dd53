"""From the run to the figures of debiased effects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.arrays import Floats
from harness.language import gettext
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
from harness.report.model.run import Run
from harness.report.model.truth import TruthLine, truth_line
from harness.report.sections.curves.rows import curve_scenarios, curves_of, rug_of
from harness.report.sections.effects.figure import (
    DebiasedLine,
    LineScene,
    ModelLine,
    Whisker,
    draw_forest,
    draw_lines,
)
from harness.report.sections.effects.rows import FORMS, METHODS, SubjectEffects
from harness.report.sections.effects.table import effect_name, slope_name
from harness.report.text.numbers import percent
from harness.report.text.plain_text import file_slug, listed
from harness.tables.effects import EffectRow


def effect_figures(run: Run, effects: SubjectEffects, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the forest of numbers, then curves and conditional effects, those that there are."""
    study, subject = run.manifest.study, effects.subject
    slug = f"{file_slug(subject.outcome)}-{file_slug(subject.exposure)}"
    what = subject.named(study)
    whiskers = tuple(whiskers_of(run, effects))
    if whiskers:
        yield renderer.render(
            f"effects-{slug}",
            draw_forest(
                whiskers,
                x_label=gettext("Effect on {outcome}").format(outcome=study.axis_label(subject.outcome)),
            ),
            alt=gettext(
                "Effects of {what} with intervals, by method and learner, beside coefficients of models."
            ).format(what=what),
            caption=(
                gettext(
                    "Effects of {what}, with {level} intervals. Debiased ones stand by method and "
                    "learner, and beneath them in grey the coefficient in models that have one. Coefficients "
                    "hold under their model; debiased effects under the assumption named below."
                ).format(what=what, level=percent(study.level, 0))
            ),
        )
    for form in ("curve", "conditional"):
        lines = effects.lines(form)
        for at, moderator in enumerate(dict.fromkeys(rows[0].moderator for rows in lines)):
            own = [rows for rows in lines if rows[0].moderator == moderator]
            name = f"effects-{form}-{slug}" if not at else f"effects-{form}-{slug}-{file_slug(moderator)}"
            yield renderer.render(
                name,
                draw_lines(line_scene(run, effects, own)),
                alt=gettext("Debiased {form} of {what}: {names}.").format(
                    form=gettext(FORMS[form]), what=what, names=listed(_label(run, rows[0]) for rows in own)
                ),
                caption=_caption(run, effects, own),
            )


def whiskers_of(run: Run, effects: SubjectEffects) -> Iterator[Whisker]:
    """Yield the numbers of the forest: effects, then coefficients."""
    study = run.manifest.study
    for row in effects.numbers:
        if row.is_done:
            label = _named(effect_name(study, row), study.estimator_label(row.learner))
            yield Whisker(label, row.method, row.estimate, row.conf_low, row.conf_high)
    for one in effects.slopes:
        label = _named(slope_name(one), study.estimator_label(one.row.estimator))
        yield Whisker(label, "", one.row.estimate, one.row.conf_low, one.row.conf_high)


def _label(run: Run, row: EffectRow) -> str:
    method = gettext(METHODS.get(row.method, row.method))
    parts = [method, run.manifest.study.estimator_label(row.learner)]
    return listed([*parts, *([row.group] if row.group else [])])


def line_scene(run: Run, effects: SubjectEffects, lines: Sequence[tuple[EffectRow, ...]]) -> LineScene:
    """Return what a figure of lines of one form shows."""
    study, subject = run.manifest.study, effects.subject
    first = lines[0][0]
    is_curve = first.form == "curve"
    return LineScene(
        lines=[_line(run, rows) for rows in lines],
        models=list(_models(run, effects)) if is_curve else (),
        truth=_truth(run, effects) if is_curve else None,
        x_label=study.axis_label(subject.exposure if is_curve else first.moderator),
        y_label=(
            gettext("{outcome}, less its mean").format(outcome=study.axis_label(subject.outcome))
            if is_curve
            else gettext("Effect on {outcome}").format(outcome=study.axis_label(subject.outcome))
        ),
    )


def _line(run: Run, rows: Sequence[EffectRow]) -> DebiasedLine:
    points, together = (
        sorted((row for row in rows if row.band == band), key=lambda row: row.at)
        for band in ("pointwise", "simultaneous")
    )
    return DebiasedLine(
        label=_label(run, rows[0]),
        method=rows[0].method,
        at=np.array([row.at for row in points]),
        estimate=np.array([row.estimate for row in points]),
        low=np.array([row.conf_low for row in points]),
        high=np.array([row.conf_high for row in points]),
        low_together=np.array([row.conf_low for row in together]),
        high_together=np.array([row.conf_high for row in together]),
    )


def _models(run: Run, effects: SubjectEffects) -> Iterator[ModelLine]:
    """Yield the curves of the models, less their mean over the rows; those of the study's exposure alone."""
    study, subject = run.manifest.study, effects.subject
    scenarios = curve_scenarios(run)
    if subject.exposure != study.exposure or not scenarios:
        return
    rug = rug_of(run, scenarios[0])
    for curve in curves_of(run, subject.outcome, scenarios[0], "level"):
        less = centred(curve.at, curve.estimate, rug)
        yield ModelLine(study.estimator_label(curve.estimator), curve.at, less)


def _truth(run: Run, effects: SubjectEffects) -> TruthLine | None:
    study, subject = run.manifest.study, effects.subject
    scenarios = curve_scenarios(run)
    if subject.exposure != study.exposure or not scenarios:
        return None
    line = truth_line(run, subject.outcome, scenarios[0], "level")
    if line is None:
        return None
    return TruthLine(line.at, centred(line.at, line.truth, rug_of(run, scenarios[0])))


def centred(at: Floats, curve: Floats, exposure: Floats) -> Floats:
    """Return a curve, (n_grid,), less its mean over the rows, whose exposures quantiles stand for."""
    return np.asarray(curve - np.interp(exposure, at, curve).mean())


def _caption(run: Run, effects: SubjectEffects, lines: Sequence[tuple[EffectRow, ...]]) -> str:
    study, subject = run.manifest.study, effects.subject
    first = lines[0][0]
    exposure, outcome = study.label(subject.exposure), study.label(subject.outcome)
    bands = gettext(
        "The inner band holds each point with {level} confidence, the outer one the whole line."
    ).format(level=percent(study.level, 0))
    if first.form == "conditional":
        moderator = study.label(first.moderator)
        return gettext("Debiased effect of {exposure} on {outcome} along {moderator}. {bands}").format(
            exposure=exposure, outcome=outcome, moderator=moderator, bands=bands
        )
    models = gettext(
        " Thin grey lines are the net effect curves of the models: what these predict, without a "
        "claim to an effect."
    )
    shown = models if any(True for _ in _models(run, effects)) else ""
    return gettext(
        "Debiased curve of {exposure} for {outcome}. It is less its mean over the rows. {bands}{shown}"
    ).format(exposure=exposure, outcome=outcome, bands=bands, shown=shown)


def _named(what: str, whose: str) -> str:
    return gettext("{what}: {whose}").format(what=what, whose=whose)
