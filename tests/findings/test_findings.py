"""Findings against the tables that they are made from."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from harness.findings import curves, effects, gain
from harness.findings.lines import stretches
from harness.findings.run import read_run
from harness.findings.table import findings_table
from harness.report.sections.coefficients import coefficient_caveat
from harness.running.csv_table import as_declared
from harness.study.spec.study import Variable
from harness.tables.effects import EFFECTS
from harness.tables.heterogeneity import CONTRASTS
from harness.tables.truth import TRUTH
from harness.text import effects as words
from harness.text.sentences import worded
from report.changed_run import with_study, with_table
from report.fake_run import wage_run


def told(find):
    """Return what finds, its findings put into words."""
    return lambda run, outcome: [worded(row, run.manifest.study) for row in find(run, outcome)]


gain_findings, debiased_findings = told(gain.gain_findings), told(effects.debiased_findings)
linearity_findings = told(effects.linearity_findings)
curve_effect_findings, turning_point_findings = (
    told(find) for find in (curves.curve_effect_findings, curves.turning_point_findings)
)
contrast_findings, group_findings = told(effects.contrast_findings), told(effects.group_findings)
sign_change_findings, threshold_findings = (
    told(find) for find in (curves.sign_change_findings, curves.threshold_findings)
)
NB = "\u00a0"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(wage_run(tmp_path_factory.mktemp("findings") / "run"))


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
    assert (own.estimate, own.conf_low, own.conf_high, own.p_value) == pytest.approx(
        (0.395, 0.345, 0.445, 0.03)
    )
    assert not verdicts(run)["fe", "ols"].is_established


@pytest.mark.parametrize(
    "where",
    [
        {"p_splits": 0.46},
        {"fold_gain_min": -0.01},
        {"p_best": 0.06},
        {"inference": "given these periods"},
    ],
    ids=lambda where: next(iter(where)),
)
def test_one_thing_that_speaks_against_a_gain_leaves_it_open(run, where):
    found = verdicts(with_table(only(run, "forward"), "gain", cells_where(**where)))
    assert not found["fe", "ols"].is_established
    assert not found["", "ols"].is_established


def test_the_least_honest_gain_stands_for_an_estimator(run):
    assert verdicts(run)["boosting", "ols"].estimate == pytest.approx(-1.62)


def test_predictions_by_the_mean_effect_are_counted_where_they_bear(run):
    caveats = verdicts(run)["fe", "ols"].caveats
    assert "Fixed effects under “Forward in time”: 12 of 872 test rows have a period" in caveats
    assert "872" not in verdicts(run)["ann", "ols"].caveats


@pytest.mark.parametrize(("where", "is_said"), [("panel", True), ("effect", False)])
def test_few_entities_of_a_scenario_bear_on_no_gain(run, where, is_said):
    row = {"code": "W-FEWENTITIES", "where": where, "message": "it rests on 9 entities"}
    changed = with_table(run, "warnings", lambda frame: pd.concat([frame, pd.DataFrame([row])]))
    assert ("Few entities: it rests on 9 entities." in verdicts(changed)["ann", "ols"].caveats) == is_said


@pytest.mark.parametrize(("where", "is_said"), [("lwage", True), ("hours", False)])
def test_a_regressor_that_holds_the_outcome_bears_on_its_gains(run, where, is_said):
    row = {"code": "W-LEAK", "where": where, "message": "The outcome is a function of wage"}
    changed = with_table(run, "warnings", lambda frame: pd.concat([frame, pd.DataFrame([row])]))
    assert ("The outcome is a function of wage." in verdicts(changed)["ann", "ols"].caveats) == is_said


def test_time_seen_once_is_said(run):
    changed = with_table(run, "gain", cells_where(inference="given these periods"))
    assert "Time was seen once under “Forward in time”" in verdicts(changed)["fe", "ols"].caveats


def test_a_lagged_outcome_beside_entity_effects_brings_nickell(run):
    def lagged(frame):
        return frame.assign(step="lag", into="union", inputs="lwage")

    found = findings_table(with_table(run, "preparation", lagged)).query(
        "finding == 'gain' and about == 'ols'"
    )
    caveats = found.set_index("estimator")["caveats"]
    assert "Nickell" not in caveats["ann"]
    assert "biased by about 1/T, with 8 periods (Nickell" in caveats["fe"]


def test_nickell_stands_by_every_kind_of_finding_with_entity_effects_and_by_coefficients(run):
    def lagged(frame):
        return frame.assign(step="lag", into="union", inputs="lwage")

    changed = with_table(run, "preparation", lagged)
    table = findings_table(changed)
    warned = table[table["caveats"].fillna("").str.contains("Nickell")]
    own = table[table["estimator"] == "fe"]
    assert set(own["finding"]) >= {"gain", "effect", "nonlinearity", "turning_point"}
    assert set(warned.query("estimator != ''")["estimator"].dropna()) == {"fe"}
    assert len(warned.query("estimator == 'fe'")) == len(own)
    caveat = coefficient_caveat(changed, "lwage")
    assert caveat.startswith("Fixed effects: union is the outcome of an earlier period")
    assert coefficient_caveat(run, "lwage") == ""


def test_a_reference_that_is_hopeless_for_new_entities_is_named_with_its_best_rival(run):
    def worse(frame):
        rows = (frame["estimator"] == "ols") & (frame["protocol"] == "held_out_entities")
        rival = (frame["estimator"] == "fe") & (frame["protocol"] == "held_out_entities")
        numbers = {"mse": 0.1, "rmse": 0.3, "nmse": 0.4, "r2": 0.6}
        changed = frame.assign(nmse=frame["nmse"].mask(rows, 1.3), status=frame["status"].mask(rival, "ok"))
        return changed.assign(**{name: changed[name].mask(rival, value) for name, value in numbers.items()})

    said = verdicts(with_table(run, "accuracy", worse))["", "ols"].caveats
    assert "Pooled OLS is no measure for entities never seen: under “Held-out entities”" in said
    assert "1.30 times the variance" in said
    assert "The best simple rival there is Fixed effects, with 57.3% less error." in said
    assert "is no measure" not in verdicts(run)["", "ols"].caveats


def test_turning_points_are_placed_whether_or_not_they_are_established(run):
    found = [row for row in turning_point_findings(run, "lwage") if row.estimator == "rab"]
    assert [row.text for row in found] == [
        f"RAB: the curve has a maximum at 12.1 [10.7,{NB}13.2] years, in 92% of draws."
    ]
    changed = with_table(run, "turning_points", lambda frame: frame.assign(is_established=False))
    (row,) = [row for row in turning_point_findings(changed, "lwage") if row.estimator == "rab"]
    assert not row.is_established
    assert row.estimate == pytest.approx(found[0].estimate)
    assert row.text.endswith("it is not established.")


def test_a_place_outside_the_interval_of_draws_is_said_to_be_there_and_not_established(run):
    """Draws can turn, and change their sign, all elsewhere than the fit does."""

    def elsewhere(frame):
        return frame.assign(at=frame["conf_high"] + 1.0)

    turns = with_table(run, "turning_points", elsewhere)
    (turn,) = [row for row in turning_point_findings(turns, "lwage") if row.estimator == "rab"]
    assert turn.is_established
    assert turn.text == (
        f"RAB: the curve has a maximum at 14.2, outside its interval [10.7,{NB}13.2] years, in 92% of draws; "
        "its place is not established."
    )
    crosses = with_table(run, "thresholds", elsewhere)
    (cross,) = [row for row in threshold_findings(crosses, "lwage") if row.estimator == "rab"]
    assert cross.is_established
    assert f"is at 11.4, outside its interval [9.1,{NB}10.4], in 98% of draws; its place is" in cross.text


def test_effects_are_in_the_units_that_the_spec_has(run):
    """A slope is per unit of the exposure, whose unit stands once beside the places of the curve."""
    falling = with_slopes(run, lambda t: t - 1.5, lambda t: t - 1.1)
    slope, *_ = [row.text for row in curve_effect_findings(falling, "lwage") if row.finding == "effect"]
    assert re.search(
        r": it falls from 0 to \d+ years; slope .*\] log dollars an hour per unit at 0\.$", slope
    )
    flat = with_slopes(run, lambda t: 0 * t - 1, lambda t: 0 * t + 1)
    still, *_ = [row.text for row in curve_effect_findings(flat, "lwage") if row.finding == "effect"]
    assert re.search(r"\] log dollars an hour per unit at [\d.]+ years\.$", still)
    first, *_ = group_findings(run, "lwage")
    assert "] log dollars an hour per unit" in first.text
    own = run.manifest.study.variables
    no_outcome = with_study(run, variables={**own, "lwage": Variable(label="Wage")})
    assert "] per unit" in next(iter(group_findings(no_outcome, "lwage"))).text
    without = with_study(run, variables={})
    assert "per unit" not in next(iter(group_findings(without, "lwage"))).text


def test_a_difference_is_established_where_its_interval_excludes_zero(run):
    found = list(group_findings(run, "lwage"))
    assert found
    for row in found:
        assert row.is_established == (row.conf_low > 0 or row.conf_high < 0)
        assert ("not established" in row.text) != row.is_established


def test_a_threshold_has_its_place(run):
    found = [row for row in threshold_findings(run, "lwage") if row.estimator == "rab"]
    assert found[0].text.startswith(
        f"RAB, effect by Schooling (years): its threshold is at 9.7 [9.1,{NB}10.4]"
    )
    assert found[0].is_established
    assert (found[0].estimate, found[0].conf_low) == pytest.approx((9.7, 9.1))


def test_a_change_of_sign_is_told_with_where_the_effect_has_which(run):
    (found,) = [row for row in sign_change_findings(run, "lwage") if row.estimator == "rab"]
    assert found.is_established
    assert found.text == (
        "RAB, effect by Schooling (years): below zero from 6 to 8.727 and above zero from 11.45 to 16; it "
        "changes its sign."
    )


def test_without_both_signs_neither_a_change_nor_a_threshold_is_established(run):
    def never_below(frame):
        is_wide = frame["band"] == "simultaneous"
        return frame.assign(conf_high=frame["conf_high"].mask(is_wide, frame["conf_high"].abs() + 0.1))

    changed = with_table(run, "conditional_effects", never_below)
    (sign,) = [row for row in sign_change_findings(changed, "lwage") if row.estimator == "rab"]
    (threshold,) = [row for row in threshold_findings(changed, "lwage") if row.estimator == "rab"]
    assert not sign.is_established
    assert sign.text.endswith("above zero from 11.45 to 16; no change of its sign is established.")
    assert not threshold.is_established
    assert threshold.text.endswith("of draws; it is not established.")
    unbanded = with_table(run, "conditional_effects", lambda frame: frame[frame["band"] == "pointwise"])
    (sign,) = [row for row in sign_change_findings(unbanded, "lwage") if row.estimator == "rab"]
    assert "nowhere told from zero; no change" in sign.text


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
    found = {row.finding: row for row in curve_effect_findings(with_slopes(run, low, high), "lwage")}
    assert found["effect"].is_established == effect
    assert found["nonlinearity"].is_established == nonlinearity
    assert ("rises" in found["effect"].text or "falls" in found["effect"].text) == effect
    assert ("no constant slope" in found["nonlinearity"].text) == nonlinearity


def effect_of_rab(run):
    (found,) = [
        row
        for row in curve_effect_findings(run, "lwage")
        if (row.estimator, row.finding) == ("rab", "effect")
    ]
    return found


def test_nothing_is_established_where_the_fit_is_on_the_other_side_of_zero_than_its_draws(run):
    changed = with_slopes(run, lambda t: 0 * t + 0.01, lambda t: 0 * t + 0.2, lambda t: 0 * t - 0.03)
    found = effect_of_rab(changed)
    assert not found.is_established
    assert "no slope is told from zero, all places taken together; slope" in found.text


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
    assert found.text.endswith(": it is flat, in every draw.")


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
    assert first.caveats == "One of 2 contrasts; its interval allows for their number."
    beyond, _ = contrasts(run, estimate=-0.01, conf_low=0.05, conf_high=0.45)
    assert not beyond.is_established
    open_one, _ = contrasts(run, conf_low=-0.05, conf_high=0.45)
    assert not open_one.is_established
    assert open_one.text.endswith("it is not established.")


def debiased(run, *rows):
    """Return the findings on debiased effects of rows that differ in some cells."""
    row = {
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
    table = as_declared(EFFECTS, [pd.DataFrame([row | change for change in rows])])
    return list(debiased_findings(with_table(run, "effects", lambda _: table), "lwage"))


def test_a_debiased_effect_is_established_off_zero_with_entities_enough(run):
    (found,) = debiased(run, {})
    assert found.text == (
        "Debiased effect (first differences, Boosting, line) of Experience (years): "
        f"0.20 [0.10,{NB}0.30] log dollars an hour per unit."
    )
    assert (found.estimator, found.is_established, found.p_value) == ("", True, 0.001)
    assert found.caveats == "Changes are as good as random."
    (few,) = debiased(run, {"n_entities": 39})
    assert not few.is_established
    assert "It rests on 39 entities" in few.caveats
    (uneven,) = debiased(run, {"n_effective": 1.06})
    assert not uneven.is_established
    assert "is spread as among 1.1 entities" in uneven.caveats
    (even,) = debiased(run, {"n_effective": 40.0})
    assert even.is_established
    (parted,) = debiased(run, {"p_methods": 0.002, "p_learners": 0.6})
    assert not parted.is_established
    assert f"find different effects (p{NB}={NB}0.002)" in parted.caveats
    (unlike,) = debiased(run, {"p_methods": 0.3, "p_learners": 0.01})
    assert not unlike.is_established
    assert f"the first learner finds (p{NB}={NB}0.010)" in unlike.caveats
    (alone,) = debiased(run, {"p_methods": np.nan})
    assert alone.is_established
    assert "One method alone" in alone.caveats
    (little,) = debiased(run, {"share_left": 0.04})
    assert not little.is_established
    assert "variation 4.0% is left" in little.caveats
    (open_one,) = debiased(run, {"conf_low": -0.1, "conf_high": 0.5})
    assert not open_one.is_established
    assert open_one.text.endswith("it is not established.")


def with_mean_slopes(run, truth, **slopes):
    """Return a run whose net effect curves have mean slopes, and a true one where it is a number."""
    row = {"outcome": "lwage", "scenario": "curve", "kind": "average_effect", "at": np.nan, "status": "ok"}
    band = {"band": "pointwise", "supported": True, "level": 0.95}
    own = [row | band | {"estimator": name, "estimate": slope} for name, slope in slopes.items()]
    curved = with_table(run, "curves", lambda table: pd.concat([table, pd.DataFrame(own)]))
    true = as_declared(TRUTH, [pd.DataFrame([row | {"truth": truth}])] if np.isfinite(truth) else [])
    return with_table(curved, "truth", lambda _: true)


def test_a_debiased_slope_names_the_mean_slopes_that_its_interval_does_not_hold(run):
    (apart,) = debiased(with_mean_slopes(run, 0.05, ols=0.04, fe=0.2, rab=0.09), {})
    assert apart.text.endswith(
        f"0.20 [0.10,{NB}0.30] log dollars an hour per unit; not within it: mean slopes of net effect curves "
        "(2 of 3: 0.0400 to 0.0900) and the true mean slope (0.0500)."
    )
    assert apart.is_established
    (one,) = debiased(with_mean_slopes(run, np.nan, ols=0.04, fe=0.2), {})
    assert one.text.endswith("; not within it: mean slopes of net effect curves (1 of 2: 0.0400).")
    (held,) = debiased(with_mean_slopes(run, 0.1, ols=0.3, fe=0.2), {})
    assert held.text.endswith(f": 0.20 [0.10,{NB}0.30] log dollars an hour per unit.")
    (other,) = debiased(with_mean_slopes(run, 0.05, ols=0.04), {"exposure": "union"})
    assert other.text.endswith(f": 0.20 [0.10,{NB}0.30] log dollars an hour per unit.")
    (curve,) = debiased(with_mean_slopes(run, 0.05, ols=0.04), {"form": "curve", "at": 1.0})
    assert "not within it" not in curve.text


def test_debiased_contrasts_of_levels_have_their_names(run):
    named = with_study(run, levels=("none", "craft", "union"))
    place = {"form": "contrast", "band": "simultaneous"}
    (found,) = debiased(
        named,
        place | {"at": 1.0, "estimate": 0.1, "conf_low": -0.1, "conf_high": 0.3},
        place | {"at": 2.0, "estimate": 0.5, "conf_low": 0.2, "conf_high": 0.8},
    )
    text = f"craft 0.10 [−0.10,{NB}0.30], union 0.50 [0.20,{NB}0.80] log dollars an hour, each less none."
    assert found.text.endswith(text)
    assert (found.is_established, found.estimate) == (True, 0.5)


@pytest.mark.parametrize(
    ("form", "zero", "per"), [("curve", "its mean", ""), ("conditional", "zero", " per unit")]
)
def test_debiased_effects_of_several_places_are_judged_by_their_simultaneous_band(run, form, zero, per):
    """A curve is less its mean over rows, so that it says nothing of zero."""
    points = [
        {"form": form, "at": at, "estimate": value, "conf_low": value - wide, "conf_high": value + wide}
        | {"band": band}
        for band, wide in (("pointwise", 0.1), ("simultaneous", 0.25))
        for at, value in ((1.0, -0.2), (2.0, 0.2), (3.0, 0.3))
    ]
    (found,) = debiased(run, *points)
    assert found.is_established
    said = f"above {zero} at 3 years; 0.30 [0.05,{NB}0.55] log dollars an hour{per} at 3."
    assert said in found.text
    wide = [point | {"conf_low": -0.9, "conf_high": 0.9} for point in points]
    (unclear,) = debiased(run, *wide)
    assert f"nowhere told from {zero}; " in unclear.text
    assert unclear.text.endswith(f"{per} at 3 years; it is not established.")
    refused = {"status": "refused", "reason": "one period"}
    assert debiased(run, refused) == []


@pytest.mark.parametrize(("p_value", "is_bent"), [(0.049, True), (0.05, False), (0.6, False)])
def test_a_nonlinearity_is_established_where_linearity_is_rejected(run, p_value, is_bent):
    row = {"outcome": "lwage", "exposure": "exper", "test": "linearity", "estimator": "fe", "against": ""}
    rows = [row | {"statistic": 3.0, "p_value": p_value, "status": "ok", "reason": ""}]
    rows.append(rows[0] | {"test": "encompassing"})
    tested = with_table(run, "effect_tests", lambda _: pd.DataFrame(rows))
    (found,) = linearity_findings(tested, "lwage")
    assert found.is_established == is_bent
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
    assert words.stretches(found) == said


def test_the_table_holds_every_kind_and_no_error_rate_that_was_not_measured(run):
    table = findings_table(run)
    kinds = {"gain", "turning_point", "group_difference", "sign_change", "threshold", "lowest_error"}
    kinds |= {"effect", "nonlinearity"}
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
        found = {row.finding: row for row in curve_effect_findings(shown, "lwage")}
        assert found["effect"].is_established == is_found
        assert found["nonlinearity"].is_established == is_found


def test_the_lowest_error_is_named_with_the_next(run):
    said = [row.text for row in told(gain.error_findings)(run, "lwage")]
    # 0.2312 x (1 - 0.421) and 0.2312 x (1 - 0.312); 0.2341 and 0.2341 x 1.032
    assert said[0] == "“As published (random rows)”: Fixed effects (0.1339; the next lowest is 0.1591)."
    assert said[2] == "“Held-out entities”: Pooled OLS (0.2341; the next lowest is 0.2416)."
    nothing = [row.text for row in told(gain.error_findings)(run, "no such outcome")]
    assert nothing[2] == "“Held-out entities”: no estimator has a result."
