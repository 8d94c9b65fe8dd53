"""What figures of the report cost, beside matplotlib drawing the same with its own layout and SVG."""

from __future__ import annotations

import io
from collections.abc import Callable
from time import process_time

import numpy as np
import pytest
from matplotlib.figure import Figure
from pytest_benchmark.fixture import BenchmarkFixture

from harness.report.drawing.canvas import house_style, new_figure, printed
from harness.report.drawing.lines import shade

AT = np.linspace(0.0, 1.0, 40)
EVERYWHERE = np.ones(AT.size, dtype=bool)
SIZE = (7.0, 3.5)

# Processor time allowed, as a multiple of matplotlib's.
MOST = 0.6


def filled(figure: Figure, band: Callable[..., object]) -> None:
    """Draw three lines with bands in each of six panels, whose axes are shared, under a legend."""
    panels = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    for panel in panels:
        panel.grid(axis="y")
        panel.set_title("Panel (a)")
        for power, colour in enumerate(("#0072b2", "#d55e00", "#009e73"), start=1):
            panel.plot(AT, AT**power, color=colour, label=f"power {power}")
            band(panel, 0.9 * AT**power, 1.1 * AT**power, colour)
    panels[0].set_ylabel("Outcome (unit)")
    figure.supxlabel("Exposure")
    figure.legend(handles=panels[0].lines, loc="outside upper left", ncols=3)


def ours() -> None:
    """Draw as the report does."""
    figure = new_figure(*SIZE)
    filled(
        figure,
        lambda axes, low, high, colour: shade(axes, AT, (low, high), EVERYWHERE, colour=colour, opacity=0.2),
    )
    printed(figure)


def theirs() -> None:
    """Draw as a script of matplotlib does."""
    figure = Figure(figsize=SIZE, layout="constrained")
    filled(figure, lambda axes, low, high, colour: axes.fill_between(AT, low, high, color=colour, alpha=0.2))
    figure.savefig(io.BytesIO(), format="svg")


def seconds(draw: Callable[[], None]) -> float:
    start = process_time()
    draw()
    return process_time() - start


@pytest.mark.benchmark(group="drawing")
def test_figures_of_panels(benchmark: BenchmarkFixture) -> None:
    own: list[float] = []
    other: list[float] = []
    with house_style():
        ours()
        theirs()
        benchmark.pedantic(
            lambda: own.append(seconds(ours)), setup=lambda: other.append(seconds(theirs)), rounds=12
        )
    found = min(own) / min(other)
    benchmark.extra_info |= {"seconds": min(own), "of matplotlib": min(other), "ratio": found}
    assert found <= MOST
