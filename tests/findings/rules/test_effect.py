"""Debiased effects: what they say, what blocks them, which is primary, and what else is said of them."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from findings.wage_effects import (
    CRE,
    NB,
    SLOPE,
    against,
    codes,
    debiased,
    params,
    part,
    told,
    with_curve_slopes,
    with_effects,
    with_mean_slopes,
)
from harness.findings.rules import effect
from harness.record.manifest import PrimaryRecord
from harness.running.csv_table import as_declared
from harness.tables.effects import SENSITIVITY
from report.fake_run import with_study, with_table

linearity_findings = told(effect.linearity_findings)


def test_a_debiased_effect_is_established_off_zero_with_entities_enough(run):
    (found,) = debiased(run, {})
    assert found.text == (
        "One unit more of Experience raises Log wage by 0.20 log dollars an hour (95% CI 0.10 to 0.30; first "
        "differences, double machine learning with Boosting)."
    )
    assert (found.estimator, found.is_established, found.p_value) == ("", True, 0.001)
    assert found.caveats_text == "Changes are as good as random."
    (few,) = debiased(run, {"n_entities": 29})
    assert not few.is_established
    assert "few_entities" in against(few)
    (enough,) = debiased(run, {"n_entities": 30, "n_effective": 1.06})
    assert enough.is_established
    (parted,) = debiased(run, {"p_methods": 0.002, "p_learners": 0.6})
    assert not parted.is_established
    assert "methods_differ" in against(parted)
    (unlike,) = debiased(run, {"p_methods": 0.3, "p_learners": 0.01})
    assert not unlike.is_established
    assert "learners_differ" in against(unlike)
    for form, caveat in (("line", "exploratory_learner"), ("curve", "exploratory_curve")):
        (drawn,) = debiased(run, {"is_exploratory": True, "form": form})
        assert not drawn.is_established
        assert caveat in against(drawn)
    (alone,) = debiased(run, {"p_methods": np.nan})
    assert alone.is_established
    assert "one_method" in against(alone)
    (little,) = debiased(run, {"residual_share": 0.04})
    assert not little.is_established
    assert "little_residual_variation" in against(little)
    assert "little_residual_variation" not in against(debiased(run, {"residual_share": 0.05})[0])
    (open_one,) = debiased(run, {"conf_low": -0.1, "conf_high": 0.5})
    assert not open_one.is_established
    assert "changes Log wage by 0.20 log dollars an hour (95% CI −0.10 to 0.50; " in open_one.text
    assert open_one.text.endswith("), not significantly different from zero.")
    (falling,) = debiased(run, {"estimate": -0.2, "conf_low": -0.3, "conf_high": -0.1})
    assert "lowers Log wage by 0.20 log dollars an hour (95% CI 0.10 to 0.30; " in falling.text


def test_an_open_slope_says_what_could_have_been_found_or_that_it_is_negligible(run):
    wide = {"estimate": 0.1, "conf_low": -0.1, "conf_high": 0.3, "p_value": 0.3, "std_error": 0.1}
    (alone,) = debiased(run, wide)
    quantiles = stats.t.ppf([0.975, 0.8], 544)
    assert alone.least_detectable == pytest.approx(0.1 * quantiles.sum(), rel=1e-12)
    assert alone.text.endswith(" This study could have detected 0.28 log dollars an hour.")
    (few,) = debiased(run, wide | {"df": 5.2})
    quantiles = stats.t.ppf([0.975, 0.8], 5.2)
    assert (few.df, few.least_detectable) == (5.2, pytest.approx(0.1 * quantiles.sum(), rel=1e-12))
    two = debiased(run, wide, wide | CRE)[0]
    assert two.least_detectable > alone.least_detectable
    assert "could have detected" not in debiased(run, {"std_error": 0.1})[0].text
    asked = with_study(run, negligible={"effect": 0.31})
    (none,) = debiased(asked, wide)
    assert none.text.endswith(" It is negligible: its interval lies within ±0.31 log dollars an hour.")
    (larger,) = debiased(asked, wide | {"conf_low": -0.32})
    assert "negligible" not in larger.text


def declared(run, *, is_declared=True, outcomes=("lwage",)):
    """Return a run of a study whose primary effect is a slope by first differences, learned by boosting."""
    primary = PrimaryRecord("effect", "first_differences", "line", "boosting", is_declared=is_declared)
    return with_study(run, primary=primary, outcomes=outcomes)


def test_the_declared_effect_comes_first_and_is_adjusted_for_outcomes_alone(run):
    other = {"outcome": "hours"}
    own = declared(run, outcomes=("lwage", "hours"))
    rows = (CRE | {"p_value": 0.04}, {"form": "derivative", "p_value": 0.02}, {"p_value": 0.04})
    found = debiased(own, *rows, other | {"p_value": 0.001}, other | CRE)
    assert [row.is_primary for row in found] == [True, False, False]
    assert [row.p_adjusted for row in found] == pytest.approx([0.04, 0.04, 0.04])
    assert all(row.is_established for row in found)
    late = debiased(own, {"p_value": 0.04}, other | {"p_value": 0.05})[0]
    assert (late.p_adjusted, late.is_established) == (pytest.approx(0.08), False)
    assert late.text.endswith(f" from zero once adjusted for 2 outcomes (p{NB}={NB}0.080).")


def test_a_declared_effect_without_a_number_says_why_and_none_takes_its_place(run):
    failed = {"status": "refused", "reason": "one period", "band": ""}
    first, second = debiased(declared(run), CRE, failed)
    assert (first.is_primary, first.code, second.is_primary) == (True, "no_effect", False)
    assert not first.is_established
    assert first.text == "The debiased effect could not be estimated: one period."
    whole, _ = debiased(declared(run), CRE, failed | {"method": "", "form": "", "band": ""})
    assert whole.is_primary
    assert whole.text.endswith("could not be estimated: one period.")


def test_what_was_not_declared_is_no_primary_effect_but_comes_first(run):
    first, second = debiased(declared(run, is_declared=False), CRE, {})
    assert "first differences" in first.text
    assert not first.is_primary
    assert first.p_adjusted == second.p_adjusted == pytest.approx(0.002)


def test_a_debiased_interaction_is_a_finding_of_its_own(run):
    (found,) = debiased(run, {"form": "interaction", "moderator": "educ"})
    assert (found.finding, found.is_established) == ("interaction", True)
    assert found.text.startswith(
        "One unit more of Schooling (years) raises the effect of Experience on Log wage by 0.20 log dollars "
        "an hour (95% CI 0.10 to 0.30; "
    )
    assert "looks_interacting" in against(found)


def test_a_debiased_slope_names_the_slopes_that_its_interval_does_not_hold(run):
    """The truth is the number that it estimates: another method's, or another mean, is not compared."""
    (apart,) = debiased(with_mean_slopes(run, 0.05, ols=0.04, fe=0.2, rab=0.09), {})
    assert apart.caveats_text.endswith(
        " Mean slopes of models outside this interval: 2 of 3 (0.0400 to 0.0900). The true slope, 0.0500, "
        "lies outside it."
    )
    assert apart.is_established
    (one,) = debiased(with_mean_slopes(run, np.nan, ols=0.04, fe=0.2), {})
    assert one.caveats_text.endswith(" Mean slopes of models outside this interval: 1 of 2 (0.0400).")
    (held,) = debiased(with_mean_slopes(run, 0.1, ols=0.3, fe=0.2), {})
    assert "outside" not in held.caveats_text
    (method,) = debiased(with_mean_slopes(run, 0.05), CRE)
    assert "outside" not in method.caveats_text
    (mean,) = debiased(with_mean_slopes(run, 0.1), {"form": "derivative"})
    assert mean.caveats_text.endswith(" The true slope, 9.00, lies outside it.")
    (other,) = debiased(with_mean_slopes(run, 0.1, ols=0.04), {"exposure": "union"})
    assert "outside" not in other.caveats_text
    (bent,) = debiased(with_mean_slopes(run, 0.05, ols=0.04), {"form": "curve", "at": 1.0})
    assert "outside" not in bent.caveats_text
    assert json.loads(bent.params)["at"] == 1.0


def test_debiased_contrasts_of_levels_have_their_names(run):
    named = with_study(run, levels=("none", "craft", "union"))
    place = {"form": "contrast", "band": "simultaneous"}
    (found,) = debiased(
        named,
        place | {"at": 1.0, "estimate": 0.1, "conf_low": -0.1, "conf_high": 0.3},
        place | {"at": 2.0, "estimate": 0.5, "conf_low": 0.2, "conf_high": 0.8},
    )
    assert found.text.startswith(
        "Compared with none, Log wage is: craft 0.10 log dollars an hour higher (95% CI −0.10 to 0.30), not "
        "significant; union 0.50 log dollars an hour higher (95% CI 0.20 to 0.80) (Experience; "
    )
    assert (found.is_established, found.estimate) == (True, 0.5)


@pytest.mark.parametrize(("form", "zero"), [("curve", "its mean"), ("conditional", "zero")])
def test_debiased_effects_of_several_places_are_judged_by_their_simultaneous_band(run, form, zero):
    """A curve is less its mean over rows, so that it says nothing of zero."""
    points = [
        {"form": form, "at": at, "estimate": value, "conf_low": value - wide, "conf_high": value + wide}
        | {"band": band}
        for band, wide in (("pointwise", 0.1), ("simultaneous", 0.25))
        for at, value in ((1.0, -0.2), (2.0, 0.2), (3.0, 0.3))
    ]
    (found,) = debiased(run, *points)
    assert found.is_established
    assert f"above {zero} at 3 years; 0.30 log dollars an hour (95% CI 0.05 to 0.55) at 3 (" in found.text
    wide = [point | {"conf_low": -0.9, "conf_high": 0.9} for point in points]
    (unclear,) = debiased(run, *wide)
    assert f"nowhere significantly different from {zero}; " in unclear.text
    refused = {"status": "refused", "reason": "one period"}
    assert debiased(run, refused) == []


@pytest.mark.parametrize(("p_value", "is_bent"), [(0.049, True), (0.05, False), (0.6, False)])
def test_a_nonlinearity_is_established_where_linearity_is_rejected(run, p_value, is_bent):
    row = {"outcome": "lwage", "exposure": "exper", "test": "linearity", "estimator": "fe", "against": ""}
    rows = [row | {"statistic": 3.0, "p_value": p_value, "status": "ok", "reason": ""}]
    rows.append(rows[0] | {"test": "encompassing", "p_value": 0.5 - p_value / 2})
    tested = with_table(run, "effect_tests", lambda _: pd.DataFrame(rows))
    (found,) = linearity_findings(tested, "lwage")
    assert (found.is_established, found.p_value) == (is_bent, p_value)
    assert ("not rejected" in found.text) != is_bent
    assert found.finding == "nonlinearity"
    within = with_table(run, "effect_tests", lambda _: pd.DataFrame(rows).assign(estimator=""))
    (row,) = linearity_findings(within, "lwage")
    assert (found.screen, row.screen) == ("none", "trust" if is_bent else "none")


@pytest.mark.parametrize(
    ("slopes", "is_told"),
    [
        ((0.1, 0.2, 0.3), True),
        ((0.1, -0.05, 0.3), False),
        ((0.1, 0.2, -0.15), False),
        ((0.1, 0.0, 0.3), False),
    ],
)
def test_that_all_curves_go_the_other_way_is_told_first(run, slopes, is_told):
    changed = with_curve_slopes(with_effects(run, {}), *slopes)
    first, *_ = part(changed, "trust")
    assert (first.code == "signs_differ") is is_told
    if is_told:
        assert params(first) == {"n_curves": 3, "do_rise": True, "is_significant": True}
        turned = {"estimate": 0.2, "conf_low": 0.1, "conf_high": 0.3}
        below = with_curve_slopes(with_effects(run, turned), *(-slope for slope in slopes))
        assert part(below, "trust")[0].code == "signs_differ"


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
    times = effect.overturning(one)
    bias = math.sqrt(times * 0.02 * times * 0.01 / (1.0 - times * 0.01))
    assert bias == pytest.approx(0.07 / math.sqrt(1.0 - 0.07))
    assert effect.overturning(replace(one, r2_outcome=0.0)) == math.inf
    assert effect.overturning(replace(one, r2_exposure=0.0)) == math.inf
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


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"n_entities": 29}, ["Only 29 entities (man): intervals are rough below 30."]),
        (
            {"n_entities": 30, "residual_share": 0.04},
            [
                "Log wage: controls explain all but 4.0% of the exposure's variation, so small errors move "
                f"the estimate ({method}, slope, Boosting)."
                for method in ("First differences", "Correlated random effects")
            ],
        ),
        (
            {"first_stage_f": 6.04},
            [
                "Log wage: the instruments are weak (first-stage F 6.0, below 10), so estimates and "
                f"intervals mislead ({method}, slope, Boosting)."
                for method in ("First differences", "Correlated random effects")
            ],
        ),
        (
            {"p_methods": 0.002, "group": "south"},
            [
                "Log wage: first differences and correlated random effects differ (p\u00a0=\u00a00.002; "
                "slope of south), so the assumption of at least one fails."
            ]
            * 2,
        ),
    ],
)
def test_what_is_doubtful_of_effects_is_a_row_for_each(run, changes, words):
    """Once for the points and bands of an effect."""
    bands = ({"band": band, **method} for method in ({}, CRE) for band in ("pointwise", "simultaneous"))
    changed = with_effects(run, *(band | changes for band in bands))
    rows = told(effect.doubt_findings)(changed, "lwage")
    assert [row.text for row in rows] == words
    assert len({row.key for row in rows}) == len(rows)
