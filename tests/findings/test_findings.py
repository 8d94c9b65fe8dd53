"""Findings against the tables that they are made from."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from harness.findings.finding import caveats_of
from harness.findings.lines import stretches
from harness.findings.rules import contrast, curve, effect, gain, moderator
from harness.findings.run import read_run
from harness.record.manifest import PrimaryRecord
from harness.report.sections.coefficients import coefficient_caveat
from harness.running.csv_table import as_declared
from harness.tables.curves import TRUTH
from harness.tables.effects import EFFECT_TESTS, EFFECTS, THRESHOLD_TESTS
from harness.tables.heterogeneity import CONTRASTS, THRESHOLDS
from harness.text.render import findings_table, with_text
from harness.text.stretches import stretches_text
from harness_panel.thresholds.estimator import COUNTED
from report.fake_run import wage_run, with_study, with_table


def told(find):
    """Return what finds, its findings put into words."""
    return lambda run, outcome: [with_text(row, run.manifest.study) for row in find(run, outcome)]


gain_findings, debiased_findings = told(gain.gain_findings), told(effect.debiased_findings)
linearity_findings = told(effect.linearity_findings)
model_curve_findings, turning_point_findings = (
    told(find) for find in (curve.model_curve_findings, curve.turning_point_findings)
)
contrast_findings, group_findings = told(contrast.contrast_findings), told(contrast.group_findings)
sign_change_findings = told(moderator.sign_change_findings)
threshold_findings, interaction_findings = (
    told(find) for find in (moderator.threshold_findings, moderator.interaction_findings)
)
NB = "\u00a0"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(wage_run(tmp_path_factory.mktemp("findings") / "run"))


def against(row):
    """Return the codes of what stands against a finding."""
    return {code for code, _ in caveats_of(row)}


def verdicts(run):
    return {(row.estimator, row.about): row for row in gain_findings(run, "lwage")}


def cells_where(**where):
    """Return a change of the table of gains: the cells of some rows."""

    def change(frame):
        rows = (frame["estimator"] == "fe") & (frame["protocol"] == "forward")
        return frame.assign(**{name: frame[name].mask(rows, value) for name, value in where.items()})

    return change


def only(run, protocol):
    """Return a run with one protocol alone."""
    kept = tuple(entry for entry in run.manifest.study.protocols if entry.id == protocol)
    return with_study(run, protocols=kept)


def test_a_gain_that_stands_under_every_protocol_that_keeps_rows_apart_is_established(run):
    found = verdicts(only(run, "forward"))
    assert found["", "ols"].is_established
    own = found["fe", "ols"]
    assert own.is_established
    assert (own.estimate, own.conf_low, own.conf_high, own.p_adjusted) == pytest.approx(
        (0.395, 0.345, 0.445, 0.03)
    )
    assert not verdicts(run)["fe", "ols"].is_established


@pytest.mark.parametrize(
    "where", [{"decision": "open"}, {"inference": "given these periods"}], ids=lambda where: next(iter(where))
)
def test_one_thing_that_speaks_against_a_gain_leaves_it_open(run, where):
    found = verdicts(with_table(only(run, "forward"), "gain", cells_where(**where)))
    assert not found["fe", "ols"].is_established
    assert not found["", "ols"].is_established


def test_the_least_honest_gain_stands_for_an_estimator(run):
    assert verdicts(run)["boosting", "ols"].estimate == pytest.approx(-1.62)


def test_predictions_by_the_mean_effect_are_counted_where_they_bear(run):
    caveats = verdicts(run)["fe", "ols"].caveats_text
    assert "Fixed effects under “Forward in time”: 12 of 872 test rows have a period" in caveats
    assert "872" not in verdicts(run)["ann", "ols"].caveats_text


@pytest.mark.parametrize(("where", "is_said"), [("panel", True), ("effect", False)])
def test_few_entities_of_a_scenario_bear_on_no_gain(run, where, is_said):
    row = {"code": "W-FEWENTITIES", "where": where, "message": "it rests on 9 entities"}
    changed = with_table(run, "warnings", lambda frame: pd.concat([frame, pd.DataFrame([row])]))
    assert (
        "Few entities: it rests on 9 entities." in verdicts(changed)["ann", "ols"].caveats_text
    ) == is_said


@pytest.mark.parametrize(("where", "is_said"), [("lwage", True), ("hours", False)])
def test_a_regressor_that_holds_the_outcome_bears_on_its_gains(run, where, is_said):
    row = {"code": "W-LEAK", "where": where, "message": "The outcome is a function of wage"}
    changed = with_table(run, "warnings", lambda frame: pd.concat([frame, pd.DataFrame([row])]))
    assert ("The outcome is a function of wage." in verdicts(changed)["ann", "ols"].caveats_text) == is_said


def test_time_seen_once_is_said(run):
    changed = with_table(run, "gain", cells_where(inference="given these periods"))
    assert "time_seen_once" in against(verdicts(changed)["fe", "ols"])


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


def test_a_reference_that_is_hopeless_for_new_entities_is_named_with_its_best_rival(run):
    def worse(frame, *, mse=0.1):
        rows = (frame["estimator"] == "ols") & (frame["protocol"] == "held_out_entities")
        rival = (frame["estimator"] == "fe") & (frame["protocol"] == "held_out_entities")
        numbers = {"mse": mse, "rmse": 0.3, "nmse": 0.4, "r2": 0.6}
        changed = frame.assign(nmse=frame["nmse"].mask(rows, 1.3), status=frame["status"].mask(rival, "ok"))
        return changed.assign(**{name: changed[name].mask(rival, value) for name, value in numbers.items()})

    found = verdicts(with_table(run, "accuracy", worse))["", "ols"]
    assert "hopeless_reference" in against(found)
    assert "1.30 times the variance" in found.caveats_text
    assert "The best simple rival is Fixed effects, with 57.3% less error." in found.caveats_text
    assert "hopeless_reference" not in against(verdicts(run)["", "ols"])
    no_better = verdicts(with_table(run, "accuracy", lambda frame: worse(frame, mse=9.0)))["", "ols"]
    assert "rival" not in dict(caveats_of(no_better))["hopeless_reference"]


def test_turning_points_are_placed_whether_or_not_they_are_established(run):
    found = [row for row in turning_point_findings(run, "lwage") if row.estimator == "rab"]
    assert [row.text for row in found] == [
        f"RAB: the curve has a maximum at 12.1 [10.7,{NB}13.2] years, in 92% of draws."
    ]
    changed = with_table(run, "turning_points", lambda frame: frame.assign(is_established=False))
    (row,) = [row for row in turning_point_findings(changed, "lwage") if row.estimator == "rab"]
    assert not row.is_established
    assert row.estimate == pytest.approx(found[0].estimate)
    assert row.text.endswith("; not significant.")


def test_a_place_outside_the_interval_of_draws_is_said_to_be_there_and_not_established(run):
    """Draws can turn, and change their sign, all elsewhere than the fit does."""

    def elsewhere(frame):
        return frame.assign(at=frame["conf_high"] + 1.0)

    turns = with_table(run, "turning_points", elsewhere)
    (turn,) = [row for row in turning_point_findings(turns, "lwage") if row.estimator == "rab"]
    assert turn.is_established
    assert turn.text == (
        f"RAB: the curve has a maximum at 14.2, outside its interval [10.7,{NB}13.2] years, in 92% of draws; "
        "its place is uncertain."
    )
    crosses = with_table(run, "thresholds", elsewhere)
    (cross,) = [row for row in sign_change_findings(crosses, "lwage") if row.estimator == "rab"]
    assert cross.is_established
    assert f" at 11.4, outside its interval [9.1,{NB}10.4], in 98% of draws; its place is" in cross.text


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


def test_a_turning_point_anywhere_in_the_range_is_none(run):
    def wide(share):
        at = run.frame("curves").query("kind == 'level' and estimator == 'rab' and supported")["at"]
        high = at.min() + share * (at.max() - at.min())
        return with_table(
            run, "turning_points", lambda frame: frame.assign(conf_low=at.min(), conf_high=high)
        )

    (kept,) = [row for row in turning_point_findings(wide(0.79), "lwage") if row.estimator == "rab"]
    assert kept.is_established
    (none,) = [row for row in turning_point_findings(wide(0.81), "lwage") if row.estimator == "rab"]
    assert not none.is_established
    assert none.text == "RAB: the curve has no turning point inside the supported range."


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


def with_slopes(run, low, high, estimate=None):
    """Return a run in which every slope has these simultaneous limits, in their middle or elsewhere."""

    def change(frame):
        slopes = frame[frame["kind"] == "slope"].sort_values("at", kind="stable")
        share = (slopes["at"].rank(method="dense") - 1) / (slopes["at"].nunique() - 1)
        middle = (low(share) + high(share)) / 2.0
        is_wide = slopes["band"] == "simultaneous"
        slopes = slopes.assign(
            conf_low=slopes["conf_low"].mask(is_wide, low(share)),
            conf_high=slopes["conf_high"].mask(is_wide, high(share)),
            estimate=middle if estimate is None else estimate(share),
        )
        return pd.concat([frame[frame["kind"] != "slope"], slopes]).assign(supported=True)

    return with_table(run, "curves", change)


@pytest.mark.parametrize(
    ("low", "high", "effect", "nonlinearity"),
    [
        (lambda t: 0 * t - 1, lambda t: 0 * t + 1, False, False),
        (lambda t: 0 * t + 0.1, lambda t: 0 * t + 0.2, True, False),
        (lambda t: t - 0.5, lambda t: t + 0.3, True, True),
        (lambda t: t - 1.5, lambda t: t + 0.1, False, False),
        (lambda t: 2 * t - 1.2, lambda t: 2 * t - 0.9, True, True),
    ],
    ids=["flat", "a line", "bent above zero", "too wide", "both signs"],
)
def test_a_slope_has_an_effect_off_zero_and_a_bend_where_no_line_fits(run, low, high, effect, nonlinearity):
    found = {row.finding: row for row in model_curve_findings(with_slopes(run, low, high), "lwage")}
    assert found["model_curve"].is_established == effect
    assert found["nonlinearity"].is_established == nonlinearity
    assert ("rises" in found["model_curve"].text or "falls" in found["model_curve"].text) == effect
    assert ("no constant slope" in found["nonlinearity"].text) == nonlinearity


def effect_of_rab(run):
    (found,) = [
        row
        for row in model_curve_findings(run, "lwage")
        if (row.estimator, row.finding) == ("rab", "model_curve")
    ]
    return found


def test_nothing_is_established_where_the_fit_is_on_the_other_side_of_zero_than_its_draws(run):
    changed = with_slopes(run, lambda t: 0 * t + 0.01, lambda t: 0 * t + 0.2, lambda t: 0 * t - 0.03)
    found = effect_of_rab(changed)
    assert not found.is_established
    assert "the slope is nowhere significantly different from zero (simultaneous band); slope" in found.text


def test_the_slope_that_is_named_is_one_of_those_told_from_zero(run):
    changed = with_slopes(
        run, lambda t: t - 0.5, lambda t: t + 0.3, lambda t: np.where(t < 0.9, -0.3, t - 0.1)
    )
    found = effect_of_rab(changed)
    assert found.is_established
    assert found.estimate > 0.0
    assert found.conf_low > 0.0


def test_an_open_curve_is_read_where_it_moves(run):
    """A curve of steps has places at which no draw moves; a slope of 0 [0, 0] there says nothing of it."""
    changed = with_slopes(
        run,
        lambda t: np.where(t < 0.7, 0.0, -1.0),
        lambda t: np.where(t < 0.7, 0.0, 2.0),
        lambda t: np.where(t < 0.7, 0.0, 0.4),
    )
    found = effect_of_rab(changed)
    assert not found.is_established
    assert (found.estimate, found.conf_low, found.conf_high) == (0.4, -1.0, 2.0)


def test_a_curve_that_no_draw_moves_is_called_flat(run):
    found = effect_of_rab(with_slopes(run, lambda t: 0 * t, lambda t: 0 * t, lambda t: 0 * t))
    assert not found.is_established
    assert found.text.endswith(": flat in every draw.")


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


EFFECT = {
    "outcome": "lwage",
    "exposure": "exper",
    "method": "first_differences",
    "form": "line",
    "learner": "boosting",
    "scenario": "effect",
    "estimate": 0.2,
    "conf_low": 0.1,
    "conf_high": 0.3,
    "band": "pointwise",
    "p_value": 0.001,
    "n_entities": 545,
    "share_left": 0.4,
    "assumption": "Changes are as good as random.",
    "at": np.nan,
    "p_methods": 0.4,
    "status": "ok",
    "reason": "",
}


def debiased(run, *rows):
    """Return the findings on debiased effects of rows that differ in some cells."""
    table = as_declared(EFFECTS, [pd.DataFrame([EFFECT | change for change in rows])])
    return list(debiased_findings(with_table(run, "effects", lambda _: table), "lwage"))


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
    (little,) = debiased(run, {"share_left": 0.04})
    assert not little.is_established
    assert "little_left" in against(little)
    assert "little_left" not in against(debiased(run, {"share_left": 0.05})[0])
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


CRE = {"method": "correlated_random_effects"}


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


def test_a_curve_says_that_the_debiased_interval_excludes_its_mean_slope(run):
    apart = with_mean_slopes(run, np.nan, rab=0.09, fe=0.2)
    table = as_declared(EFFECTS, [pd.DataFrame([EFFECT])])
    found = {
        row.estimator: row
        for row in model_curve_findings(with_table(apart, "effects", lambda _: table), "lwage")
        if row.finding == "model_curve"
    }
    parameters = json.loads(found["rab"].params)
    assert (parameters["mean"], parameters["debiased"]) == (0.09, [0.2, 0.1, 0.3])
    assert "mean slope" not in found["fe"].text


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
    assert two.text.startswith("Fixed effects: sequential tests find 2 thresholds in Schooling (years) (")
    assert two.text.endswith(f"; those of the model are at 9.7 [9.1,{NB}10.4].")
    assert (two.is_established, two.estimate, two.p_value) == (True, 9.7, 0.01)
    assert "looks_broken" in against(two)
    none = told_by(0.06, 0.01, 0.01)
    assert not none.is_established
    assert "find 0 thresholds" in none.text
    assert COUNTED[1:] == THRESHOLD_TESTS


def test_a_measure_of_interaction_establishes_nothing_and_rounding_is_none(run):
    found = {row.estimator: row for row in interaction_findings(run, "lwage")}
    assert not any(row.is_established for row in found.values())
    assert found["ols"].text == (
        "Pooled OLS: no interaction of Experience and Schooling (years); its form allows none."
    )
    assert found["rab"].text.endswith("; noise alone lifts it above zero.")


def test_a_debiased_interaction_is_a_finding_of_its_own(run):
    (found,) = debiased(run, {"form": "interaction", "moderator": "educ"})
    assert (found.finding, found.is_established) == ("interaction", True)
    assert found.text.startswith(
        "One unit more of Schooling (years) raises the effect of Experience on Log wage by 0.20 log dollars "
        "an hour (95% CI 0.10 to 0.30; "
    )
    assert "looks_interacting" in against(found)


def with_mean_slopes(run, truth, **slopes):
    """Return a run whose net effect curves have mean slopes, and a true slope where it is a number."""
    row = {"outcome": "lwage", "scenario": "curve", "kind": "average_effect", "at": np.nan, "status": "ok"}
    band = {"band": "pointwise", "supported": True, "level": 0.95}
    own = [row | band | {"estimator": name, "estimate": slope} for name, slope in slopes.items()]
    curved = with_table(run, "curves", lambda table: pd.concat([table, pd.DataFrame(own)]))
    place = row | {"scenario": "effect", "truth": truth}
    kinds = [
        {"kind": "weighted_slope", "group": "first_differences"},
        {"kind": "average_effect", "truth": 9.0},
    ]
    rows = [place | kind for kind in kinds] if np.isfinite(truth) else []
    return with_table(curved, "truth", lambda _: as_declared(TRUTH, [pd.DataFrame(rows)] if rows else []))


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


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([1, 1, 1, 1], "from 0 to 3"),
        ([0, 1, 0, 0], "at 1"),
        ([1, 0, 1, 1], "at 0 and from 2 to 3"),
        ([0, 0, 0, 0], ""),
    ],
)
def test_stretches_of_a_grid_in_words(places, said):
    found = stretches(np.arange(4.0), np.array(places, dtype=bool))
    assert stretches_text(found) == said


def test_the_table_holds_every_kind_and_no_error_rate_that_was_not_measured(run):
    table = findings_table(run)
    kinds = {"gain", "turning_point", "group_difference", "sign_change", "interaction", "lowest_error"}
    kinds |= {"model_curve", "nonlinearity", "within_effect", "caution"}
    assert set(table["finding"]) == kinds
    assert table["error_rate"].isna().all()
    assert (table["text"].str.len() > 10).all()


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


def test_slopes_that_rounding_of_a_level_makes_are_no_findings(run):
    """Levels of 1e9 differ by up to 1e-6 from rounding, be the curve a line or flat."""
    changed = with_slopes(run, lambda t: 1e-7 * t, lambda t: 1e-7 * t + 1e-9)
    far = with_table(
        changed,
        "curves",
        lambda frame: frame.assign(
            estimate=frame["estimate"].mask(frame["kind"] == "level", frame["estimate"] + 1e9)
        ),
    )
    for shown, is_found in ((changed, True), (far, False)):
        found = {row.finding: row for row in model_curve_findings(shown, "lwage")}
        assert found["model_curve"].is_established == is_found
        assert found["nonlinearity"].is_established == is_found


def test_the_lowest_error_is_named_with_the_next(run):
    said = [row.text for row in told(gain.error_findings)(run, "lwage")]
    # 0.2312 x (1 - 0.421) and 0.2312 x (1 - 0.312); 0.2341 and 0.2341 x 1.032
    assert said[0] == "“As published (random rows)”: Fixed effects (0.1339; the next lowest is 0.1591)."
    assert said[2] == "“Held-out entities”: Pooled OLS (0.2341; the next lowest is 0.2416)."
    nothing = [row.text for row in told(gain.error_findings)(run, "no such outcome")]
    assert nothing[2] == "“Held-out entities”: no estimator has a result."


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"finding": "gain", "about": "fe"}, "gain_over_fixed_effects"),
        ({"finding": "gain", "about": "ann"}, ""),
        ({"finding": "gain", "about": "ols"}, "gain"),
        ({"finding": "effect", "is_primary": True}, "primary_effect"),
        ({"finding": "effect", "is_primary": False}, "secondary_effect"),
        ({"finding": "nonlinearity", "estimator": "rab"}, "bend"),
        ({"finding": "nonlinearity", "estimator": ""}, "nonlinearity"),
        ({"finding": "interaction", "estimator": "rab"}, ""),
        ({"finding": "interaction", "estimator": ""}, "interaction"),
        ({"finding": "turning_point", "estimator": "rab"}, "turning_point"),
    ],
)
def test_a_finding_has_the_kind_under_which_shapes_have_rates(run, row, kind):
    assert gain.kind_of(SimpleNamespace(**row), run.manifest.study) == kind
