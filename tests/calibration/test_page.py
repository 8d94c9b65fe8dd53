"""The page of a calibration: sentences against shares written by hand, offline, labelled."""

from __future__ import annotations

import re
from dataclasses import replace

import html5lib
import pytest
from scipy.stats import binomtest

from harness.calibration.page import (
    band_sentences,
    calibration_page,
    findings,
    share_table,
)
from harness.calibration.rows import (
    GAIN,
    LOSS,
    VERDICT,
    Calibration,
    CalibrationRow,
    FeatureRow,
    Reduction,
    band_finding,
)
from report.fake_run import HOSTILE, manifest, read_manifest

N_PANELS = 50
NB = "\u00a0"
XHTML = "{http://www.w3.org/1999/xhtml}"


def row(estimator, protocol, finding, n_found, effect=0.0):
    limits = binomtest(n_found, N_PANELS).proportion_ci(0.95, method="exact")
    place = ("lwage", estimator, protocol, finding)
    return CalibrationRow(effect, *place, n_found / N_PANELS, float(limits.low), float(limits.high), N_PANELS)


ROWS = (
    row("fe", "", VERDICT, 0),
    row("ann", "", VERDICT, 1),
    row("fe", "as_published", GAIN, 50),
    row("ann", "as_published", GAIN, 31),
    row("fe", "held_out_entities", GAIN, 2),
    row("ann", "held_out_entities", GAIN, 6),
    row("ann", "held_out_entities", LOSS, 30),
    row("ann", "curve", band_finding("level", "pointwise"), 46),
    row("ann", "curve", band_finding("slope", "simultaneous"), 40),
    row("ann", "", "turning_point", 2),
)
FEATURES = (
    FeatureRow("lwage", "share_period", 0.08, 0.081, 0.01, is_kept=True),
    FeatureRow("lwage", "kurtosis", 9.0, 4.0, 0.1, is_kept=False),
)


def found(*effects, **texts):
    outcome = texts.get("outcome", ("Log wage", "log dollars an hour"))
    content = manifest(outcomes={"lwage": outcome}, title=texts.get("title", "Experience and log wages"))
    return Calibration(
        *(read_manifest(content), N_PANELS, effects or (0.0,), 0.95),
        tuple(replace(row, effect=effect) for effect in effects or (0.0,) for row in ROWS),
        FEATURES,
        reductions=(Reduction("estimator, folds", "ann", "restarts", "3", "1"),),
    )


def test_the_sentences_have_the_shares():
    turning, verdict, hidden, known = findings(found(), "lwage")
    effect, bands = band_sentences(found(), "lwage")
    assert f"was significant for SOM + ANN in 4.0% [0.5,{NB}13.7] of panels" in turning
    # exact limits of 1 in 50 by R: binom.test(1, 50)$conf.int is 0.0005062 to 0.1064696
    assert f"SOM + ANN in 2.0% [0.1,{NB}10.6] of panels" in verdict
    assert f"SOM + ANN under “Held-out entities” (12.0% [4.5,{NB}24.3] of panels)" in hidden
    assert "the nominal rate is at most 2.5%" in hidden
    assert "most often for Fixed effects under “As published (random rows)” (100.0%" in known
    assert f"SOM + ANN in 20.0% [10.0,{NB}33.7] of panels; the nominal rate is 5%." in effect
    assert bands.endswith("bands: SOM + ANN 92.0%.")
    assert next(band_sentences(found(0.25), "lwage")).startswith(
        "An effect other than the true one was found"
    )


@pytest.mark.parametrize(
    ("place", "off"),
    [
        pytest.param(3, False, id="gain-where-entities-are-known"),
        pytest.param(4, False, id="limits-reach-what-is-promised"),
        pytest.param(5, True, id="gain-too-often"),
        pytest.param(6, False, id="a-loss-is-no-error"),
        pytest.param(7, False, id="band-holds-enough"),
        pytest.param(8, True, id="band-holds-too-little"),
    ],
)
def test_what_is_off(place, off):
    assert found().is_off(ROWS[place]) is off


def test_the_table_groups_by_finding():
    groups = share_table(found(), "lwage").groups
    assert [(group.end[0], len(group.rows)) for group in groups] == [
        *(("at most 2.5%", 2), ("", 1), ("at most 2.5%", 4), ("", 1), ("95.0%", 1), ("95.0%", 1)),
    ]
    assert groups[2].rows[3].cells[:2] == ("SOM + ANN", "Held-out entities")


def test_the_page_is_offline_labelled_and_escaped():
    source = calibration_page(found(outcome=(HOSTILE["label"], HOSTILE["unit"]), title=HOSTILE["title"]))
    root = html5lib.HTMLParser(strict=True).parse(source)
    tags = {one.tag.removeprefix(XHTML) for one in root.iter() if isinstance(one.tag, str)}
    assert not tags & {"script", "iframe", "object", "embed", "link", "svg"}
    assert not re.findall(r'(?:src|href)="https?:', source)
    text = " ".join("".join(next(root.iter(f"{XHTML}body")).itertext()).split())
    assert "SIMULATED OUTCOMES." in text
    assert HOSTILE["label"] in text
    assert "harness run specs/wage_panel.yaml" in text
    assert "estimator, foldsannrestarts31" in text.replace(" ann ", "ann")


def test_panels_with_an_effect_have_a_block_of_their_own():
    blocks = list(found(0.0, 0.25).each())
    assert [(own.effect, len(own.rows)) for own in blocks] == [(0.0, len(ROWS)), (0.25, len(ROWS))]
    page = calibration_page(found(0.0, 0.25))
    assert "<h3>No effect</h3>" in page
    assert "<h3>An effect of Experience of 0.25</h3>" in page
