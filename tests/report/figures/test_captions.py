"""Captions say how a band was made and what it does not cover."""

import math

import pytest

from harness.report.figures.captions import band_text
from harness.report.reading.curves import Band
from harness.report.reading.manifest import EstimatorEntry, read_manifest
from harness.report.page import options
from report.fake_run import manifest

STUDY = read_manifest(manifest(outcomes={"y": ("Y", "")})).study


@pytest.mark.parametrize(
    ("bands", "text"),
    [
        pytest.param(
            [Band("pointwise", 200, 0.9, "entity")],
            "Shaded: pointwise 90% bands, percentiles of 200 bootstrap draws of whole entities (man). They "
            "hold at one value of the horizontal axis at a time, not for the curve as a whole.",
            id="pointwise-entities",
        ),
        pytest.param(
            [Band("simultaneous", 200, math.nan, "row"), Band("simultaneous", 1000, math.nan, "row")],
            "Shaded: simultaneous 95% bands, percentiles of 200 to 1,000 bootstrap draws of single rows.",
            id="simultaneous-rows",
        ),
        pytest.param([], "No curve has a band.", id="none"),
    ],
)
def test_bands_in_words(bands, text):
    assert band_text(bands, STUDY) == text


def test_options_in_words():
    given = {
        "use": "rab",
        "base": {"use": "mlp", "hidden": [8, 4]},
        "draws": 40,
        "unit": "entity",
        "level": None,
    }
    assert options(EstimatorEntry("rab", "rab", "RAB", given)) == (
        "base: mlp (hidden: 8 + 4), draws: 40, unit: entity, level: null"
    )
