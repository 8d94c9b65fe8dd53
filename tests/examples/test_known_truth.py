"""The panels of benchmarks/known_truth.py have the effects that they say."""

from __future__ import annotations

import csv
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.plugin import random_stream

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def suite():
    return runpy.run_path(str(ROOT / "benchmarks" / "known_truth.py"))


@pytest.mark.parametrize("family", ["constant", "varying", "staggered", "nonlinear"])
def test_the_truth_is_the_difference_that_the_effect_makes(suite, family):
    make = suite["FAMILIES"][family]
    # The same draws with the effect and without: what is left is the effect times the exposure.
    with_effect, without = (make(random_stream(1), effect, (3000, 8)) for effect in (0.4, 0.0))
    exposure = with_effect.columns["x"]
    assert np.array_equal(exposure, without.columns["x"])
    made = with_effect.columns["y"] - without.columns["y"]
    weights = exposure**2
    assert (made * exposure).sum() / weights.sum() == pytest.approx(with_effect.truth, abs=0.02)
    assert without.truth == 0.0


def test_the_direct_impact_is_what_a_unit_of_its_own_exposure_does(suite):
    make = suite["FAMILIES"]["spatial"]
    # Linear in the effect, so that the impact of one unit is a share of the made difference.
    once, twice = (make(random_stream(1), effect) for effect in (0.2, 0.4))
    assert twice.truth == pytest.approx(2.0 * once.truth, rel=1e-12)
    assert once.truth > 0.2


def test_answers_are_numbers_or_the_words_of_the_package(suite):
    serve = runpy.run_path(str(ROOT / "examples" / "known_truth" / "serve.py"))
    frame = suite["frame_of"](suite["FAMILIES"]["constant"](random_stream(1), 0.15))
    said = serve["answer"](lambda rows: (rows.x.mean(), 1.0, -1.0, 1.0), frame)
    assert said["estimate"] == pytest.approx(frame.x.mean())
    assert serve["answer"](lambda rows: rows["z"], frame) == {"reason": "KeyError: 'z'"}
    assert serve["answer"](lambda _rows: (float("nan"),) * 4, frame) == {"reason": "not finite"}


def test_the_table_is_what_the_stored_answers_say(suite):
    table = (ROOT / "docs" / "measured" / "known_truth.csv").read_text(encoding="utf-8").splitlines()
    rows = [suite["HEAD"], *suite["shown_rows"](pd.read_csv(suite["STORED"]))]
    assert [tuple(row) for row in csv.reader(table)] == rows


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not there")
def test_an_adapter_in_r_answers_as_those_in_python(suite, tmp_path):
    if subprocess.run(["Rscript", "-e", "library(plm); library(jsonlite)"], capture_output=True).returncode:
        pytest.skip("R has no plm or jsonlite")
    asked = [("constant", 1, 0.15)]
    (within, _) = suite["answers"]("plm", sys.executable, asked, tmp_path)
    (fixed_effects, *_) = suite["answers"]("harness", sys.executable, asked, tmp_path)
    assert within.estimate == pytest.approx(fixed_effects.estimate, rel=1e-6)
    assert within.truth == 0.15
