"""What variables as strong as the covariates would do to the debiased slope, were they omitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats
from harness.findings.run import Run
from harness.language import gettext
from harness.record.manifest import StudyRecord
from harness.report.blocks import ReportFigure
from harness.report.sections.effect_rows import METHODS
from harness.report.sections.robustness import together
from harness.tables.effects import SENSITIVITY, SensitivityRow
from harness.text.numbers import plain
from harness.text.plain_text import file_slug, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Outcome, exposure, method and learner of a slope.
SlopeKey = tuple[str, str, str, str]

# Covariates that the figure names, those that move the slope most; steps of its contours, and of its grid.
MOST_NAMED, N_CONTOURS, N_GRID = 2, 6, 60
MOST_COLUMNS = 3


def strongest_of(run: Run) -> Mapping[SlopeKey, SensitivityRow]:
    """Return the row of an omitted variable as strong as the covariate that moves each slope most."""
    found = (strongest_first(rows)[0][0] for rows in together(run.rows(SENSITIVITY)) if rows[0].is_done)
    return {(row.outcome, row.exposure, row.method, row.learner): row for row in found if row.is_done}


def strongest_first(rows: tuple[SensitivityRow, ...]) -> list[list[SensitivityRow]]:
    """Return the rows of each covariate, the one first that moves the slope most."""
    groups = [list(own) for name, own in groupby(rows, key=lambda row: row.covariate) if name]
    return sorted(
        groups, key=lambda own: -own[0].r2_exposure * own[0].r2_outcome / (1.0 - own[0].r2_exposure)
    )


def sensitivity_figures(run: Run) -> list[ReportFigure]:
    """Return the contours by exposure, method and learner, a panel an outcome; the study's first."""
    study, found = run.manifest.study, dict[tuple[str, str, str], list[tuple[SensitivityRow, ...]]]()
    for rows in together(run.rows(SENSITIVITY)):
        if rows[0].is_done:
            found.setdefault((rows[0].exposure, rows[0].method, rows[0].learner), []).append(rows)
    primary = study.primary
    first = (study.exposure, primary.method, primary.learner) if primary else None
    return [_figure(study, found[key]) for key in sorted(found, key=lambda key: key != first)]


def _figure(study: StudyRecord, found: Sequence[tuple[SensitivityRow, ...]]) -> ReportFigure:
    row = found[0][0]
    method = gettext(METHODS.get(row.method, row.method))
    what = listed([study.label(row.exposure), method, study.estimator_label(row.learner)])
    return ReportFigure(
        "-".join(["sensitivity", *map(file_slug, (row.exposure, row.method, row.learner))]),
        plot_sensitivity(study, found),
        alt=gettext("{what}: contours of the slope over the strength of an omitted variable.").format(
            what=what
        ),
        caption=gettext(
            "{what}: the slope if an omitted variable explained these shares of the remaining variation of "
            "exposure and outcome; zero on the bold line. Points: a variable once, twice and three times as "
            "strong as a covariate (Cinelli and Hazlett 2020)."
        ).format(what=what),
    )


def plot_sensitivity(study: StudyRecord, found: Sequence[tuple[SensitivityRow, ...]]) -> Figure:
    """Return the contours of slopes of one exposure, a panel an outcome."""
    from harness.report.drawing.canvas import panel_grid
    from harness.report.drawing.fonts import drawable_label

    figure, grid = panel_grid(len(found), most_columns=MOST_COLUMNS, height=2.9, head=0.6, shared="none")
    for axes, rows in zip(grid, found, strict=True):
        plot_contours(axes, study, rows)
        axes.set_title(drawable_label(study.axis_label(rows[0].outcome), 30))
    figure.supxlabel(gettext("Explained of the remaining exposure (%)"))
    figure.supylabel(gettext("Explained of the remaining outcome (%)"))
    return figure


def plot_contours(axes: Axes, study: StudyRecord, rows: tuple[SensitivityRow, ...]) -> None:
    """Draw contours of the slope over the partial R2 of an omitted variable, and those of covariates."""
    from harness.report.drawing.fonts import drawable_label
    from harness.report.drawing.palette import GREY, INK

    first, ranked = rows[0], strongest_first(rows)
    named = [[row for row in own if row.is_done] for own in ranked[:MOST_NAMED]]
    value = first.robustness_value
    ends = [
        min(0.95, 1.15 * max([value, *(getattr(row, name) for own in named for row in own)]))
        for name in ("r2_exposure", "r2_outcome")
    ]
    x, y = (np.linspace(0.0, end, N_GRID) for end in ends)
    spread = abs(first.estimate) * np.sqrt(1.0 - value) / value
    bias = spread * np.sqrt(y[:, None] * x / (1.0 - x))
    slopes = first.estimate - np.sign(first.estimate) * bias
    lines = axes.contour(100 * x, 100 * y, slopes, levels=N_CONTOURS, colors=GREY, linewidths=0.6)
    # Where each contour meets the diagonal of the panel, so that no label is cut at an edge.
    places: Floats = np.interp(
        np.abs(np.asarray(lines.levels) - first.estimate), np.diag(bias), x, left=0.0, right=0.0
    )
    shown = [(100 * at, 100 * at * ends[1] / ends[0]) for at in places if 0.25 < at / ends[0] < 0.9]
    axes.clabel(lines, manual=shown, inline_spacing=2, fmt=plain)
    axes.contour(100 * x, 100 * y, slopes, levels=[0.0], colors=INK, linewidths=1.4)
    for own in named:
        if own:
            at = [(100 * row.r2_exposure, 100 * row.r2_outcome) for row in own]
            label = drawable_label(study.label(own[0].covariate), 24)
            axes.plot(*zip(*at, strict=True), marker="o", markersize=3, linewidth=0.5, label=label)
    if axes.lines:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=1, handlelength=1.2)
