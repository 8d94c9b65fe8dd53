"""The section of sensitivity: what variables as strong as those at hand would do to the debiased slope."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.blocks import Heading, Paragraph, ReportBlock, ReportFigure
from harness.report.sections.robustness import check_heading, together
from harness.report.sections.section import Section
from harness.tables.effects import SENSITIVITY, SensitivityRow
from harness.text.effects import fragility
from harness.text.numbers import fixed, percent, with_interval
from harness.text.plain_text import file_slug

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Covariates that the figure names, those that move the slope most; steps of its contours, and of its grid.
MOST_NAMED, N_CONTOURS, N_GRID = 3, 8, 60


def sensitivity_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the slopes by outcome, method and learner."""
    study = run.manifest.study
    for rows in together(run.rows(SENSITIVITY)):
        first, what = rows[0], check_heading(study, rows[0])
        yield Heading(what)
        if not first.is_done:
            yield Paragraph(first.reason)
            continue
        ranked = strongest_first(rows)
        yield Paragraph(" ".join(sentences(study, first, ranked)))
        slug = "-".join(map(file_slug, (first.outcome, first.exposure, first.method, first.learner)))
        yield ReportFigure(
            f"sensitivity-{slug}",
            plot_contours(study, first, ranked),
            alt=gettext("{what}: contours of the slope over the strength of an omitted variable.").format(
                what=what
            ),
            caption=gettext(
                "{what}: the slope if a variable were omitted that explains so much of the remaining "
                "exposure and outcome; on the bold line it is zero. Points: variables one, two and three "
                "times as strong as a covariate (Cinelli and Hazlett 2020)."
            ).format(what=what),
        )


def strongest_first(rows: tuple[SensitivityRow, ...]) -> list[list[SensitivityRow]]:
    """Return the rows of each covariate, the one first that moves the slope most."""
    groups = [list(own) for name, own in groupby(rows, key=lambda row: row.covariate) if name]
    return sorted(
        groups, key=lambda own: -own[0].r2_exposure * own[0].r2_outcome / (1.0 - own[0].r2_exposure)
    )


def sentences(study: StudyRecord, first: SensitivityRow, ranked: list[list[SensitivityRow]]) -> Iterator[str]:
    """Yield what brings the slope to zero, the strongest covariate, Oster's delta, and overlap."""
    yield fragility(first.robustness_value)
    once, twice = ranked[0][:2]
    if once.is_done and twice.is_done:
        words = gettext(
            "An omitted variable as strong as {covariate} would leave {once}; one twice as strong {twice}."
        )
        left = [with_interval(row.estimate, row.conf_low, row.conf_high) for row in (once, twice)]
        yield words.format(covariate=study.label(once.covariate), once=left[0], twice=left[1])
    yield gettext(
        "Oster's delta is {delta}: selection on omitted variables would have to be so many times that on the "
        "controls to bring the slope to zero, with an R² of 1.3 times theirs."
    ).format(delta=fixed(first.oster_delta, 2))
    yield gettext(
        "Overlap: for {share} of the rows, at least 5% of the exposure's variation is left among rows with a "
        "similar predicted exposure."
    ).format(share=percent(first.overlap, 0))


def plot_contours(study: StudyRecord, first: SensitivityRow, ranked: list[list[SensitivityRow]]) -> Figure:
    """Return contours of the slope over the partial R2 of an omitted variable, and those of covariates."""
    from harness.report.drawing.canvas import SINGLE_COLUMN, new_figure
    from harness.report.drawing.fonts import drawable_label
    from harness.report.drawing.palette import GREY, INK

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
    figure = new_figure(SINGLE_COLUMN, 4.0)
    axes = figure.subplots()
    axes.clabel(
        axes.contour(100 * x, 100 * y, slopes, levels=N_CONTOURS, colors=GREY, linewidths=0.6), fontsize=6
    )
    axes.contour(100 * x, 100 * y, slopes, levels=[0.0], colors=INK, linewidths=1.4)
    for own in named:
        if own:
            at = [(100 * row.r2_exposure, 100 * row.r2_outcome) for row in own]
            label = drawable_label(study.label(own[0].covariate), 40)
            axes.plot(*zip(*at, strict=True), marker="o", markersize=3, linewidth=0.5, label=label)
    if axes.lines:
        figure.legend(loc="outside upper left", ncols=1)
    axes.set_xlabel(gettext("Explained of the remaining exposure (%)"))
    axes.set_ylabel(gettext("Explained of the remaining outcome (%)"))
    return figure


SENSITIVITY_SECTION = Section(
    "sensitivity", marked("Sensitivity"), 772, sensitivity_blocks, tables=(SENSITIVITY.name,)
)
