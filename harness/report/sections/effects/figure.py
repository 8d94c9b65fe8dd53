"""The figures of debiased effects: a forest of numbers, and curves over those of the models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from harness.arrays import Floats
from harness.findings.lines import (
    POINTWISE,
    SIMULTANEOUS,
    TruthLine,
    curve_scenarios,
    curves_of,
    rug_of,
    truth_line,
)
from harness.findings.run import Run
from harness.language import gettext
from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    GREY,
    SINGLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    facets,
    new_figure,
)
from harness.report.drawing.fonts import drawable, drawable_label, drawable_lines
from harness.report.drawing.marks import Whisker, plot_forest
from harness.report.drawing.palette import METHOD_COLOURS
from harness.report.drawing.series import zero_line
from harness.report.drawing.truth import plot_truth, truth_handles
from harness.report.sections.effects.rows import FORMS, METHODS, SubjectEffects, effect_name, slope_name
from harness.tables.effects import EffectRow
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, listed, shortened

LEGEND_ROW = 0.15
"""Inches of a line of the legend."""

MODEL_WIDTH = 0.6
"""Points of the lines of models."""

Line = tuple[EffectRow, ...]
"""The points of one debiased line, in each of its bands."""


@dataclass(frozen=True, eq=False)
class ModelLine:
    """The curve of a model, less its mean over the rows."""

    label: str
    at: Floats
    estimate: Floats


def effect_figures(run: Run, effects: SubjectEffects, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the forest of numbers, then curves and conditional effects, those that there are."""
    study, subject = run.manifest.study, effects.subject
    slug = f"{file_slug(subject.outcome)}-{file_slug(subject.exposure)}"
    what = subject.named(study)
    whiskers = tuple(whiskers_of(run, effects))
    if whiskers:
        yield renderer.render(
            f"effects-{slug}",
            plot_forest(
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
                plot_lines(run, effects, own),
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
            yield Whisker(label, row.estimate, row.conf_low, row.conf_high, row.method)
    for one in effects.slopes:
        label = _named(slope_name(one), study.estimator_label(one.row.estimator))
        yield Whisker(label, one.row.estimate, one.row.conf_low, one.row.conf_high)


def _label(run: Run, row: EffectRow) -> str:
    method = gettext(METHODS.get(row.method, row.method))
    parts = [method, run.manifest.study.estimator_label(row.learner)]
    return listed([*parts, *([row.group] if row.group else [])])


def plot_lines(run: Run, effects: SubjectEffects, lines: Sequence[Line]) -> Figure:
    """Return debiased lines of one form with bands, over the curves of the models in the same axes."""
    study, subject, first = run.manifest.study, effects.subject, lines[0][0]
    is_curve = first.form == "curve"
    models = tuple(model_lines(run, effects)) if is_curve else ()
    truth = _truth(run, effects) if is_curve else None
    handles = _handles(models, truth)
    n_columns = min(2, len(lines))
    n_rows, is_wide = -(-len(lines) // n_columns), n_columns > 1
    n_legend_rows = -(-len(handles) // 3) if is_wide else len(handles)
    figure = new_figure(
        DOUBLE_COLUMN if is_wide else SINGLE_COLUMN, 0.4 + LEGEND_ROW * n_legend_rows + 2.5 * n_rows
    )
    grid = facets(figure, len(lines), (n_rows, n_columns))
    for axes, rows in zip(grid, lines, strict=True):
        _plot_line(axes, rows, models)
        plot_truth(axes, truth)
        axes.set_title(drawable_lines(_label(run, rows[0]), 44), loc="left")
    outcome = study.axis_label(subject.outcome)
    y_label = gettext("{outcome}, less its mean") if is_curve else gettext("Effect on {outcome}")
    for axes in grid[::n_columns]:
        axes.set_ylabel(drawable_label(y_label.format(outcome=outcome), 34))
    x_label = study.axis_label(subject.exposure if is_curve else first.moderator)
    figure.supxlabel(drawable_label(x_label, 46), fontsize=8)
    figure.legend(handles=handles, loc="outside upper left", ncols=3 if is_wide else 1)
    return figure


def _plot_line(axes: Axes, rows: Line, models: Sequence[ModelLine]) -> None:
    """Draw a debiased line with its bands, over the lines of the models in its range."""
    colour = METHOD_COLOURS.get(rows[0].method, GREY)
    zero_line(axes)
    for band, opacity in ((SIMULTANEOUS, 0.12), (POINTWISE, 0.22)):
        points = sorted((row for row in rows if row.band == band), key=lambda row: row.at)
        at = np.array([row.at for row in points])
        low, high = ([getattr(row, side) for row in points] for side in ("conf_low", "conf_high"))
        axes.fill_between(at, low, high, color=colour, alpha=opacity, linewidth=0)
    for model in models:
        within = (model.at >= at[0]) & (model.at <= at[-1])
        axes.plot(model.at, np.where(within, model.estimate, np.nan), color=GREY, linewidth=MODEL_WIDTH)
    axes.plot(at, [row.estimate for row in points], color=colour)


def model_lines(run: Run, effects: SubjectEffects) -> Iterator[ModelLine]:
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


def _caption(run: Run, effects: SubjectEffects, lines: Sequence[Line]) -> str:
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
    shown = models if any(True for _ in model_lines(run, effects)) else ""
    return gettext(
        "Debiased curve of {exposure} for {outcome}. It is less its mean over the rows. {bands}{shown}"
    ).format(exposure=exposure, outcome=outcome, bands=bands, shown=shown)


def _named(what: str, whose: str) -> str:
    return gettext("{what}: {whose}").format(what=what, whose=whose)


def _handles(models: Sequence[ModelLine], truth: TruthLine | None) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = []
    if models:
        label = models[0].label if len(models) == 1 else gettext("models, each a line")
        handles.append(
            Line2D([], [], color=GREY, linewidth=MODEL_WIDTH, label=drawable(shortened(label, 28)))
        )
    handles.append(Patch(facecolor=GREY, alpha=0.34, linewidth=0, label=gettext("pointwise band")))
    handles.append(Patch(facecolor=GREY, alpha=0.12, linewidth=0, label=gettext("simultaneous band")))
    return [*handles, *truth_handles(truth)]
