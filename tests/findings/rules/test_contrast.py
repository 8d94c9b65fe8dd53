"""Contrasts of two values of the exposure, and differences between groups, adjusted for their number."""

import numpy as np
import pandas as pd
import pytest

from findings.wage_effects import NB, told
from harness.findings.rules import contrast
from harness.tables.csv_table import as_declared
from harness.tables.heterogeneity import CONTRASTS
from report.fake_run import with_table

contrast_findings, group_findings = told(contrast.contrast_findings), told(contrast.group_findings)


def test_a_difference_is_established_once_adjusted_for_all_pairs_and_estimators(run):
    """Holm (1979) over the differences of one question, whoever gave them."""
    every = [row for row in group_findings(run, "lwage") if np.isfinite(row.p_value)]
    found = [row for row in every if row.about.startswith("size, size")]
    assert len(found) < len(every)
    assert len({row.estimator for row in found}) > 1
    ordered = sorted(row.p_value for row in found)
    steps = [min(1.0, (len(found) - at) * p_value) for at, p_value in enumerate(ordered)]
    least = dict(zip(ordered, np.maximum.accumulate(steps), strict=True))
    for row in found:
        assert row.p_adjusted == pytest.approx(least[row.p_value])
        assert row.is_established == ((row.conf_low > 0 or row.conf_high < 0) and row.p_adjusted < 0.05)
        assert ("not significantly different from zero" in row.text) != row.is_established
        assert f"One of {len(found)} differences" in row.caveats_text
    assert 0 < sum(row.is_established for row in found) < len(found)


def contrasts(run, **interval):
    row = {
        "outcome": "lwage",
        "estimator": "rab",
        "scenario": "contrast",
        "exposure_from": 0.0,
        "exposure_to": 1.0,
        "estimate": 0.2,
        "status": "ok",
        "n_draws": 40,
        "reason": "",
    }
    bands = [
        row | {"band": "pointwise", "conf_low": 0.1, "conf_high": 0.3},
        row | {"band": "simultaneous"} | interval,
        row | {"band": "simultaneous", "exposure_from": 1.0, "exposure_to": 2.0} | interval,
    ]
    table = as_declared(CONTRASTS, [pd.DataFrame(bands)])
    return list(contrast_findings(with_table(run, "contrasts", lambda _: table), "lwage"))


def test_a_contrast_is_established_by_its_simultaneous_interval(run):
    first, second = contrasts(run, conf_low=0.05, conf_high=0.35)
    assert first.text == f"RAB, Experience 1 rather than 0: 0.20 [0.05,{NB}0.35] log dollars an hour."
    assert first.is_established
    assert second.about == "contrast: 2 rather than 1"
    assert first.caveats_text == "One of 2 contrasts; its interval allows for their number."
    beyond, _ = contrasts(run, estimate=-0.01, conf_low=0.05, conf_high=0.45)
    assert not beyond.is_established
    open_one, _ = contrasts(run, conf_low=-0.05, conf_high=0.45)
    assert not open_one.is_established
    assert open_one.text.endswith("; not significantly different from zero.")


def test_an_estimator_that_can_have_but_one_effect_is_told_once(run):
    def alike(frame):
        return frame.assign(difference=0.0, conf_low=0.0, conf_high=0.0)

    found = list(group_findings(with_table(run, "heterogeneity_differences", alike), "lwage"))
    told = {(row.estimator, row.about) for row in found}
    assert len(told) == len(found)
    assert all(row.text.endswith("its form allows no other.") and not row.is_established for row in found)
    pairs = list(group_findings(run, "lwage"))
    assert len(pairs) > len(found)
    assert not any("allows no other" in row.text for row in pairs)
