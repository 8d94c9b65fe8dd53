"""Changes of sign along a moderator, thresholds, and measures of interaction."""

import numpy as np
import pandas as pd
import pytest

from findings.wage_effects import NB, against, told
from harness.findings.rules import moderator
from harness.tables.csv_table import as_declared
from harness.tables.effects import EFFECT_TESTS, THRESHOLD_TESTS
from harness.tables.heterogeneity import THRESHOLDS
from harness_panel.thresholds.estimator import COUNTED
from report.fake_run import with_table

sign_change_findings = told(moderator.sign_change_findings)


threshold_findings, interaction_findings = (
    told(find) for find in (moderator.threshold_findings, moderator.interaction_findings)
)


def test_a_change_of_sign_is_told_with_where_the_effect_has_which_and_its_place(run):
    (found,) = [row for row in sign_change_findings(run, "lwage") if row.estimator == "rab"]
    assert found.is_established
    assert found.text == (
        "RAB, effect by Schooling (years): below zero from 6 to 8.727 and above zero from 11.45 to 16; it "
        f"changes its sign at 9.7 [9.1,{NB}10.4], in 98% of draws (p{NB}<{NB}0.001)."
    )
    assert (found.estimate, found.conf_low) == pytest.approx((9.7, 9.1))
    table = run.frame("conditional_effects").query(
        "estimator == 'rab' and band == 'simultaneous' and supported"
    )
    sides = [table.loc[table["effect"] * sign > 0, "p_value"].min() for sign in (1, -1)]
    assert found.p_value == pytest.approx(max(sides))
    for sign in (1, -1):

        def unlike(frame, *, sign=sign):
            return frame.assign(p_value=np.where(frame["effect"] * sign > 0, 0.02, 0.001))

        other = with_table(run, "conditional_effects", unlike)
        (greater,) = [row for row in sign_change_findings(other, "lwage") if row.estimator == "rab"]
        assert greater.p_value == 0.02


def test_without_both_signs_no_change_of_sign_is_established(run):
    def never_below(frame):
        is_wide = frame["band"] == "simultaneous"
        return frame.assign(conf_high=frame["conf_high"].mask(is_wide, frame["conf_high"].abs() + 0.1))

    changed = with_table(run, "conditional_effects", never_below)
    (sign,) = [row for row in sign_change_findings(changed, "lwage") if row.estimator == "rab"]
    assert not sign.is_established
    assert sign.text.endswith("above zero from 11.45 to 16; no change of sign.")
    unbanded = with_table(run, "conditional_effects", lambda frame: frame[frame["band"] == "pointwise"])
    (sign,) = [row for row in sign_change_findings(unbanded, "lwage") if row.estimator == "rab"]
    assert "nowhere significantly different from zero; no change" in sign.text


def test_thresholds_are_those_up_to_which_every_test_rejects_one_less(run):
    place = {"outcome": "lwage", "estimator": "fe", "moderator": "educ", "kind": "break", "status": "ok"}
    breaks = as_declared(
        THRESHOLDS, [pd.DataFrame([place | {"at": 9.7, "conf_low": 9.1, "conf_high": 10.4}])]
    )
    broken = with_table(run, "thresholds", lambda _: breaks)
    test = {"outcome": "lwage", "exposure": "exper", "estimator": "fe", "against": "", "status": "ok"}

    def told_by(*p_values):
        names = zip(THRESHOLD_TESTS, p_values, strict=False)
        tests = [test | {"test": name, "p_value": p_value} for name, p_value in names]
        tests.append(test | {"outcome": "hours", "test": "one threshold", "p_value": 0.5})
        frame = as_declared(EFFECT_TESTS, [pd.DataFrame(tests)])
        (found,) = threshold_findings(with_table(broken, "effect_tests", lambda _: frame), "lwage")
        return found

    two = told_by(0.01, 0.04, 0.3)
    assert two.text.startswith("Fixed effects: thresholds in Schooling (years) by sequential tests: 2 (")
    assert two.text.endswith(f"; the model has them at 9.7 [9.1,{NB}10.4].")
    assert (two.is_established, two.estimate, two.p_value) == (True, 9.7, 0.01)
    assert "looks_broken" in against(two)
    none = told_by(0.06, 0.01, 0.01)
    assert not none.is_established
    assert "by sequential tests: 0 (" in none.text
    assert COUNTED[1:] == THRESHOLD_TESTS


def test_a_measure_of_interaction_establishes_nothing_and_rounding_is_none(run):
    found = {row.estimator: row for row in interaction_findings(run, "lwage")}
    assert not any(row.is_established for row in found.values())
    assert found["ols"].text == (
        "Pooled OLS: no interaction of Experience and Schooling (years); its form allows none."
    )
    assert found["rab"].text.endswith("; noise alone lifts it above zero.")
