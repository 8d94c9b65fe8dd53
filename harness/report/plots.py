"""Figures of a run on the axes of a script, in the settings of matplotlib that the script has."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Text

from harness.findings.lines import Curve
from harness.findings.run import Gains, Run
from harness.language import topic
from harness.report.drawing import lines
from harness.report.drawing.canvas import MARK_COLOUR, drawable, drawable_label, families
from harness.report.drawing.forest import cut_limits, name_rows, plot_rows, plot_whisker, zero_axis
from harness.report.drawing.palette import LineStyle, MarkStyle, Whisker, line_style
from harness.report.figures.curves import curve_labels, curve_panel, further_entries
from harness.report.front import effect_whiskers
from harness.report.sections.accuracy import gain_whisker
from harness.report.sections.coefficients import TableChoice, chosen, term_label
from harness.text.scale import unit_of

gettext = topic("report.plots")


# How far from the middle of its row the first and the last of several estimators stand.
SPREAD = 0.15


def new_axes() -> Axes:
    """Return the axes of a new figure, which a notebook shows."""
    from matplotlib import pyplot as plt

    axes: Axes = plt.subplots(layout="constrained")[1]
    return axes


def plot_gain(run: Run, axes: Axes, *, outcome: str, protocol: str, estimators: Collection[str]) -> None:
    """Draw the gains of estimators under one protocol, per cent, with their intervals."""
    gains = Gains(run)
    (under,) = (one for one in run.manifest.study.protocols if one.id == protocol)
    candidates = [entry for entry in gains.candidates if entry.id in estimators]
    shown = [gain_whisker(entry.label, gains.row(outcome, entry.id, under.id)) for entry in candidates]
    start, end = cut_limits(number for one in shown for number in one.numbers)
    _plot_named(axes, shown, start=start)
    axes.set_xlim(start, end)
    axes.set_title(drawable(under.title))
    label = gettext("Gain over {reference_label} (%)").format(reference_label=gains.reference_label)
    axes.set_xlabel(drawable_label(label, 60))


def plot_effect(run: Run, axes: Axes, *, outcome: str) -> None:
    """Draw the effect of the exposure by estimator and debiasing method, with intervals."""
    label, shown = effect_whiskers(run, outcome)
    _plot_named(axes, shown)
    unit = unit_of(run.manifest.study, outcome)
    axes.set_xlabel(drawable_label(f"{label} ({unit})" if unit else label, 60))


def plot_coefficients(run: Run, axes: Axes, *, outcome: str, choice: TableChoice) -> None:
    """Draw coefficients with intervals, a row a term, the estimators of a term beneath each other."""
    study, (columns, terms) = run.manifest.study, chosen(run, outcome, choice)
    zero_axis(axes)
    places = np.linspace(-SPREAD, SPREAD, len(columns)) if len(columns) > 1 else np.zeros(1)
    positions, handles = {entry.id: at for at, entry in enumerate(study.estimators)}, []
    for (name, own), shift in zip(columns.items(), places.tolist(), strict=True):
        style = LineStyle(line_style(positions[name]).colour)
        mark, label = MarkStyle(style.colour, style.colour), drawable(study.estimator_label(name))
        handles.append(lines.entry(label, style, marker=mark.marker, fill=mark.fill))
        for row, term in enumerate(terms):
            if term in own:
                numbers = own[term].estimate, own[term].conf_low, own[term].conf_high
                plot_whisker(axes, Whisker("", *numbers, mark), row + shift)
    name_rows(axes, [drawable(term_label(study, term)) for term in terms])
    axes.set_xlabel(drawable_label(lines.effect_label(study, outcome), 60))
    if len(handles) > 1:
        axes.legend(handles=handles)


def plot_events(run: Run, axes: Axes, *, outcome: str, rows: pd.DataFrame) -> None:
    """Draw effects by periods since the start of a treatment, estimators next to each other."""
    study = run.manifest.study
    names = list(dict.fromkeys(rows["estimator"]))
    positions, handles = {entry.id: position for position, entry in enumerate(study.estimators)}, []
    shifts = np.linspace(-SPREAD, SPREAD, len(names)) if len(names) > 1 else np.zeros(1)
    axes.axhline(0.0, color=MARK_COLOUR, linewidth=0.7)
    axes.axvline(-0.5, color=MARK_COLOUR, linewidth=0.7, linestyle=":")
    for name, shift in zip(names, shifts.tolist(), strict=True):
        style, shown = LineStyle(line_style(positions[name]).colour), rows[rows["estimator"] == name]
        times = shown["event_time"] + shift
        axes.vlines(times, shown["conf_low"], shown["conf_high"], color=style.colour)
        axes.plot(times, shown["estimate"], "o", color=style.colour)
        mark = MarkStyle(style.colour, style.colour)
        label = drawable(study.estimator_label(name))
        handles.append(lines.entry(label, style, marker=mark.marker, fill=mark.fill))
    axes.set_xticks(sorted(set(rows["event_time"])))
    axes.set_xlabel(gettext("Periods since the start"))
    axes.set_ylabel(drawable_label(lines.effect_label(study, outcome), 40))
    if len(handles) > 1:
        axes.legend(handles=handles)


def plot_curve(run: Run, axes: Axes, *, curves: Sequence[Curve]) -> None:
    """Draw curves of one outcome, scenario and kind, at least one, with their bands."""
    study, panel = run.manifest.study, curve_panel(run, curves)
    lines.plot_panel(axes, panel)
    across, up = curve_labels(study, curves[0])
    axes.set_xlabel(drawable_label(across, 60))
    axes.set_ylabel(drawable_label(up, 40))
    axes.legend(handles=[*lines.line_entries(panel.lines), *further_entries(run, curves, [panel])])


def _plot_named(axes: Axes, whiskers: Sequence[Whisker], *, start: float = -np.inf) -> None:
    plot_rows(axes, whiskers, start=start)
    name_rows(axes, [drawable(one.label) for one in whiskers])


def finish(run: Run, axes: Axes) -> None:
    """Write where data are simulated that they are, and let texts fall back on a font with Chinese."""
    if run.manifest.data.simulated:
        words = gettext("SIMULATED DATA")
        axes.text(1.01, 0.5, words, rotation=90, va="center", color=MARK_COLOUR, transform=axes.transAxes)
    for text in axes.findobj(Text):
        if isinstance(text, Text):
            text.set_fontfamily([*text.get_fontfamily(), *families()])
