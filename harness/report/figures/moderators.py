"""The figures of moderators: effects along them, contours, and the page of surfaces that can be turned."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from harness.arrays import Floats, Mask
from harness.findings.lines import POINTWISE, SIMULTANEOUS, conditional_effects, true_rows, truth_line
from harness.findings.run import Run
from harness.language import marked, rendered, spaced, topic
from harness.record.manifest import EstimatorRecord, StudyRecord
from harness.report.blocks import ReportFigure
from harness.report.drawing import lines
from harness.report.drawing.canvas import DOUBLE_COLUMN, SINGLE_COLUMN, drawable_label, new_figure, panel_grid
from harness.report.drawing.lines import entry
from harness.report.drawing.palette import SURFACE_MAP, THRESHOLD_COLOUR, LineStyle
from harness.report.render.html import environment, packaged, script_hash, style_sheet
from harness.report.sections import heterogeneity_tables as answers
from harness.report.sections.section import featured
from harness.tables.heterogeneity import SurfaceKey, ThresholdRow
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, listed, printable

gettext = topic("report.moderators")


# Panels of contours side by side, and inches of a row of them.
MOST_CONTOURS, CONTOUR_HEIGHT = 3, 2.2

# Most steps between contours, and most signs along each axis: of a finer grid every second or third is shown.
N_LEVELS = 12
MOST_SIGNS = 9

# Columns of effects along moderators, and inches of a row.
MOST_COLUMNS, EFFECT_HEIGHT = 4, 1.6

# What lies over cells that the data do not reach.
VEIL = "#ffffffc8"
EDGE = "#9a9a9a"

SIGN_NAMES = {
    "^": marked("effect above zero, its interval too"),
    "v": marked("effect below zero, its interval too"),
}


def conditional_figures(run: Run, estimator: EstimatorRecord) -> Iterator[ReportFigure]:
    """Yield the effect of one estimator along the moderators, a row an outcome."""
    study = run.manifest.study
    found = [effect.key for effect in run.view(conditional_effects) if effect.key.estimator == estimator.id]
    questions = list(dict.fromkeys((key.scenario, key.moderator) for key in found))
    for start in range(0, len(questions), MOST_COLUMNS):
        shown = questions[start : start + MOST_COLUMNS]
        moderators = listed(study.label(moderator) for _, moderator in shown)
        words = {"exposure": study.label(study.exposure), "moderators": moderators, "label": estimator.label}
        words |= {"level": percent(study.level, 0)}
        yield ReportFigure(
            f"conditional-{start // MOST_COLUMNS + 1}",
            plot_conditional(run, [key for key in found if (key.scenario, key.moderator) in shown]),
            alt=gettext("Effect of {exposure} along {moderators}, {label}.").format(**words),
            caption=gettext(
                "Effect of one unit of {exposure} at each value of a moderator: {label}, with pointwise "
                "(stronger) and simultaneous (fainter) {level} bands."
            ).format(**words),
        )


def plot_conditional(run: Run, keys: Sequence[SurfaceKey]) -> Figure:
    """Return effects along moderators, at least one: a row an outcome, a column a moderator."""
    study = run.manifest.study
    columns = list(dict.fromkeys((key.scenario, key.moderator) for key in keys))
    outcomes = list(dict.fromkeys(key.outcome for key in keys))
    width = DOUBLE_COLUMN if len(columns) > 1 else SINGLE_COLUMN
    figure = new_figure(width, 0.9 + EFFECT_HEIGHT * len(outcomes))
    grid = figure.subplots(len(outcomes), len(columns), sharex="col", sharey="row", squeeze=False)
    panels = {key: effect_panel(run, key) for key in keys}
    for key, panel in panels.items():
        row, column = outcomes.index(key.outcome), columns.index((key.scenario, key.moderator))
        axes = grid[row, column]
        lines.plot_panel(axes, panel)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
        if row == len(outcomes) - 1:
            axes.set_xlabel(drawable_label(study.axis_label(key.moderator), 24, lines=4))
        if column == 0:
            axes.set_ylabel(drawable_label(study.axis_label(key.outcome), 24))
    handles = lines.panel_entries(
        list(panels.values()), level=study.level, turn=gettext("true change of sign")
    )
    figure.legend(handles=handles, loc="outside upper left", ncols=3 if len(columns) > 1 else 1)
    return figure


def surface_figures(
    run: Run, question: tuple[str, str], estimator: EstimatorRecord
) -> Iterator[ReportFigure]:
    """Yield the contours of one estimator over exposure and moderator, a panel an outcome."""
    study, (scenario, moderator) = run.manifest.study, question
    every = (SurfaceKey(scenario, moderator, outcome, estimator.id) for outcome in study.outcomes)
    keys = [
        key
        for key in every
        if key in run.view(answers.surfaces) and answers.effect_along(run, key) is not None
    ]
    if keys:
        words = {"exposure": study.label(study.exposure), "moderator": study.label(moderator)}
        words |= {"label": estimator.label}
        yield ReportFigure(
            f"surface-{file_slug(scenario)}",
            plot_surfaces(run, keys),
            alt=gettext("Contours over {exposure} and {moderator}, {label}.").format(**words),
            caption=gettext(
                "{label}: mean prediction over {exposure} and {moderator}. Triangles: the interval of the "
                "effect excludes zero, up for a rise."
            ).format(**words),
        )


def effect_panel(run: Run, key: SurfaceKey) -> lines.LinePanel:
    """Return the effect along a moderator as it is drawn, with what is true of it."""
    effect, truths = answers.effect_along(run, key), true_rows(run, key.outcome, key.scenario, "threshold")
    return lines.LinePanel(
        [lines.series_of(run.manifest.study, effect, key.estimator)] if effect is not None else [],
        truth=truth_line(run, key.outcome, key.scenario, "conditional_effect", along="moderator_at"),
        turns=[row.moderator_at for row in truths],
        has_zero=True,
    )


def plot_surfaces(run: Run, keys: Sequence[SurfaceKey]) -> Figure:
    """Return the contours of one estimator and moderator, at least one, a panel an outcome."""
    study, found = run.manifest.study, run.view(answers.surfaces)
    figure, panels = panel_grid(
        len(keys), most_columns=MOST_CONTOURS, height=CONTOUR_HEIGHT, head=1.0, shared="none"
    )
    truths, thresholds = (
        [answers.true_levels(run, key) for key in keys],
        [answers.thresholds_of(run, key) for key in keys],
    )
    for axes, key, truth, own in zip(panels, keys, truths, thresholds, strict=True):
        filled = plot_contours(axes, found[key], own, truth)
        levels = np.asarray(filled.levels)
        bar = figure.colorbar(filled, ax=axes, ticks=levels[:: math.ceil(levels.size / 6)])
        bar.outline.set_linewidth(0.4)
        axes.set_title(drawable_label(study.axis_label(key.outcome), 24))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=2))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    figure.supxlabel(drawable_label(study.axis_label(study.exposure), 60))
    figure.supylabel(drawable_label(study.axis_label(keys[0].moderator), 32, lines=3))
    handles = [*surface_entries([found[key] for key in keys], [row for own in thresholds for row in own])]
    handles += [lines.truth_entry()] if any(truth is not None for truth in truths) else []
    figure.legend(handles=handles, loc="outside upper left", ncols=3 if len(keys) > 1 else 1)
    return figure


def plot_contours(
    axes: Axes, surface: answers.Surface, thresholds: Iterable[ThresholdRow], truth: Floats | None = None
) -> ContourSet:
    """Draw the contours of one surface; return the filled ones, for a colour bar.

    The exposure is on the horizontal axis. Cells that the data do not reach are hatched; triangles stand in
    those where the effect's interval excludes zero, pointing up for a positive one; the black line is where
    the effect is zero, the bold ones are the moderator values at which the average effect changes its sign.

    Parameters
    ----------
    truth : (n_exposure, n_moderator), true levels, whose contours are dashes at every second step
    """
    grids = surface.exposure_at, surface.moderator_at
    levels = MaxNLocator(N_LEVELS).tick_values(*surface.level_range)
    filled = axes.contourf(*grids, surface.estimate.T, levels=levels, cmap=SURFACE_MAP, extend="both")
    axes.contour(
        *grids, surface.estimate.T, levels=filled.levels, colors="white", linewidths=0.3, linestyles="solid"
    )
    if not surface.supported.all():
        away = (~surface.supported).astype(np.float64)
        veil = axes.contourf(*grids, away.T, levels=[0.5, 1.5], colors=[VEIL], hatches=["/////"])
        veil.set(edgecolor=EDGE, linewidth=0)
    if changes_sign(surface):
        effect = np.ma.masked_where(~surface.supported, surface.effect)
        axes.contour(*grids, effect.T, levels=[0.0], colors="black", linestyles="solid", linewidths=1.2)
    _plot_signs(axes, surface)
    plot_thresholds(axes, thresholds)
    if truth is not None:
        steps = np.asarray(filled.levels)[1::2]
        look, dashes = lines.TRUTH_STYLE.colour, [lines.TRUTH_STYLE.dash]
        axes.contour(*grids, truth.T, levels=steps, colors=look, linestyles=dashes, linewidths=0.7)
    axes.grid(visible=False)
    return filled


def changes_sign(surface: answers.Surface) -> bool:
    """Return whether the effect is above zero in some supported cells and below it in others."""
    effect = surface.effect[surface.supported]
    return bool((effect > 0.0).any() and (effect < 0.0).any())


def established_signs(surface: answers.Surface) -> dict[str, Mask]:
    """Return by marker the supported cells where the effect's interval is above, and below, zero."""
    signs = {"^": surface.effect_low > 0.0, "v": surface.effect_high < 0.0}
    return {marker: shown & surface.supported for marker, shown in signs.items()}


def _plot_signs(axes: Axes, surface: answers.Surface) -> None:
    grids = surface.exposure_at, surface.moderator_at
    steps = [max(1, math.ceil(grid.size / MOST_SIGNS)) for grid in grids]
    every = tuple(slice(step // 2, None, step) for step in steps)
    across, up = np.meshgrid(grids[0][every[0]], grids[1][every[1]], indexing="ij")
    for marker, established in established_signs(surface).items():
        shown = established[every]
        axes.plot(
            across[shown],
            up[shown],
            linestyle="none",
            marker=marker,
            markersize=2.6,
            markerfacecolor="white",
            markeredgecolor="black",
            markeredgewidth=0.4,
        )


def plot_thresholds(axes: Axes, thresholds: Iterable[ThresholdRow]) -> None:
    """Draw a line at each moderator value where the effect changes its sign, dashed ones at its interval."""
    for row in thresholds:
        limits = ((limit, 0.7, (0, (3.0, 1.5))) for limit in (row.conf_low, row.conf_high))
        for at, width, dash in ((row.at, 1.3, "solid"), *limits):
            if row.kind != answers.NONE and math.isfinite(at):
                # Cased in white.
                around = [withStroke(linewidth=width + 1.0, foreground="white")]
                axes.axhline(at, color=THRESHOLD_COLOUR, linewidth=width, linestyle=dash, path_effects=around)


def surface_entries(
    surfaces: Sequence[answers.Surface], thresholds: Iterable[ThresholdRow]
) -> Iterator[Artist]:
    """Yield the entries of a legend for what any of the surfaces shows."""
    if not all(surface.supported.all() for surface in surfaces):
        label = gettext("few entities near")
        yield Patch(facecolor="white", edgecolor=EDGE, hatch="/////", linewidth=0, label=label)
    for marker, name in SIGN_NAMES.items():
        if any(established_signs(surface)[marker].any() for surface in surfaces):
            yield entry(rendered(name), LineStyle("black", "none"), marker=marker, size=3.5)
    if any(map(changes_sign, surfaces)):
        yield entry(gettext("effect of zero"), LineStyle("black", width=1.2))
    known = [row for row in thresholds if row.kind != answers.NONE]
    if known:
        label = gettext("average effect changes sign")
        if any(math.isfinite(row.conf_low) for row in known):
            label += gettext(", with interval (dashed)")
        yield entry(label, LineStyle(THRESHOLD_COLOUR))


# Significant digits of the numbers on the page; the table `surfaces` has all of them.
DIGITS = 5

# Characters that would end a script, or a line in it, each as JSON may write it as well.
UNSAFE = {letter: f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


def surface_page(run: Run) -> str:
    """Return the page as one HTML document, for a run that has surfaces.

    Its policy allows the two scripts that it carries, by their hashes, and no request.
    """
    from plotly.offline import get_plotlyjs

    library, script = get_plotlyjs(), packaged("surfaces.js")
    template = environment().get_template("surfaces.html.j2")
    return spaced(
        template.render(
            study=run.manifest.study,
            data=run.manifest.data,
            style=style_sheet(packaged("surfaces.css")),
            hashes=[script_hash(source) for source in (library, script)],
            library=Markup(library),  # noqa: S704 - a file of the library
            script=Markup(script),  # noqa: S704 - a file of this package
            content=Markup(spaced(script_json(surface_content(run)))),  # noqa: S704 - escaped for a script element
        )
    )


def script_json(content: object) -> str:
    """Return JSON that can stand in a script element whatever texts it holds."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter, escaped in UNSAFE.items():  # `translate` takes .5 s for the text of a large run
        text = text.replace(letter, escaped)
    return text


def surface_content(run: Run) -> dict[str, Any]:
    """Return what the page's script reads: labels, and every surface with its conditional effect."""
    study, found = run.manifest.study, run.view(answers.surfaces)
    outcomes = list(dict.fromkeys(key.outcome for key in found))
    questions = list(dict.fromkeys((key.scenario, key.moderator) for key in found))
    # Featured estimators first, then the others as in the study.
    order = [entry.id for entry in (*featured(run), *study.estimators)]
    estimators = sorted({key.estimator for key in found}, key=order.index)
    return {
        "words": _words(),
        "exposure": printable(study.axis_label(study.exposure)),
        "outcomes": [printable(study.axis_label(name)) for name in outcomes],
        "effects": [printable(lines.effect_label(study, name)) for name in outcomes],
        "moderators": _moderators(study, questions),
        "estimators": [printable(study.estimator_label(name)) for name in estimators],
        "surfaces": [
            {
                "outcome": outcomes.index(key.outcome),
                "moderator": questions.index((key.scenario, key.moderator)),
                "estimator": estimators.index(key.estimator),
                **_layers(surface),
                **_line_of(run, key),
                "truth": _true_layers(run, key),
            }
            for key, surface in found.items()
        ],
    }


def _words() -> dict[str, str]:
    """Return what the script writes, in the language in use; `%` stands for what it fills in."""
    return {
        "limits": gettext("limits of the level: % to %"),
        "effect": gettext("effect: % (% to %)"),
        "near": gettext("rows near: %"),
        "simultaneous": gettext("simultaneous band"),
        "pointwise": gettext("pointwise band"),
        "line": gettext("effect"),
        "truth": rendered(lines.TRUTH),
        "changes": gettext("the moderator value at which the effect changes its sign: %"),
        "unchanged": gettext("a change of the effect's sign; none is significant here"),
    }


def _moderators(study: StudyRecord, questions: Sequence[tuple[str, str]]) -> list[str]:
    """Return the labels of the moderators, with their scenario where two scenarios share one."""
    names = [name for _, name in questions]
    return [
        printable(study.axis_label(name) + (f" · {scenario}" if names.count(name) > 1 else ""))
        for scenario, name in questions
    ]


def _layers(surface: answers.Surface) -> dict[str, Any]:
    """Return the grids and layers of a surface, a row a moderator value."""
    return {
        "x": rounded(surface.exposure_at),
        "y": rounded(surface.moderator_at),
        "supported": surface.supported.T.astype(int).tolist(),
        **{name: [rounded(row) for row in getattr(surface, name).T] for name in answers.LAYERS},
    }


def _line_of(run: Run, key: SurfaceKey) -> dict[str, Any]:
    """Return the effect along the moderator with its bands, and where it changes its sign."""
    line = answers.effect_along(run, key)
    shown = None
    if line is not None:
        bands = [band for kind in (POINTWISE, SIMULTANEOUS) if (band := line.band(kind)) is not None]
        limits = {band.kind: {"low": rounded(band.low), "high": rounded(band.high)} for band in bands}
        shown = {"at": rounded(line.at), "effect": rounded(line.estimate), **limits}
    known = [row for row in answers.thresholds_of(run, key) if math.isfinite(row.at)]
    return {
        "line": shown,
        "thresholds": [{"at": row.at, "text": printable(answers.threshold_text(row))} for row in known],
    }


def _true_layers(run: Run, key: SurfaceKey) -> dict[str, Any] | None:
    """Return the true levels and the true conditional effect, None where they are not known."""
    levels = answers.true_levels(run, key)
    line = truth_line(run, key.outcome, key.scenario, "conditional_effect", along="moderator_at")
    if levels is None or line is None:
        return None
    at, effect = rounded(line.at), rounded(line.truth)
    return {"estimate": [rounded(row) for row in levels.T], "at": at, "effect": effect}


def rounded(values: Floats | Iterable[float]) -> list[float | None]:
    """Return numbers with `DIGITS` significant digits, None for those that are not finite."""
    return [
        float(f"{number:.{DIGITS}g}") if math.isfinite(number) else None
        for number in np.asarray(values).tolist()
    ]
