"""The figure of accumulated local effects beside partial dependence: a panel for each estimator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.arrays import Floats, frozen_floats
from harness.findings.lines import (
    POINTWISE,
    Band,
    Banded,
    Curve,
    TruthLine,
    curve_scenarios,
    curves_of,
    truth_line,
    unsupported_of,
)
from harness.findings.run import Run
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    facets,
    grid_shape,
    new_figure,
)
from harness.report.drawing.fonts import drawable, drawable_label
from harness.report.drawing.palette import Dash
from harness.report.drawing.series import (
    Series,
    band_handles,
    level_of,
    plot_background,
    plot_bands,
    plot_line,
    series_of,
)
from harness.report.drawing.truth import DOT_DASH, plot_truth, truth_handles
from harness.report.sections.curves.figure import figure_name, level_label
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, listed, shortened

PANELS_IN_A_ROW = 3
PANEL_HEIGHT = 1.85
INK = "#a3195b"
DASH: Dash = "solid"
EDGE = (0, (1.0, 1.0))
"""Lines of the accumulated local effects, and of the limits of their band."""


@dataclass(frozen=True, eq=False)
class AlePair:
    """One estimator's partial dependence, and its accumulated local effects at the level of the outcome.

    Attributes
    ----------
    true_ale : the true accumulated local effects, at the level of the estimator's; None where not known
    """

    level: Series
    ale: Banded
    true_ale: TruthLine | None = None


@dataclass(frozen=True, eq=False)
class AleScene:
    """What the figure shows.

    Attributes
    ----------
    pairs : one for each estimator that has both
    unsupported : stretches of the exposure that the data do not reach
    x_label, y_label : of the axes, with units
    nominal : in (0, 1), coverage of bands that do not tell their own
    truth : the true partial dependence; None where it is not known
    """

    pairs: Sequence[AlePair]
    unsupported: Sequence[tuple[float, float]]
    x_label: str
    y_label: str
    nominal: float
    truth: TruthLine | None = None


def ale_figures(run: Run, outcome: str, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the figure for each scenario that gave accumulated local effects."""
    study = run.manifest.study
    for scenario in curve_scenarios(run):
        scene = ale_scene(run, outcome, scenario)
        if not scene.pairs:
            continue
        names = listed(pair.level.label for pair in scene.pairs)
        yield renderer.render(
            figure_name(run, f"ale-{file_slug(outcome)}", scenario),
            plot_ales(scene),
            alt=gettext("Accumulated local effects beside partial dependence on {outcome}: {names}.").format(
                outcome=study.label(outcome), names=names
            ),
            caption=ale_caption(study, outcome, scenario, has_truth=scene.truth is not None),
        )


def ale_scene(run: Run, outcome: str, scenario: str) -> AleScene:
    """Return what the figure of one scenario shows; no pairs where no estimator has both."""
    study = run.manifest.study
    levels = {curve.estimator: curve for curve in curves_of(run, outcome, scenario, "level")}
    true_ale = truth_line(run, outcome, scenario, "ale")
    return AleScene(
        pairs=tuple(
            AlePair(
                series_of(study, levels[ale.estimator], ale.estimator),
                raised(ale),
                _raised_truth(true_ale, ale.mean_level),
            )
            for ale in curves_of(run, outcome, scenario, "ale")
            if ale.estimator in levels
        ),
        unsupported=unsupported_of(run, scenario),
        x_label=study.axis_label(study.exposure_of(scenario)),
        y_label=level_label(study, outcome),
        nominal=study.level,
        truth=truth_line(run, outcome, scenario, "level"),
    )


def raised(ale: Curve) -> Banded:
    """Return accumulated local effects at the level of the outcome, to stand beside partial dependence."""

    def raised_band(band: Band) -> Band:
        low, high = (frozen_floats(side + ale.mean_level) for side in (band.low, band.high))
        return replace(band, low=low, high=high)

    return Banded(
        at=ale.at,
        estimate=frozen_floats(ale.estimate + ale.mean_level),
        supported=ale.supported,
        bands=tuple(raised_band(band) for band in ale.bands),
    )


def _raised_truth(line: TruthLine | None, mean_level: float) -> TruthLine | None:
    return None if line is None else TruthLine(line.at, frozen_floats(line.truth + mean_level))


def ale_caption(study: StudyRecord, outcome: str, scenario: str, *, has_truth: bool) -> str:
    """Return the caption of accumulated local effects beside partial dependence."""
    exposure = study.label(study.exposure_of(scenario))
    text = gettext(
        "Partial dependence and accumulated local effects for {outcome}. The former sets every "
        "row's {exposure} to each value and averages predictions, also for combinations that no "
        "row has; the latter add up changes within the rows near each value, set at the mean "
        "prediction. Where the two part, the exposure goes with other variables: they answer "
        "different questions, of all rows and of those observed near each value. Both are drawn "
        "within the support."
    ).format(outcome=study.label(outcome), exposure=exposure)
    if has_truth:
        text += gettext(
            " The black dashes are the truth of partial dependence, the black dots and dashes "
            "that of accumulated local effects, which is set at each estimator's mean prediction "
            "too."
        )
    return text


def plot_ales(scene: AleScene) -> Figure:
    """Return the figure."""
    n_pairs = len(scene.pairs)
    n_rows, n_columns = grid_shape(n_pairs, most_columns=PANELS_IN_A_ROW)
    figure = new_figure(DOUBLE_COLUMN, 0.9 + PANEL_HEIGHT * n_rows)
    for axes, pair in zip(facets(figure, n_pairs, (n_rows, n_columns)), scene.pairs, strict=True):
        plot_background(axes, scene.unsupported, has_zero=False)
        plot_bands(axes, pair.level)
        plot_line(axes, pair.level)
        _plot_ale(axes, pair.ale)
        plot_truth(axes, scene.truth)
        plot_truth(axes, pair.true_ale, dash=DOT_DASH)
        axes.set_title(drawable(shortened(pair.level.label, 32)), loc="left")
    figure.supxlabel(drawable_label(scene.x_label, 60), fontsize=8)
    # Beside one row of panels there is room for half of the characters, under the legend.
    width, lines = (22, 3) if n_rows == 1 else (40, 2)
    figure.supylabel(drawable_label(scene.y_label, width, lines=lines), fontsize=8)
    figure.legend(handles=_handles(scene), loc="outside upper left", ncols=2)
    return figure


def _plot_ale(axes: Axes, ale: Banded) -> None:
    axes.plot(ale.at, _inside(ale, ale.estimate), color=INK, linestyle=DASH, linewidth=1.1)
    band = ale.band(POINTWISE)
    if band is not None:
        for limit in (band.low, band.high):
            axes.plot(ale.at, _inside(ale, limit), color=INK, linestyle=EDGE, linewidth=0.7)


def _inside(ale: Banded, values: Floats) -> Floats:
    return np.where(ale.supported, values, np.nan)


def _handles(scene: AleScene) -> list[Artist]:
    levels = [pair.level for pair in scene.pairs]
    bands = [band for pair in scene.pairs if (band := pair.ale.band(POINTWISE)) is not None]
    handles: list[Artist] = [
        Line2D(
            [], [], color=levels[0].style.colour, label=gettext("partial dependence (each its own colour)")
        ),
        *band_handles(levels, level=scene.nominal),
        *truth_handles(scene.truth),
        Line2D([], [], color=INK, linestyle=DASH, linewidth=1.1, label=gettext("accumulated local effects")),
    ]
    if bands:
        label = gettext("their pointwise {level_of} band").format(
            level_of=percent(level_of(bands, scene.nominal), 0)
        )
        handles.append(Line2D([], [], color=INK, linestyle=EDGE, linewidth=0.7, label=label))
    true_ale = next((pair.true_ale for pair in scene.pairs), None)
    return [*handles, *truth_handles(true_ale, dash=DOT_DASH, label=gettext("their truth"))]
