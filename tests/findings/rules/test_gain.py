"""Verdicts on gains, what is said against them, lowest errors, and recognition."""

import pandas as pd
import pytest

from findings.wage_effects import against, params, part, told
from harness.findings.finding import caveats_of, finding
from harness.findings.rules import gain
from harness.text.render import with_text
from harness.text.screen import OutcomeScreen, labelled
from report.fake_run import with_study, with_table

gain_findings = told(gain.gain_findings)


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
    "where",
    [{"decision": "open"}, {"inference": "conditional on periods"}],
    ids=lambda where: next(iter(where)),
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
    changed = with_table(run, "gain", cells_where(inference="conditional on periods"))
    assert "time_seen_once" in against(verdicts(changed)["fe", "ols"])


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


def test_the_prediction_is_of_entities_not_used_in_training_where_a_protocol_holds_some_out(run):
    study = run.manifest.study
    own, lowest = part(run, "prediction")
    assert lowest.code == "lowest_errors"
    assert (own.code, params(own)["protocol"]) == ("gain_verdict", "held_out_entities")
    known = tuple(protocol for protocol in study.protocols if protocol.knows_entities)
    (later,) = part(with_study(run, protocols=known), "prediction")
    assert params(later)["protocol"] == "forward"
    (alone,) = part(with_study(run, estimators=study.estimators[:1]), "prediction")
    assert alone.code == "only_estimator"


@pytest.mark.parametrize(("decision", "is_contradicted"), [("above", True), ("below", True), ("open", False)])
def test_the_screen_says_under_which_protocols_a_gain_does_not_hold(run, decision, is_contradicted):
    caveats = (gain.ProtocolsDiffer(("forward",)),)
    own = finding(
        "gain", gain.OnlyEstimator(), outcome="lwage", subject={}, decision=decision, caveats=caveats
    )
    one = OutcomeScreen("lwage", (with_text(own, run.manifest.study),), (), ())
    ((_, text),) = labelled(one, run.manifest.study)
    assert text.endswith(" It does not hold under “Forward in time”.") == is_contradicted
