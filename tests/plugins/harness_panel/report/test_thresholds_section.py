"""The section of thresholds and treatments: read from a run, in words and figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import harness
from harness.findings.run import read_run
from harness.installed import installed
from harness.language import spoken
from harness.plugin import random_stream
from harness.running.folder import RunFolder
from harness_panel.section import EVENTS, SECTION, rivals
from report.shown_blocks import blocks_of, names_of_figures, said_in, tables_in


def study(exposure, estimators):
    roles = {"entity": "id", "time": "year", "outcomes": ["y"], "exposure": exposure, "controls": ["x"]}
    return {
        "spec_version": 1,
        "study": "breaks",
        "data": {"path": "rows.csv"},
        "roles": roles,
        "estimators": estimators,
        "evaluation": {"protocols": [{"use": "in_sample"}]},
    }


def rows():
    rng = random_stream(1, "section")
    entity, period = (axis.ravel() for axis in np.indices((30, 6)))
    q, x = rng.uniform(size=180), rng.normal(size=180)
    zone = ((entity < 10) & (period >= 3)) | ((entity >= 25) & (period >= 4))
    levels = rng.normal(size=30)[entity]
    y = levels + q + 2.0 * (q > 0.5) * q + x + 1.5 * zone + 0.2 * rng.normal(size=180)
    return pd.DataFrame(
        {"id": entity, "year": 2001 + period, "y": y, "q": q, "x": x, "zone": zone.astype(float)}
    )


def section_of(tmp_path, exposure, estimators):
    result = harness.run(study(exposure, estimators), data=rows(), out=tmp_path / "run", progress=False)
    run = read_run(RunFolder.open(tmp_path / "run"))
    return result, run, blocks_of(SECTION, run)


def test_thresholds_are_shown_with_their_likelihood(tmp_path):
    estimators = [
        {"id": "ols", "use": "pooled_ols"},
        {"id": "broken", "use": "threshold_effects", "bootstraps": 99, "label": "Threshold"},
    ]
    result, run, blocks = section_of(tmp_path, "q", estimators)
    (row,) = (row for rival in rivals(run) for row in rival.breaks)
    assert row.at == pytest.approx(0.5, abs=0.03)
    (table,) = tables_in(blocks)
    (_, (label, *_, tests)) = table.texts
    assert label == "Threshold, y"
    assert tests.startswith("1: F ")
    assert names_of_figures(blocks) == ["threshold-y-broken"]
    with spoken("zh", installed().messages):
        assert SECTION.headed(run) == "门槛、形状与处理效应"
    written = result.table("thresholds")
    assert written["kind"].tolist() == ["break"]
    tests = result.table("effect_tests").query("estimator == 'broken'")
    assert tests["test"].iloc[0] == "one threshold"
    assert tests["p_value"].iloc[0] == pytest.approx(0.01)
    assert "Places where the slope breaks" in (tmp_path / "run" / "report.html").read_text("utf-8")


def test_treatments_are_shown_by_periods_since_they_started(tmp_path):
    estimators = [
        {"id": "ols", "use": "pooled_ols"},
        {"id": "fe", "use": "fixed_effects", "effects": ["entity", "time"], "event_window": 2, "label": "FE"},
    ]
    result, run, blocks = section_of(tmp_path, "zone", estimators)
    events = [row.event_time for rival in rivals(run) for row in rival.rows(EVENTS)]
    assert events == [-2, -1, 0, 1, 2]
    assert tables_in(blocks) == []
    (sentence,) = said_in(blocks)
    assert sentence.startswith("FE, y: the joint test of no effect before the start has F ")
    assert names_of_figures(blocks) == ["event-study-y-fe"]
    assert "W-STAGGERED" in set(result.warnings["code"])
