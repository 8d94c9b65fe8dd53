"""The figure of a calibration: how often gains were found, next to what the bands hold, with exact limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.calibration.rows import BANDS, GAIN, VERDICT, Calibration, CalibrationRow
from harness.language import gettext
from harness.report.blocks import ReportFigure
from harness.report.drawing import canvas
from harness.report.drawing.fonts import drawable
from harness.text.numbers import count, percent
from harness.text.plain_text import capitalised, shortened

ROW_HEIGHT = 0.15

# Characters of a row's label.
LABEL = 34

FINE, OFF = "#00558c", "#a84300"

# A heading, the shares under it, and the share that is promised; None where none is.
Shares = tuple[str, Sequence[CalibrationRow], float | None]


def calibration_figure(found: Calibration) -> ReportFigure:
    """Return the figure; its data are simulated, whatever those of the study are."""
    with canvas.house_style():
        figure = ReportFigure(
            "calibration-with-effect" if found.effect else "calibration",
            plot_calibration(found),
            alt=gettext(
                "Dots with limits: how often a gain was found, and how often bands covered the truth."
            ),
            caption=gettext(
                "Left: share of {n_panels} panels in which a gain was found, by protocol. Right: "
                "share in which the simultaneous band covers the whole true curve, and share of "
                "the curve covered by pointwise bands. Bars: exact binomial {limits} limits. "
                "Dashed lines: nominal rates, for gains upper bounds. Open diamonds: the limits "
                "lie on the wrong side of the nominal rate."
            ).format(n_panels=count(found.n_panels), limits=percent(found.limits, 0)),
        )
        return canvas.finish(figure, is_simulated=True)


def plot_calibration(found: Calibration) -> Figure:
    """Return the figure, a row of two panels for each outcome: gains on the left, bands on the right."""
    study = found.manifest.study
    sides = [(list(_gains(found, outcome)), list(_bands(found, outcome))) for outcome in study.outcomes]
    heights = [max(sum(1 + len(rows) for _, rows, _ in side) for side in both) for both in sides]
    figure = canvas.new_figure(
        canvas.DOUBLE_COLUMN, 0.5 + sum(ROW_HEIGHT * height + 0.6 for height in heights)
    )
    grid = figure.subplots(len(sides), 2, squeeze=False, height_ratios=heights)
    for outcome, both, axes, height in zip(study.outcomes, sides, grid, heights, strict=True):
        for side, shares in zip(axes, both, strict=True):
            _plot_side(side, found, shares, height=height)
        left, right = axes
        label = shortened(study.label(outcome), 30)
        name = gettext(": {outcome}").format(outcome=label) if len(sides) > 1 else ""
        left.set_title(drawable(gettext("Gains found{name}").format(name=name)), loc="left")
        right.set_title(drawable(gettext("Truth inside the band{name}").format(name=name)), loc="left")
        left.set_xlabel(gettext("Panels (%)"))
        right.set_xlabel(gettext("Panels, or share of the curve (%)"))
    return figure


def _gains(found: Calibration, outcome: str) -> Iterator[Shares]:
    if verdicts := found.of(outcome, VERDICT):
        yield gettext("Verdict, all honest protocols"), verdicts, found.nominal(VERDICT)
    for protocol in found.manifest.study.protocols:
        if rows := [row for row in found.of(outcome, GAIN) if row.protocol == protocol.id]:
            yield protocol.title, rows, None if protocol.knows_entities else found.nominal(GAIN)


def _bands(found: Calibration, outcome: str) -> Iterator[Shares]:
    words = gettext("{kind}, {band} band")
    for finding, (kind, band) in BANDS.items():
        if rows := found.of(outcome, finding):
            heading = words.format(kind=capitalised(gettext(kind)), band=gettext(band))
            yield heading, rows, found.nominal(finding)


def _plot_side(axes: Axes, found: Calibration, shares: Sequence[Shares], *, height: int) -> None:
    at, labels, headings = 0, [], []
    for heading, rows, promised in shares:
        start = at
        headings.append(at)
        labels.append(heading)
        for row in rows:
            at += 1
            labels.append(found.manifest.study.estimator_label(row.estimator))
            is_off = found.is_off(row)
            colour, inside = (OFF, "white") if is_off else (FINE, FINE)
            axes.plot([100 * row.conf_low, 100 * row.conf_high], [at, at], color=colour, linewidth=1.1)
            mark = "D" if is_off else "o"
            axes.plot(100 * row.share, at, mark, mfc=inside, mec=colour, markersize=4)
        if promised is not None:
            ends = [start + 0.4, at + 0.5]
            axes.plot([100 * promised] * 2, ends, color="#1a1a1a", linewidth=0.9, linestyle=(0, (3, 1.5)))
        at += 1
    axes.set_yticks(range(len(labels)), [drawable(shortened(label, LABEL)) for label in labels], fontsize=8)
    for heading_at in headings:
        axes.get_yticklabels()[heading_at].set_fontweight("bold")
    axes.set_ylim(height - 0.4, -0.6)
    axes.set_xlim(-2.0, 102.0)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
