"""The truth of simulated data in a figure: a dashed black line over all others."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from harness.arrays import Floats, frozen_floats
from harness.report.model.run import Run

INK = "#000000"
DASH = (0, (4.0, 2.0))
WIDTH = 1.2


@dataclass(frozen=True)
class TruthRow:
    """What the true response answers to a scenario at one place."""

    outcome: str
    scenario: str
    kind: str
    at: float
    truth: float


@dataclass(frozen=True, eq=False)
class TruthLine:
    """A true curve.

    Attributes
    ----------
    at : (n_grid,), increasing, the exposure's unit
    truth : (n_grid,), the curve's unit
    """

    at: Floats
    truth: Floats


def truth_line(run: Run, outcome: str, scenario: str, kind: str) -> TruthLine | None:
    """Return the true curve of one kind; None where the data are not simulated, or nothing is known of it."""
    key = (outcome, scenario, kind)
    own = [row for row in run.rows("truth", TruthRow) if (row.outcome, row.scenario, row.kind) == key]
    if not own:
        return None
    own.sort(key=lambda row: row.at)
    return TruthLine(frozen_floats([row.at for row in own]), frozen_floats([row.truth for row in own]))


def draw_truth(axes: Axes, line: TruthLine | None) -> None:
    """Draw a true curve, where there is one."""
    if line is not None:
        axes.plot(line.at, line.truth, color=INK, linestyle=DASH, linewidth=WIDTH, zorder=5)


def truth_handles(line: TruthLine | None) -> list[Line2D]:
    """Return the entry of a true curve in a legend, where there is one."""
    if line is None:
        return []
    return [Line2D([], [], color=INK, linestyle=DASH, linewidth=WIDTH, label="truth (simulated)")]
