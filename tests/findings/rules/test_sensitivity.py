"""What would overturn an effect."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from findings.wage_effects import SLOPE, codes, params, part, with_effects
from harness.findings.rules import sensitivity
from harness.tables.csv_table import as_declared
from harness.tables.effects import SENSITIVITY
from report.fake_run import with_table


def test_a_confounder_overturns_what_is_significant(run):
    assert codes(part(with_effects(run, {}), "trust"))[:1] == ["fragile"]
    assert "fragile" not in codes(part(with_effects(run, {"p_value": 0.2}), "trust"))


def test_the_strength_of_a_confounder_is_that_at_which_the_slope_is_zero(run):
    """By the bias of Cinelli and Hazlett (2020) itself."""
    row = {name: SLOPE[name] for name in ("outcome", "exposure", "method", "learner", "scenario")}
    row |= {"covariate": "educ", "multiple": 1.0, "r2_exposure": 0.01, "r2_outcome": 0.02, "status": "ok"}
    table = as_declared(SENSITIVITY, [pd.DataFrame([row | {"robustness_value": 0.07}])])
    changed = with_table(run, "sensitivity", lambda _: table)
    (one,) = changed.rows(SENSITIVITY)
    times = sensitivity.overturning(one)
    bias = math.sqrt(times * 0.02 * times * 0.01 / (1.0 - times * 0.01))
    assert bias == pytest.approx(0.07 / math.sqrt(1.0 - 0.07))
    assert sensitivity.overturning(replace(one, r2_outcome=0.0)) == math.inf
    assert sensitivity.overturning(replace(one, r2_exposure=0.0)) == math.inf
    fragile, *_ = part(with_effects(changed, {}), "trust")
    assert params(fragile) == {"robustness_value": 0.07, "covariate": "educ", "times": times}
    for delta, deltas in ((0.46, [0.46]), (1.0, []), (-2.0, [])):
        selected = with_table(
            changed, "sensitivity", lambda rows, delta=delta: rows.assign(oster_delta=delta)
        )
        rows = [row for row in part(with_effects(selected, {}), "trust") if row.code == "weak_selection"]
        assert [params(row)["delta"] for row in rows] == deltas
        assert all("controls would bring the slope to zero (Oster's" in row.text for row in rows)
    both = pd.concat([table, table.assign(covariate="union", status="refused")])
    refused = with_table(changed, "sensitivity", lambda _: both)
    assert "times" not in params(part(with_effects(refused, {}), "trust")[0])
