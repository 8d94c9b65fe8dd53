"""Debiased effects: what they say, what blocks them, which is primary, and what else is said of them."""

import numpy as np
import pytest
from scipy import stats

from findings.wage_effects import CRE, NB, against, debiased, params, params_of, with_mean_slopes
from harness.record.manifest import PrimaryRecord
from report.fake_run import with_study


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
    assert alone.text.endswith(" An effect of 0.28 log dollars an hour had an 80% chance of being found.")
    (few,) = debiased(run, wide | {"df": 5.2})
    quantiles = stats.t.ppf([0.975, 0.8], 5.2)
    assert (few.df, few.least_detectable) == (5.2, pytest.approx(0.1 * quantiles.sum(), rel=1e-12))
    two = debiased(run, wide, wide | CRE)[0]
    assert two.least_detectable > alone.least_detectable
    assert "chance of being found" not in debiased(run, {"std_error": 0.1})[0].text
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
        "One unit more of Schooling raises the effect of one unit more of Experience on Log wage by 0.20 log "
        "dollars an hour (95% CI 0.10 to 0.30; "
    )
    assert "looks_interacting" in against(found)


def test_a_debiased_slope_names_the_true_slope_that_its_interval_does_not_hold(run):
    """The truth is the number that it estimates: another method's, or another mean, is not compared."""

    def outside(truth, **change):
        (row,) = debiased(with_mean_slopes(run, truth), change)
        return params_of(row).get("truth_outside", {}).get("truth"), row

    truth, row = outside(0.05)
    assert (truth, row.is_established) == (0.05, True)
    assert row.caveats_text.endswith(" The true effect, 0.0500, lies outside it.")
    assert outside(0.1)[0] is None
    assert outside(0.05, **CRE)[0] is None
    assert outside(0.1, form="derivative")[0] == 9.0
    assert outside(0.1, exposure="union")[0] is None
    truth, bent = outside(0.05, form="curve", at=1.0)
    assert (truth, params(bent)["at"]) == (None, 1.0)


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
