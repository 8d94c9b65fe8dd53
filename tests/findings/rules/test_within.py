"""Coefficients of fixed effects, other methods beside the first, and pooled slopes that differ."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from findings.wage_effects import codes, params, part, screen_of, with_curve_slopes, with_effects
from harness.findings.rules import within
from harness.report.sections.coefficients import coefficient_caveat
from harness.text.render import findings_table
from harness.text.screen import labelled
from report.fake_run import with_study, with_table

OTHER = {"method": "correlated_random_effects", "estimate": -0.9, "conf_low": -1.1, "conf_high": -0.7}


ALONE = {
    "exper^2": False,
    "exper_squared": False,
    "union x exper": False,
    "exper (lag 1)": True,
    "expert": True,
}


@pytest.mark.parametrize(("term", "enters_alone"), ALONE.items())
def test_powers_and_products_hold_the_exposure_and_its_lags_and_longer_names_do_not(run, term, enters_alone):
    def more(table):
        return pd.concat([table, table[table["term"] == "exper"].assign(term=term)])

    slopes = within.coefficient_slopes(with_table(run, "coefficients", more), "lwage", "exper", "fe")
    assert bool(slopes) == enters_alone


def test_fixed_effects_and_the_first_debiased_effect_stand_there_whatever_they_say(run):
    """Pooled OLS has a coefficient and is no answer."""
    alone, _ = part(run, "effect")
    assert (alone.code, alone.estimator, params(alone)["is_alone"]) == ("within_effect", "fe", True)
    open_one = with_effects(run, {"conf_high": 0.1, "p_value": 0.4})
    assert codes(part(open_one, "effect")) == ["debiased_effect", "within_effect", "for_whom"]
    differing = with_effects(run, {"p_methods": 0.004}, {"p_methods": 0.004, **OTHER})
    _, other, _ = part(differing, "effect")
    assert params(other)["method"] == OTHER["method"]
    alike = with_table(differing, "heterogeneity_differences", lambda frame: frame[:0])
    alike = with_table(alike, "conditional_effects", lambda frame: frame[:0])
    assert codes(part(alike, "effect")) == ["debiased_effect", "within_effect", "other_method"]
    primary = differing.manifest.study.primary
    undeclared = with_table(
        with_study(differing, primary=replace(primary, is_declared=False)), "effects", lambda table: table
    )
    names = [
        labelled(screen_of(one)[1]["lwage"], one.manifest.study)[1][0] for one in (differing, undeclared, run)
    ]
    assert names == ["Effect", "Effect (not declared beforehand)", "Effect"]
    refused = with_effects(run, {"status": "refused", "reason": "one period", "band": ""})
    first, second, _ = part(refused, "effect")
    assert (first.code, params(second)["is_alone"]) == ("no_effect", True)
    pooled = tuple(entry for entry in run.manifest.study.estimators if entry.id != "fe")
    assert codes(part(with_study(run, estimators=pooled), "effect")) == ["no_within_effect", "for_whom"]


def test_other_terms_with_the_exposure_leave_no_coefficient_that_is_the_effect(run):
    def squared(table):
        return pd.concat([table, table[table["term"] == "exper"].assign(term="exper^2")])

    changed = with_table(run, "coefficients", squared)
    assert within.coefficient_slopes(run, "lwage", "exper", "fe")
    assert not within.coefficient_slopes(changed, "lwage", "exper", "fe")
    entry, (slope,) = within.within_slopes(with_curve_slopes(changed, 0.1, 0.2, 0.3), "lwage", "exper")
    assert (entry.id, slope.level, slope.estimate) == ("fe", "", pytest.approx((0.2, 0.1, 0.3)))


@pytest.mark.parametrize(
    ("pooled", "told"),
    [(0.1, [2.0]), (0.11, []), (0.39, []), (0.4, [2.0]), (0.05, [4.0]), (-0.1, [math.nan]), (0.0, [])],
)
def test_a_pooled_slope_of_another_sign_or_size_is_told_where_a_test_says_that_they_differ(run, pooled, told):
    """The within slope is 0.2."""

    def change(table):
        numbers = {"ols": (pooled, pooled - 0.1, pooled + 0.1), "fe": (0.2, 0.1, 0.3)}
        for name, own in numbers.items():
            rows = (table["estimator"] == name) & (table["term"] == "exper")
            table.loc[rows, ["estimate", "conf_low", "conf_high"]] = own
        return table

    def tested(run, p_value, **names):
        row = {"outcome": "lwage", "exposure": "exper", "test": "equal_curves", "estimator": "fe"}
        row |= {"against": "ols", "statistic": 3.0, "p_value": p_value, "status": "ok", "reason": ""} | names
        return with_table(run, "effect_tests", lambda _: pd.DataFrame([row]))

    untested, study = with_table(run, "coefficients", change), run.manifest.study
    changed, found = tested(untested, 0.04), {}
    for other in (untested, tested(untested, 0.06), tested(untested, 0.01, exposure="educ")):
        assert not list(within.pooled_findings(other, "lwage"))
    for kept in ({"ols", "fe"}, {"ols"}, {"fe"}):
        own = with_study(changed, estimators=tuple(one for one in study.estimators if one.id in kept))
        rows = list(within.pooled_findings(own, "lwage"))
        found[frozenset(kept)] = [params(one).get("factor", math.nan) for one in rows]
    assert found.pop(frozenset({"ols", "fe"})) == pytest.approx(told, nan_ok=True)
    assert not any(found.values())


def test_nickell_stands_by_every_kind_of_finding_with_entity_effects_and_by_coefficients(run):
    def lagged(frame):
        return frame.assign(step="lag", into="union", inputs="lwage")

    changed = with_table(run, "preparation", lagged)
    table = findings_table(changed)
    warned = table[table["caveats_text"].fillna("").str.contains("Nickell")]
    own = table[table["estimator"] == "fe"]
    assert set(own["finding"]) >= {"gain", "model_curve", "nonlinearity", "turning_point"}
    assert set(warned.query("estimator != ''")["estimator"].dropna()) == {"fe"}
    assert len(warned.query("estimator == 'fe'")) == len(own)
    caveat = coefficient_caveat(changed, "lwage")
    assert caveat.startswith("Fixed effects: union is the outcome of an earlier period")
    assert coefficient_caveat(run, "lwage") == ""
