"""All figures of a run: the same each time, for print, and without a trace in global state."""

import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest

from harness.findings.run import read_run
from harness.report.drawing.svg import UNITS
from harness.report.page import assembled
from report.all_sections import SECTIONS

LETTERS = re.compile(r"scale\(([\d.]+) -[\d.]+\)")
DRAWN = {"svg", "style", "defs", "clipPath", "pattern", "g", "path", "rect", "use", "image"}

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
        *("gains", "multiverse-lwage", "curves", "curve-lwage", "slope-lwage", "ale-lwage"),
        *("groups", "conditional-1", "groups-size", "groups-rank", "surface-educ", "map-lwage-ann"),
    ]
    for figure, other in zip(figures, again, strict=True):
        assert figure.prints == other.prints


def test_svg_has_outlines_for_letters_and_nothing_but_shapes(figures):
    for figure in figures:
        root = ET.fromstring(figure.prints.svg)  # noqa: S314 - our own figure
        assert len(list(root.iter(f"{SVG}path"))) > 20
        assert {one.tag.removeprefix(SVG) for one in root.iter()} <= DRAWN


def test_no_letter_is_smaller_than_eight_points(figures):
    for figure in figures:
        sizes = [UNITS * float(size) for size in LETTERS.findall(figure.prints.svg)]
        assert sizes
        assert min(sizes) >= 8.0, figure.name
