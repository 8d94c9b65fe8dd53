"""The figures of debiased effects: a forest of numbers, and curves over those of the models."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from harness.arrays import Floats, frozen_floats
from harness.findings.lines import (
    Curve,
    TruthLine,
    banded_from,
    curves_of,
    leading_scenario,
    rug_of,
    truth_line,
)
from harness.findings.run import Run
from harness.language import gettext
from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    SINGLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    facets,
    new_figure,
)
from harness.report.drawing.fonts import drawable, drawable_label, drawable_lines
from harness.report.drawing.forest import Whisker, plot_forest
from harness.report.drawing.lines import LinePanel, Series, entry, panel_entries, plot_panel
from harness.report.drawing.palette import GREY, METHOD_STYLES, PLAIN_STYLE, LineStyle, MarkStyle
from harness.report.sections.effects.rows import FORMS, METHODS, SubjectEffects, effect_name
from harness.tables.coefficients import CoefficientRow
from harness.tables.effects import EffectRow
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, listed, shortened

# Points of the lines of models.
MODEL_WIDTH = 0.6

Line = tuple[EffectRow, ...]
"""The points of one debiased line, in each of its bands."""


def effect_figures(run: Run, effects: SubjectEffects, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the forest of numbers, then curves and conditional effects, those that there are."""
    study, what = run.manifest.study, effects.named(run.manifest.study)
    slug = f"{file_slug(effects.outcome)}-{file_slug(effects.exposure)}"
    whiskers = tuple(whiskers_of(run, effects))
    if whiskers:
        x_label = gettext("Effect on {outcome}").format(outcome=study.axis_label(effects.outcome))
        yield renderer.render(
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
            yield renderer.render(
                name,
                plot_lines(run, effects, own),
                alt=gettext("Debiased {form} of {what}: {names}.").format(
                    form=gettext(FORMS[form]), what=what, names=listed(_label(run, rows[0]) for rows in own)
                ),
                caption=_caption(run, effects, own[0][0]),
            )


def whiskers_of(run: Run, effects: SubjectEffects) -> Iterator[Whisker]:
    """Yield the numbers of the forest: effects, then coefficients."""
    study = run.manifest.study
    shown: list[tuple[str, str, EffectRow | CoefficientRow, MarkStyle]] = [
        (effect_name(study, row), row.learner, row, METHOD_STYLES.get(row.method, PLAIN_STYLE))
        for row in effects.numbers
        if row.is_done
    ]
    shown += [(name, row.estimator, row, PLAIN_STYLE) for name, row in effects.slopes]
    for what, whose, row, style in shown:
        label = gettext("{what}: {whose}").format(what=what, whose=study.estimator_label(whose))
        yield Whisker(label, row.estimate, row.conf_low, row.conf_high, style)


def _label(run: Run, row: EffectRow) -> str:
    method = gettext(METHODS.get(row.method, row.method))
    parts = [method, run.manifest.study.estimator_label(row.learner)]
    return listed([*parts, *([row.group] if row.group else [])])


def plot_lines(run: Run, effects: SubjectEffects, lines: Sequence[Line]) -> Figure:
    """Return debiased lines of one form with bands, over the curves of the models in the same axes."""
    study, first = run.manifest.study, lines[0][0]
    is_curve = first.form == "curve"
    models = model_curves(run, effects) if is_curve else ()
    panels = [
        LinePanel([_series(run, rows)], has_zero=True, truth=_truth(run, effects) if is_curve else None)
        for rows in lines
    ]
    handles = panel_entries(panels, level=study.level)
    if models:
        name = study.estimator_label(models[0].estimator)
        label = name if len(models) == 1 else gettext("models, each a line")
        handles.insert(0, entry(drawable(shortened(label, 28)), width=MODEL_WIDTH))
    n_columns = min(2, len(lines))
    n_rows, is_wide = math.ceil(len(lines) / n_columns), n_columns > 1
    n_legend_rows = math.ceil(len(handles) / 3) if is_wide else len(handles)
    figure = new_figure(
        DOUBLE_COLUMN if is_wide else SINGLE_COLUMN, 0.4 + 0.15 * n_legend_rows + 2.5 * n_rows
    )
    grid = facets(figure, len(lines), (n_rows, n_columns))
    for axes, panel in zip(grid, panels, strict=True):
        at = panel.lines[0].line.at
        for model in models:
            within = (model.at >= at[0]) & (model.at <= at[-1])
            shown = np.where(within, model.estimate, np.nan)
            axes.plot(model.at, shown, color=GREY, linewidth=MODEL_WIDTH)
        plot_panel(axes, panel)
        axes.set_title(drawable_lines(panel.lines[0].label, 44), loc="left")
    outcome = study.axis_label(effects.outcome)
    y_label = gettext("{outcome}, less its mean") if is_curve else gettext("Effect on {outcome}")
    for axes in grid[::n_columns]:
        axes.set_ylabel(drawable_label(y_label.format(outcome=outcome), 34))
    x_label = study.axis_label(effects.exposure if is_curve else first.moderator)
    figure.supxlabel(drawable_label(x_label, 46), fontsize=8)
    figure.legend(handles=handles, loc="outside upper left", ncols=3 if is_wide else 1)
    return figure


def _series(run: Run, rows: Line) -> Series:
    """Return a debiased line in the colour of its method."""
    colour = METHOD_STYLES.get(rows[0].method, PLAIN_STYLE).colour
    return Series(banded_from(rows), _label(run, rows[0]), LineStyle(colour, "solid"))


def model_curves(run: Run, effects: SubjectEffects) -> tuple[Curve, ...]:
    """Return the curves of the models, less their mean over the rows; those of the study's exposure alone."""
    scenario = _scenario(run, effects)
    rug = rug_of(run, scenario)
    return tuple(
        replace(curve, estimate=centred(curve.at, curve.estimate, rug), bands=())
        for curve in curves_of(run, effects.outcome, scenario, "level")
    )


def _truth(run: Run, effects: SubjectEffects) -> TruthLine | None:
    """Return the true curve, less its mean over the rows."""
    scenario = _scenario(run, effects)
    line = truth_line(run, effects.outcome, scenario, "level")
    return line and TruthLine(line.at, centred(line.at, line.truth, rug_of(run, scenario)))


def _scenario(run: Run, effects: SubjectEffects) -> str:
    """Return the scenario of the models' curves over the same exposure; empty where there is none."""
    return leading_scenario(run) if effects.exposure == run.manifest.study.exposure else ""


def centred(at: Floats, curve: Floats, exposure: Floats) -> Floats:
    """Return a curve, (n_grid,), less its mean over the rows, whose exposures quantiles stand for."""
    return frozen_floats(curve - np.interp(exposure, at, curve).mean())


def _caption(run: Run, effects: SubjectEffects, first: EffectRow) -> str:
    """Return the caption of lines of the form of `first`."""
    study = run.manifest.study
    bands = gettext(
        "The inner band holds each point with {level} confidence, the outer one the whole line."
    ).format(level=percent(study.level, 0))
    exposure, outcome = study.label(effects.exposure), study.label(effects.outcome)
    if first.form == "conditional":
        return gettext("Debiased effect of {exposure} on {outcome} along {moderator}. {bands}").format(
            exposure=exposure, outcome=outcome, moderator=study.label(first.moderator), bands=bands
        )
    models = gettext(
        " Thin grey lines are the net effect curves of the models: what these predict, without a claim to an "
        "effect."
    )
    return gettext(
        "Debiased curve of {exposure} for {outcome}. It is less its mean over the rows. {bands}{shown}"
    ).format(
        exposure=exposure, outcome=outcome, bands=bands, shown=models if model_curves(run, effects) else ""
    )
