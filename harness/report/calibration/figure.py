"""The figure of a calibration: how often gains were found, beside what the bands hold, with exact limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.language import gettext
from harness.report.drawing.canvas import DOUBLE_COLUMN, new_figure
from harness.report.drawing.fonts import drawable
from harness.report.text.plain_text import shortened

ROW_HEIGHT = 0.15
LABEL = 34
"""Characters of a row's label."""

FINE, OFF = "#00558c", "#a84300"


@dataclass(frozen=True)
class Line:
    """One share with its limits, fractions; `is_off` where the limits exclude what is promised."""

    label: str
    share: float
    low: float
    high: float
    is_off: bool


@dataclass(frozen=True)
class Block:
    """Shares under one heading, with the share that is promised; None where none is."""

    heading: str
    lines: tuple[Line, ...]
    promised: float | None


@dataclass(frozen=True)
class CalibrationScene:
    """What the figure shows of one outcome: gains on the left, bands on the right."""

    outcome: str
    gains: tuple[Block, ...]
    bands: tuple[Block, ...]


def draw_calibration(scenes: Sequence[CalibrationScene]) -> Figure:
    """Return the figure, a row of two panels for each outcome."""
    heights = [max(_height(scene.gains), _height(scene.bands)) for scene in scenes]
    figure = new_figure(DOUBLE_COLUMN, 0.5 + sum(ROW_HEIGHT * height + 0.6 for height in heights))
    grid = figure.subplots(len(scenes), 2, squeeze=False, height_ratios=heights)
    for scene, (left, right), height in zip(scenes, grid, heights, strict=True):
        _draw_blocks(left, scene.gains, height=height)
        _draw_blocks(right, scene.bands, height=height)
        name = gettext(": {outcome}").format(outcome=shortened(scene.outcome, 30)) if len(scenes) > 1 else ""
        left.set_title(drawable(gettext("Gains found{name}").format(name=name)), loc="left")
        right.set_title(drawable(gettext("Truth inside the band{name}").format(name=name)), loc="left")
        left.set_xlabel(gettext("Panels (%)"))
        right.set_xlabel(gettext("Panels, or share of the curve (%)"))
    return figure


def _height(blocks: Sequence[Block]) -> int:
    return sum(1 + len(block.lines) for block in blocks)


def _draw_blocks(axes: Axes, blocks: Sequence[Block], *, height: int) -> None:
    place, labels, headings = 0, [], []
    for block in blocks:
        headings.append(place)
        labels.append(block.heading)
        start = place
        for line in block.lines:
            place += 1
            labels.append(line.label)
            _draw_line(axes, line, place)
        if block.promised is not None:
            at = [100 * block.promised] * 2
            axes.plot(at, [start + 0.4, place + 0.5], color="#1a1a1a", linewidth=0.9, linestyle=(0, (3, 1.5)))
        place += 1
    axes.set_yticks(range(len(labels)), [drawable(shortened(label, LABEL)) for label in labels], fontsize=8)
    for heading in headings:
        axes.get_yticklabels()[heading].set_fontweight("bold")
    axes.set_ylim(height - 0.4, -0.6)
    axes.set_xlim(-2.0, 102.0)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _draw_line(axes: Axes, line: Line, place: int) -> None:
    colour = OFF if line.is_off else FINE
    axes.plot([100 * line.low, 100 * line.high], [place, place], color=colour, linewidth=1.1)
    axes.plot(
        100 * line.share,
        place,
        marker="D" if line.is_off else "o",
        markerfacecolor="white" if line.is_off else colour,
        markeredgecolor=colour,
        markersize=4,
    )
