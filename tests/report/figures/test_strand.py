"""What is drawn of a line: both bands, its turning points, the mark of simulated data."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import image

from harness.report.figures.canvas import Press, house_style, new_figure
from harness.report.figures.embedded import MOST_SVG, data_uri
from harness.report.figures.outcome_figure import draw_outcomes
from harness.report.figures.scenes import curve_scene
from harness.report.reading.run import read_run


@pytest.fixture(scope="module")
def run(chinese):
    return read_run(chinese)


def scene(run, outcome="intensity", estimators=("ols", "rab")):
    curves = [one for one in run.curves_of(outcome, "curve", "level") if one.estimator in estimators]
    return curve_scene(run, curves)


def test_turning_points_are_marked_where_they_are(run):
    strands = {one.label: one for one in scene(run).strands}
    assert strands["Pooled OLS"].marks == ()
    (mark,) = strands["RAB"].marks
    # 1.45 + 0.068 x - 0.8 * 0.0035 x^2 has its maximum at 0.068 / (2 * 0.0028)
    assert (mark.kind, mark.at) == ("maximum", pytest.approx(0.068 / 0.0056))
    assert mark.height == pytest.approx(1.45 + 0.068**2 / (4 * 0.0028))


def test_outcomes_stand_side_by_side_and_the_legend_names_everything(run):
    with house_style():
        figure = draw_outcomes([scene(run, outcome) for outcome in run.manifest.study.outcomes])
    panels = [axes for axes in figure.axes if axes.get_ylabel()]
    assert [axes.get_ylabel().replace("\n", " ") for axes in panels] == [
        "Mean predicted 碳排放总量 (万吨)",
        "Mean predicted 碳强度 (万吨/亿元)",
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "Pooled OLS",
        "RAB",
        "pointwise 95% band",
        "simultaneous 95% band",
        "maximum, with interval",
    ]
    assert all(len(axes.collections) == 4 for axes in panels)  # two bands of each of two estimators


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_data_say_so_in_the_figure(simulated):
    with house_style():
        figure = new_figure(3.5, 2.0)
        figure.subplots().plot([0.0, 1.0], [0.0, 1.0])
        drawing = Press(simulated).print("x", figure, alt="", caption="")
    assert [text.get_text() for text in figure.texts] == (["SIMULATED DATA"] if simulated else [])
    right = image.imread(io.BytesIO(drawing.png))[:, -30:, :3]
    reddish = right[..., 0] - right[..., 2] > 0.3
    assert bool(reddish.any()) is simulated


def test_a_large_figure_is_embedded_as_png_in_few_colours():
    with house_style():
        figure = new_figure(3.5, 2.0)
        figure.subplots().imshow(np.arange(10_000.0).reshape(100, 100))
        small = Press(is_simulated=False).print("small", figure, alt="", caption="")
    assert data_uri(small).startswith("data:image/svg+xml;base64,")
    large = replace(small, svg=small.svg + b" " * MOST_SVG)
    kind, encoded = data_uri(large).split(",")
    assert kind == "data:image/png;base64"
    content = base64.b64decode(encoded)
    assert len(content) < len(small.png)
    assert image.imread(io.BytesIO(content)).shape[:2] == (400, 700)
