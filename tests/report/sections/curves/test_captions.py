"""Captions say how a band was made."""

import math

import numpy as np
import pytest

from harness.findings.lines import Band
from harness.report.sections.curves.captions import band_text
from report.fake_run import manifest, read_manifest

STUDY = read_manifest(manifest(outcomes={"y": ("Y", "")})).study
EDGES = np.array([0.0, 1.0])


def band(kind, n_draws, level, unit):
    return Band(kind, n_draws, level, unit, EDGES, EDGES, np.full(2, math.nan))


ENTITIES, ROWS = "bootstrap draws of whole entities (man)", "bootstrap draws of single rows"


@pytest.mark.parametrize(
    ("bands", "parts"),
    [
        ([band("pointwise", 200, 0.9, "entity")], ["pointwise 90%", f"200 {ENTITIES}"]),
        (
            [band("simultaneous", 200, math.nan, "row"), band("simultaneous", 1000, math.nan, "row")],
            ["simultaneous 95%", f"200 to 1,000 {ROWS}"],
        ),
        (
            [band("pointwise", 200, 0.95, "entity"), band("simultaneous", 200, 0.95, "entity")],
            ["pointwise (darker) and simultaneous (lighter) 95%", f"200 {ENTITIES}"],
        ),
        ([], ["No curve has a band."]),
    ],
    ids=["pointwise-entities", "simultaneous-rows", "both", "none"],
)
def test_bands_in_words(bands, parts):
    text = band_text(bands, STUDY)
    assert [part for part in parts if part not in text] == []
