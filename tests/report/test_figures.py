"""All figures of a run: the same each time, for print, and without a trace in global state."""

import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest

from harness.findings.run import read_run
from harness.report.drawing.canvas import prints_of
from harness.report.page import assembled
from report.all_sections import SECTIONS

# Size of a text in matplotlib's SVG, in hundreds of points.
LETTERS = re.compile(rb"scale\(([\d.]+) -[\d.]+\)")

SVG = "{http://www.w3.org/2000/svg}"


def figures_of(run):
    return [figure for shown in assembled(run, SECTIONS, ()) for figure in shown.figures]


@pytest.fixture(scope="module")
def figures(wage):
    return figures_of(read_run(wage))


def test_every_figure_is_there_and_the_same_run_gives_the_same_bytes(wage, figures):
    before = dict(mpl.rcParams)
    again = figures_of(read_run(wage))
    assert dict(mpl.rcParams) == before
    assert [figure.name for figure in again] == [
        *("gain-lwage", "origin-lwage", "multiverse-lwage", "curve-lwage", "slope-lwage", "ale-lwage"),
        *(f"groups-{by}-{name}" for by in ("size", "rank") for name in ("rab", "ols")),
        *("surface-educ-rab", "surface-educ-ols", "learning-lwage", "map-lwage-ann"),
    ]
    for figure, other in zip(figures, again, strict=True):
        assert prints_of(figure).svg == prints_of(other).svg
        assert prints_of(figure).png == prints_of(other).png


def test_svg_has_outlines_for_letters_and_no_date(figures):
    for figure in figures:
        root = ET.fromstring(prints_of(figure).svg)  # noqa: S314 - our own figure
        assert len(list(root.iter(f"{SVG}path"))) > 20
        assert not list(root.iter(f"{SVG}text"))
        assert b"<dc:date>" not in prints_of(figure).svg
        assert b"<script" not in prints_of(figure).svg


def test_no_letter_is_smaller_than_eight_points(figures):
    for figure in figures:
        sizes = [100 * float(size) for size in LETTERS.findall(prints_of(figure).svg)]
        assert sizes
        assert min(sizes) >= 8.0, figure.name
