"""Captions say how a band was made and what it does not cover."""

import math

import numpy as np
import pytest

from harness.findings.lines import Band
from harness.report.sections.curves.captions import band_text
from report.fake_run import manifest, read_manifest

STUDY = read_manifest(manifest(outcomes={"y": ("Y", "")})).study


EDGES = np.array([0.0, 1.0])


def band(kind, n_draws, level, unit):
    return Band(kind, n_draws, level, unit, EDGES, EDGES)


@pytest.mark.parametrize(
    ("bands", "text"),
    [
        pytest.param(
            [band("pointwise", 200, 0.9, "entity")],
            "Shaded: pointwise 90% bands from 200 bootstrap draws of whole entities (man). They hold at one "
            "value of the horizontal axis at a time, not for the curve as a whole.",
            id="pointwise-entities",
        ),
        pytest.param(
            [band("simultaneous", 200, math.nan, "row"), band("simultaneous", 1000, math.nan, "row")],
            "Shaded: simultaneous 95% bands from 200 to 1,000 bootstrap draws of single rows. They hold for "
            "the curve as a whole, where the data support it.",
            id="simultaneous-rows",
        ),
        pytest.param(
            [band("pointwise", 200, 0.95, "entity"), band("simultaneous", 200, 0.95, "entity")],
            "Shaded: pointwise (darker) and simultaneous (lighter) 95% bands from 200 bootstrap draws of "
            "whole entities (man). Pointwise ones hold at one value of the horizontal axis "
            "at a time, simultaneous ones for the whole curve where the data support it.",
            id="both",
        ),
        pytest.param([], "No curve has a band.", id="none"),
    ],
)
def test_bands_in_words(bands, text):
    assert band_text(bands, STUDY) == text
