"""Findings against the tables that they are made from."""

from __future__ import annotations

import pytest

from harness.findings.caveats import reference_caveats
from harness.findings.gain import gain_findings
from harness.findings.group_difference import group_findings
from harness.findings.sign_change import sign_change_findings
from harness.findings.table import findings_table
from harness.findings.turning_point import turning_point_findings
from harness.report.model.gains import Gains
from harness.report.model.run import read_run
from report.changed_run import with_study, with_table
from report.fake_run import wage_run

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


def test_time_seen_once_is_said(run):
    changed = with_table(run, "gain", cells_where(inference="given these periods"))
    assert "Time was seen once under “Forward in time”" in verdicts(changed)["fe", "ols"].caveats


def test_a_lagged_outcome_beside_entity_effects_brings_nickell(run):
    def lagged(frame):
        return frame.assign(step="lag", into="union", inputs="lwage")

    found = verdicts(with_table(run, "preparation", lagged))
    assert "Nickell" not in found["ann", "ols"].caveats
    assert "biased by about 1/T, with 8 periods (Nickell" in found["fe", "ols"].caveats


def test_a_reference_that_is_hopeless_for_new_entities_is_named_with_its_best_rival(run):
    def worse(frame):
        rows = (frame["estimator"] == "ols") & (frame["protocol"] == "held_out_entities")
        rival = (frame["estimator"] == "fe") & (frame["protocol"] == "held_out_entities")
        numbers = {"mse": 0.1, "rmse": 0.3, "nmse": 0.4, "r2": 0.6}
        changed = frame.assign(nmse=frame["nmse"].mask(rows, 1.3), status=frame["status"].mask(rival, "ok"))
        return changed.assign(**{name: changed[name].mask(rival, value) for name, value in numbers.items()})

    (said,) = reference_caveats(Gains(with_table(run, "accuracy", worse)), "lwage")
    assert "Pooled OLS is no measure for entities never seen: under “Held-out entities”" in said
    assert "1.30 times the variance" in said
    assert "The best simple rival there is Fixed effects, with 57.3% less error." in said
    assert not list(reference_caveats(Gains(run), "lwage"))


def test_turning_points_are_placed_whether_or_not_they_are_established(run):
    found = [row for row in turning_point_findings(run, "lwage") if row.estimator == "rab"]
    assert [row.text for row in found] == [
        f"RAB: the curve has a maximum at 12.1 [10.7,{NB}13.2], in 92% of draws."
    ]
    changed = with_table(run, "turning_points", lambda frame: frame.assign(is_established=False))
    (row,) = [row for row in turning_point_findings(changed, "lwage") if row.estimator == "rab"]
    assert not row.is_established
    assert row.estimate == pytest.approx(found[0].estimate)
    assert row.text.endswith("it is not established.")


def test_a_difference_is_established_where_its_interval_excludes_zero(run):
    found = list(group_findings(run, "lwage"))
    assert found
    for row in found:
        assert row.is_established == (row.conf_low > 0 or row.conf_high < 0)
        assert ("not established" in row.text) != row.is_established


def test_a_change_of_sign_has_its_place(run):
    found = [row for row in sign_change_findings(run, "lwage") if row.estimator == "rab"]
    assert found[0].text.startswith(
        f"RAB, effect by Schooling (years): it changes its sign at 9.7 [9.1,{NB}10.4]"
    )


def test_the_table_holds_every_kind_and_no_error_rate_that_was_not_measured(run):
    table = findings_table(run.folder)
    kinds = {"gain", "turning_point", "group_difference", "sign_change", "lowest_error"}
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
