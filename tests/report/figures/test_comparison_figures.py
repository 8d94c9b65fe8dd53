"""Waterfalls and specification curves: every number stands where it belongs."""

from dataclasses import replace

import numpy as np
import pytest

from harness.arrays import frozen_floats, frozen_ints
from harness.report.figures.canvas import Press, house_style, settle
from harness.report.figures.comparison_drawings import universe_drawings, universe_scene, waterfall_drawings
from harness.report.figures.universe_figure import MOST_LINES, axis_limits, draw_universes, round_places
from harness.report.figures.waterfall_figure import axis_limits as waterfall_limits
from harness.report.figures.waterfall_figure import bars, draw_waterfalls
from harness.report.reading.decomposition import decompositions
from harness.report.reading.multiverse import Choice
from harness.report.reading.results import Results
from harness.report.reading.run import read_run


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


@pytest.fixture(scope="module")
def ann(run):
    return next(one for one in decompositions(run.decomposition, "lwage") if one.estimator == "ann")


def test_each_bar_starts_where_the_one_before_it_ends(ann):
    shown = bars(ann)
    assert [bar.start for bar in shown] == pytest.approx([0.0, -14.3, 12.1, 31.2, 0.0])
    assert [bar.end for bar in shown] == pytest.approx([-14.3, 12.1, 31.2, 44.7, 44.7])
    assert shown[1].limits == pytest.approx((-14.3 + 21.4, -14.3 + 31.4))


def test_the_waterfall_has_its_bars_whiskers_and_numbers(ann):
    with house_style():
        (axes,) = draw_waterfalls([ann], ["SOM + ANN"], reference="Pooled OLS").axes
    edges = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    expected = [(-14.3, 0.0), (-14.3, 12.1), (12.1, 31.2), (31.2, 44.7), (0.0, 44.7)]
    assert np.array(edges) == pytest.approx(np.array(expected))
    assert [text.get_text() for text in axes.texts] == ["−14.3", "26.4", "19.1", "13.5", "44.7"]
    assert axes.get_title(loc="left") == "SOM + ANN"
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "In-sample gain"


def test_a_huge_loss_is_cut_at_the_edge_and_its_number_stays(ann):
    lost = replace(ann.parts[0], estimate=-9.0, conf_low=-9.5, conf_high=-8.5)
    found = replace(ann, parts=(lost, replace(ann.parts[1], estimate=9.121), *ann.parts[2:]))
    start, end = waterfall_limits([found])
    assert start >= -1.3 * end
    with house_style():
        (axes,) = draw_waterfalls([found], ["SOM + ANN"], reference="Pooled OLS").axes
    assert axes.texts[0].get_text() == "−900.0"
    assert [line.get_marker() for line in axes.lines].count("<") == 2
    assert min(patch.get_x() for patch in axes.patches) == pytest.approx(start)


def test_gains_are_sorted_above_the_choices_behind_them(run):
    (multiverse,) = run.multiverses
    scene = universe_scene(run, multiverse)
    with house_style():
        curve, grid = draw_universes(scene).axes
    (dots,) = [line for line in curve.lines if line.get_marker() == "o"]
    assert dots.get_xdata().tolist() == list(range(1, 97))
    assert dots.get_ydata() == pytest.approx(100 * multiverse.gain)
    published = next(line for line in curve.lines if line.get_color() == "#7a1f5c")
    assert published.get_ydata()[0] == 67.8582
    assert curve.texts[0].get_text() == "published: 67.9% (Table 2)"
    drawn = [segment for lines in curve.collections for segment in lines.get_segments()]
    ends = {int(segment[0, 0]): segment[:, 1] for segment in drawn}
    assert ends[96] == pytest.approx([100 * multiverse.low[-1], 100 * multiverse.high[-1]])
    names = [label.get_text() for label in grid.get_yticklabels()]
    assert names[:4] == ["Reference", "Pooled OLS", "Fixed effects", "Protocol"]
    line = names.index("Fixed effects")
    marked = {
        int(segment[0, 0])
        for lines in grid.collections
        for segment in lines.get_segments()
        if segment[:, 1].mean() == pytest.approx(line)
    }
    (reference,) = [one for one in multiverse.choices if one.name == "reference"]
    assert marked == {int(at) + 1 for at in np.flatnonzero(reference.taken == 1)}


def test_the_panels_fill_the_figure(run):
    (multiverse,) = run.multiverses
    with house_style():
        figure = draw_universes(universe_scene(run, multiverse))
        settle(figure)
    curve, grid = (axes.get_position() for axes in figure.axes)
    assert curve.height > 0.35
    assert grid.height > 0.35
    assert curve.width > 0.7


def test_losses_beyond_the_axis_are_triangles_at_its_edge(run):
    (multiverse,) = run.multiverses
    gain = np.array(multiverse.gain)
    gain[:3] = (-30.0, -20.0, -10.0)
    low, high = np.minimum(gain - 0.05, multiverse.low), np.array(multiverse.high)
    high[:3] = gain[:3] + 0.05
    lost = replace(multiverse, gain=frozen_floats(gain), low=frozen_floats(low), high=frozen_floats(high))
    scene = universe_scene(run, lost)
    start, end = axis_limits(scene)
    assert -2.2 * end < start < gain[3]
    with house_style():
        curve, _ = draw_universes(scene).axes
    (triangles,) = [line for line in curve.lines if line.get_marker() == "v"]
    assert triangles.get_xdata().tolist() == [1, 2, 3]
    assert triangles.get_ydata() == pytest.approx(100 * start)


def test_many_combinations_stay_a_small_file(run):
    (multiverse,) = run.multiverses
    n = 4 * MOST_LINES
    rng = np.random.default_rng(5)
    gain = np.sort(rng.normal(0.1, 0.2, n))
    many = replace(
        multiverse,
        gain=frozen_floats(gain),
        low=frozen_floats(gain - 0.05),
        high=frozen_floats(gain + 0.05),
        choices=(Choice("size", ("2", "4", "8"), frozen_ints(rng.integers(0, 3, n))),),
    )
    (drawing,) = universe_drawings(replace(run, multiverses=(many,)), "lwage", Press(is_simulated=False))
    assert len(drawing.svg) < 600_000


def test_the_same_run_gives_the_same_bytes(run):
    press = Press(is_simulated=True)

    def drawn():
        with house_style():
            return (
                *waterfall_drawings(Results(run), "lwage", press),
                *universe_drawings(run, "lwage", press),
            )

    first, second = drawn(), drawn()
    assert [one.name for one in first] == ["origin-lwage", "multiverse-lwage"]
    assert [one.svg for one in first] == [one.svg for one in second]
    assert "−" not in first[1].name
    assert "95% intervals from 2,000 bootstrap draws of whole entities (man)" in first[1].caption


@pytest.mark.parametrize(
    ("n", "places"), [(1, [1]), (6, [1, 2, 3, 4, 5, 6]), (240, [1, 40, 80, 120, 160, 200, 240])]
)
def test_numbered_places(n, places):
    assert round_places(n) == places
