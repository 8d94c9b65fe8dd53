"""Figures: what is drawn, that it is the same each time, and that no global state is left behind."""

import io
import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import image

from harness.report.figures.canvas import house_style
from harness.report.figures.curve_figure import draw_curves
from harness.report.figures.fonts import drawable, families, font_notes
from harness.report.figures.gain_figure import axis_limits, draw_gains
from harness.report.figures.outcome_drawings import draw_outcome
from harness.report.figures.palette import line_style
from harness.report.figures.scenes import curve_scene
from harness.report.reading.results import Results
from harness.report.reading.run import read_run

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def results(wage):
    return Results(read_run(wage))


@pytest.fixture(scope="module")
def drawings(results):
    return draw_outcome(results, "lwage")


def test_the_same_run_gives_the_same_bytes(results, drawings):
    again = draw_outcome(results, "lwage")
    assert [one.name for one in again.all] == [
        *("gain-lwage", "origin-lwage", "multiverse-lwage"),
        *("curve-lwage", "slope-lwage", "ale-lwage", "learning-lwage"),
    ]
    for one, other in zip(drawings.all, again.all, strict=True):
        assert one.svg == other.svg
        assert one.png == other.png


def test_svg_has_outlines_for_letters_and_no_date(drawings):
    for one in drawings.all:
        root = ET.fromstring(one.svg)  # noqa: S314 - our own figure
        assert len(list(root.iter(f"{SVG}path"))) > 20
        assert not list(root.iter(f"{SVG}text"))
        assert b"<dc:date>" not in one.svg
        assert b"<script" not in one.svg


@pytest.mark.parametrize("name", ["gain", "level", "slope"])
def test_png_is_for_print_and_not_blank(drawings, name):
    drawing = {"gain": drawings.gain, "level": drawings.levels[0], "slope": drawings.slopes[0]}[name]
    pixels = image.imread(io.BytesIO(drawing.png))
    assert pixels.shape[1] == 1400  # 7 inches at 200 dpi
    assert not drawing.is_narrow
    assert (pixels[..., :3].min(axis=2) < 0.9).mean() > 0.01


def test_two_curves_fit_one_column(results):
    run = results.run
    with house_style():
        figure = draw_curves(curve_scene(run, run.curves_of("lwage", "curve", "level")[:2]))
    assert figure.get_figwidth() == 3.5


def test_gains_stand_where_their_numbers_are(results):
    study = results.run.manifest.study
    with house_style():
        figure = draw_gains(results.gains("lwage"), study.protocols, reference="Pooled OLS")
    assert [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes] == [
        one.title for one in study.protocols
    ]
    markers = {"^", "v", "o"}
    forward = [line for line in figure.axes[3].lines if line.get_marker() in markers]
    assert [float(line.get_xdata()[0]) for line in forward] == pytest.approx([39.5, 2.1, 3.4, -5.4])
    assert [line.get_marker() for line in forward] == ["^", "o", "o", "v"]
    held_out = figure.axes[2]
    assert [text.get_text() for text in held_out.texts] == ["refused", "−162%"]
    assert [line.get_marker() for line in held_out.lines].count("<") == 1


def test_the_axis_of_gains_is_not_ruled_by_one_loss(results):
    low, high = axis_limits(results.gains("lwage"))
    assert high == pytest.approx(0.478 + 0.02 + 0.05)
    assert low == pytest.approx(-high)


def test_every_curve_is_in_the_same_axes_and_in_a_panel_of_its_own(results):
    level, slope = (
        curve_scene(results.run, results.run.curves_of("lwage", "curve", kind)) for kind in ("level", "slope")
    )
    assert [one.label for one in level.strands] == [
        "Pooled OLS",
        "Fixed effects",
        "SOM + ANN",
        "RAB",
        "Boosting",
    ]
    assert level.unsupported == ((0.0, 0.375), (15.375, 18.0))
    assert (level.x_label, level.y_label) == (
        "Experience (years)",
        "Mean predicted Log wage (log dollars an hour)",
    )
    assert (level.has_zero, slope.has_zero) == (False, True)
    with house_style():
        figure = draw_curves(level)
    main, strip, *panels = figure.axes
    drawn = [line for line in main.lines if line.get_linewidth() == 1.3 and line.get_marker() == "None"]
    assert len(drawn) == 5
    for line, strand in zip(drawn, level.strands, strict=True):
        shown = np.isfinite(line.get_ydata())
        assert np.array_equal(shown, strand.line.supported)
    assert len({line.get_color() for line in drawn}) == 5
    assert [axes.get_title(loc="left") for axes in panels[:5]] == [one.label for one in level.strands]
    assert strip.get_xlabel() == "Experience (years)"


def test_many_estimators_have_different_lines():
    assert len({line_style(place) for place in range(42)}) == 42


def test_settings_are_as_before(results):
    before = dict(mpl.rcParams)
    draw_outcome(results, "lwage")
    assert dict(mpl.rcParams) == before


def test_no_window_library_is_loaded():
    code = "import sys, harness.report.write; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_character_without_a_font_is_replaced_and_reported():
    assert families()[0] == "DejaVu Sans"
    assert drawable("Log wage (µg/m³)") == "Log wage (µg/m³)"
    (note,) = font_notes(["ordinary", "rare \U0001f9ea", "rare \U0001f9ea"])
    assert (note.code, note.where) == ("W-FONT", "rare \U0001f9ea")
    assert "rare ?" in note.message
