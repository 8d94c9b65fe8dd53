"""The figures of debiased effects: numbers next to coefficients, curves over those of the models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from harness.findings.lines import POINTWISE, Banded, banded_from
from harness.findings.run import Run
from harness.language import gettext
from harness.report.blocks import ReportFigure
from harness.report.drawing import canvas, lines
from harness.report.drawing.fonts import drawable, drawable_label
from harness.report.drawing.forest import plot_forests
from harness.report.drawing.lines import LinePanel, Series, plot_panel_grid
from harness.report.drawing.palette import METHOD_STYLES, PLAIN_STYLE, LineStyle, Whisker
from harness.report.sections.effect_rows import METHODS, SubjectEffects, effect_name, model_curves
from harness.tables.effects import LINEAR, EffectRow
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, listed

MOST_COLUMNS = 3
# Inches of a row of panels of curves.
CURVE_HEIGHT = 2.4


def forest(run: Run, found: Sequence[SubjectEffects]) -> Iterator[ReportFigure]:
    """Yield the effects of one exposure next to the coefficients of models, a panel an outcome."""
    study = run.manifest.study
    panels = [
        (study.axis_label(effects.outcome), whiskers)
        for effects in found
        if (whiskers := tuple(whiskers_of(run, effects)))
    ]
    if panels:
        exposure = study.label(found[0].exposure)
        yield ReportFigure(
            f"effects-{file_slug(found[0].exposure)}",
            plot_forests(
                panels, x_label=gettext("Effect of one unit of {exposure}").format(exposure=exposure)
            ),
            alt=gettext("Effects of {exposure} by method, next to coefficients of models.").format(
                exposure=exposure
            ),
            caption=gettext(
                "Effect of one unit of {exposure} with {level} confidence intervals: debiased in colour, "
                "regression coefficients in grey."
            ).format(exposure=exposure, level=percent(study.level, 0)),
        )


def effect_curves(run: Run, found: Sequence[SubjectEffects]) -> Iterator[ReportFigure]:
    """Yield the debiased curves of one exposure over those of the models, a panel an outcome."""
    study, shown = run.manifest.study, [effects for effects in found if effects.lines("curve")]
    if shown:
        exposure = study.label(shown[0].exposure)
        names = (_label(run, own, rows[0]) for own in shown for rows in own.lines("curve"))
        models = gettext(" Thin grey lines are the curves of the models.")
        yield ReportFigure(
            f"effects-curve-{file_slug(shown[0].exposure)}",
            plot_effect_curves(run, shown),
            alt=gettext("Debiased dose-response curves of {exposure}: {names}.").format(
                exposure=exposure, names=listed(dict.fromkeys(names))
            ),
            caption=gettext(
                "Debiased dose-response curves of {exposure}: outcome at each exposure, less its mean, with "
                "pointwise {level} bands.{models}"
            ).format(
                exposure=exposure,
                level=percent(study.level, 0),
                models=models if model_curves(run, shown[0])[0] else "",
            ),
        )


def conditional_figures(run: Run, effects: SubjectEffects) -> Iterator[ReportFigure]:
    """Yield debiased effects along each moderator."""
    study, lines = run.manifest.study, effects.lines("conditional")
    for moderator in dict.fromkeys(rows[0].moderator for rows in lines):
        panels = [
            (
                _label(run, effects, rows[0]),
                LinePanel([Series(banded_from(rows), "", _style(rows[0]))], has_zero=True),
            )
            for rows in lines
            if rows[0].moderator == moderator
        ]
        words = gettext("Debiased effect of {what} along {moderator}.")
        text = words.format(what=effects.named(study), moderator=study.label(moderator))
        labels = (
            study.axis_label(moderator),
            gettext("Effect on {outcome}").format(outcome=study.axis_label(effects.outcome)),
        )
        yield ReportFigure(
            "-".join(
                ["effects-conditional", *map(file_slug, (effects.outcome, effects.exposure, moderator))]
            ),
            plot_panel_grid(panels, labels=labels, level=study.level),
            alt=text,
            caption=text,
        )


def whiskers_of(run: Run, effects: SubjectEffects) -> Iterator[Whisker]:
    """Yield the numbers of the forest: effects, then coefficients."""
    study = run.manifest.study
    for row in effects.numbers:
        if row.is_done and row.band != LINEAR:
            label = effects.named_effect(study, row, effect_name(study, row))
            style = METHOD_STYLES.get(row.method, PLAIN_STYLE)
            yield Whisker(label, row.estimate, row.conf_low, row.conf_high, style)
    for slope in effects.slopes:
        label = study.estimator_label(slope.estimator)
        yield Whisker(label, slope.estimate, slope.conf_low, slope.conf_high)


def _label(run: Run, effects: SubjectEffects, row: EffectRow) -> str:
    name = gettext(METHODS.get(row.method, row.method))
    return listed([effects.named_effect(run.manifest.study, row, name), *([row.group] if row.group else [])])


def _style(row: EffectRow) -> LineStyle:
    return LineStyle(METHOD_STYLES.get(row.method, PLAIN_STYLE).colour)


def _pointwise(rows: Sequence[EffectRow]) -> Banded:
    """Return a line with its pointwise band alone: that of all points would hide the other methods."""
    line = banded_from(rows)
    return replace(line, bands=tuple(band for band in line.bands if band.kind == POINTWISE))


def plot_effect_curves(run: Run, found: Sequence[SubjectEffects]) -> Figure:
    """Return debiased curves with pointwise bands over the curves of the models, a panel an outcome."""
    study = run.manifest.study
    width, height = canvas.DOUBLE_COLUMN, CURVE_HEIGHT
    figure, grid = canvas.panel_grid(
        len(found), most_columns=MOST_COLUMNS, height=height, head=0.8, width=width, shared="none"
    )
    panels, has_models = [], False
    for axes, effects in zip(grid, found, strict=True):
        models, truth = model_curves(run, effects)
        shown = [
            lines.Series(_pointwise(rows), _label(run, effects, rows[0]), _style(rows[0]))
            for rows in effects.lines("curve")
        ]
        panels.append(lines.LinePanel(shown, truth=truth, has_zero=True))
        has_models |= bool(models)
        for curve in models:
            lines.plot_styled(axes, curve.at, curve.estimate, lines.THIN)
        lines.plot_panel(axes, panels[-1])
        axes.set_ylabel(drawable_label(study.axis_label(effects.outcome), 34))
    figure.supxlabel(drawable_label(study.axis_label(found[0].exposure), 60))
    handles = [
        *lines.line_entries(series for panel in panels for series in panel.lines),
        *lines.panel_entries(panels, level=study.level),
        *([lines.entry(drawable(gettext("models, each a line")), lines.THIN)] if has_models else []),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure
