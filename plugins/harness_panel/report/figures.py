"""Figures of thresholds and treatments: likelihood ratios of places, effects by periods since the start."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harness.plugin.drawing import (
    DOUBLE_COLUMN,
    SINGLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    drawable,
    facets,
    new_figure,
)
from harness.plugin.reporting import Run, StudyRecord, file_slug, gettext, plain
from harness_panel.report.rows import EventRow, Fit, LikelihoodRow, rivals

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#333333"
DOTTED = (0, (1.0, 1.5))


def figures_of(run: Run, fit: Fit, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the figures of one fit: the likelihood of its thresholds, its event study."""
    study, found = run.manifest.study, run.view(rivals)
    outcome, estimator = fit
    named = gettext("{estimator} on {outcome}").format(
        estimator=study.estimator_label(estimator), outcome=study.label(outcome)
    )
    slug = f"{file_slug(outcome)}-{file_slug(estimator)}"
    likelihoods, events = found.likelihoods_of(fit), found.events_of(fit)
    if likelihoods:
        yield renderer.render(
            f"threshold-{slug}",
            plot_likelihoods(likelihoods, study),
            alt=gettext("Likelihood ratio of the places of thresholds of {named}.").format(named=named),
            caption=gettext(
                "{named}. Likelihood ratio of the estimated place of each threshold to other "
                "places, the other thresholds held. Places below the dashed line make up the "
                "95% set (Hansen 1999); it holds for independent errors of equal variance."
            ).format(named=named),
        )
    if events:
        yield renderer.render(
            f"event-study-{slug}",
            plot_events(events, study),
            alt=gettext("Effects by periods since the treatment started, {named}.").format(named=named),
            caption=gettext(
                "{named}: effect of {exposure} by periods since it started, against the "
                "period before, with pointwise 95% intervals. The outermost hold those "
                "further away."
            ).format(named=named, exposure=study.label(study.exposure)),
        )


def plot_likelihoods(rows: Sequence[LikelihoodRow], study: StudyRecord) -> Figure:
    """Return the figure of at least one threshold, a panel for each."""
    parts = [list(part) for _, part in groupby(rows, key=lambda row: row.threshold)]
    figure = new_figure(SINGLE_COLUMN if len(parts) == 1 else DOUBLE_COLUMN, 2.4)
    panels = facets(figure, len(parts), (1, len(parts)), share_x=False)
    for axes, part in zip(panels, parts, strict=True):
        place, critical = part[0].estimate, part[0].critical_05
        axes.grid(axis="y")
        axes.plot([row.at for row in part], [row.likelihood_ratio for row in part], color=BLUE, linewidth=1.0)
        axes.axhline(critical, color=ORANGE, linewidth=0.9, linestyle=(0, (4.0, 1.5)))
        axes.axvline(place, color=GREY, linewidth=0.7, linestyle=DOTTED)
        axes.set_title(
            gettext("threshold {threshold}: {place}").format(threshold=part[0].threshold, place=plain(place)),
            loc="left",
            fontsize=8,
        )
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    figure.supxlabel(drawable(study.axis_label(rows[0].variable)), fontsize=8)
    figure.supylabel(gettext("Likelihood ratio"), fontsize=8)
    return figure


def plot_events(rows: Sequence[EventRow], study: StudyRecord) -> Figure:
    """Return the figure of an event study."""
    figure = new_figure(SINGLE_COLUMN + 1.2, 2.5)
    axes = figure.subplots()
    axes.grid(axis="y")
    axes.axhline(0.0, color=GREY, linewidth=0.7)
    axes.axvline(-0.5, color=GREY, linewidth=0.7, linestyle=DOTTED)
    for row in rows:
        time, is_reference = row.event_time or 0, not math.isfinite(row.conf_low)
        colour = BLUE if time >= 0 else ORANGE
        if not is_reference:
            axes.plot([time, time], [row.conf_low, row.conf_high], color=colour, linewidth=1.2)
        axes.plot(
            time, row.estimate, "o", color=colour, markersize=4, fillstyle="none" if is_reference else "full"
        )
    axes.set_xticks(np.array([row.event_time or 0 for row in rows]))
    axes.set_xlabel(gettext("Periods since the start"))
    axes.set_ylabel(drawable(gettext("Effect on {outcome}").format(outcome=study.label(rows[0].outcome))))
    return figure
