"""Fonts, lines and labels."""

import pytest

from harness.report.drawing.fonts import drawable, families, font_notes
from harness.report.drawing.palette import line_style
from harness.report.drawing.series import effect_label
from harness.report.model.run import read_run


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_many_estimators_have_different_lines():
    assert len({line_style(place) for place in range(42)}) == 42


def test_a_character_without_a_font_is_replaced_and_reported():
    assert families()[0] == "DejaVu Sans"
    assert drawable("Log wage (µg/m³)") == "Log wage (µg/m³)"
    (note,) = font_notes(["ordinary", "rare \U0001f9ea", "rare \U0001f9ea"])
    assert (note.code, note.where) == ("W-FONT", "rare \U0001f9ea")
    assert "rare ?" in note.message


def test_an_effect_is_labelled_with_its_unit(run):
    study = run.manifest.study
    assert effect_label(study, "lwage") == "Effect on Log wage (log dollars an hour per unit)"
    assert effect_label(study, "educ").startswith("Effect on Schooling (years per unit")
    assert effect_label(study, "union") == "Effect on union (change per unit)"
