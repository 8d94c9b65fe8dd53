"""The table of findings holds every kind of them, each with the kind under which it has a rate."""

from dataclasses import replace

import pytest

from harness.findings.table import class_of, kind_of, rests_on_too_few
from harness.record.manifest import EstimatorRecord, HeadlineRecord
from harness.tables.findings import FindingRow
from harness.text.render import findings_table
from report.fake_run import with_study


def test_the_table_holds_every_kind_and_no_error_rate_that_was_not_measured(run):
    table = findings_table(run)
    kinds = {"gain", "turning_point", "group_difference", "sign_change", "interaction", "lowest_error"}
    kinds |= {"model_curve", "nonlinearity", "within_effect", "caution", "multiverse", "for_whom"}
    kinds |= {"base_rate"}
    assert set(table["finding"]) == kinds
    assert table["error_rate"].isna().all()
    assert (table["text"].str.len() > 10).all()


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"finding": "gain", "about": "fe"}, "gain_over_fixed_effects"),
        ({"finding": "gain", "about": "ann"}, ""),
        ({"finding": "gain", "about": "ols"}, "gain"),
        ({"finding": "effect", "family": "outcomes:1"}, "primary_effect"),
        ({"finding": "effect"}, "secondary_effect"),
        ({"finding": "nonlinearity", "estimator": "rab"}, "bend_learner"),
        ({"finding": "nonlinearity"}, "nonlinearity"),
        ({"finding": "interaction", "estimator": "rab"}, ""),
        ({"finding": "interaction"}, "interaction"),
        ({"finding": "turning_point", "estimator": "fe"}, "turning_point_within"),
        ({"finding": "threshold", "estimator": "fe"}, "threshold"),
        ({"finding": "within_effect", "estimator": "fe"}, "within_effect"),
        ({"finding": "lowest_error", "about": "held_out_entities"}, "lowest_error"),
        ({"finding": "lowest_error", "about": "forward"}, ""),
        ({"finding": "lowest_error", "code": "lowest_errors"}, "lowest_error"),
        ({"finding": "caution", "code": "skewed"}, "caution"),
        ({"finding": "caution", "code": "few_periods"}, ""),
        ({"finding": "did", "code": "did_average"}, "headline_staged_treatment"),
        ({"finding": "did", "code": "average_by_all"}, ""),
        ({"finding": "impact", "estimator": "durbin"}, "headline_spatial_impacts"),
    ],
)
def test_a_finding_has_the_kind_under_which_shapes_have_rates(run, row, kind):
    of_row = {"key": "", "outcome": "y", "estimator": "", "code": "", **row}
    assert kind_of(FindingRow(**of_row), run.manifest.study) == kind


def test_a_headline_is_of_what_it_identifies(run):
    row = FindingRow(key="", outcome="y", estimator="iv", finding="headline", code="identified_effect")
    for identifies, kind in (("instruments", "headline_instruments"), ("within", "within_effect")):
        study = with_study(run, headline=(HeadlineRecord(identifies, estimator="iv"),)).manifest.study
        assert kind_of(row, study) == kind


def test_estimators_are_pooled_linear_ones_those_within_entities_and_all_others(run):
    means = EstimatorRecord("means", "splines", "Means", {"entity_means": True})
    plain = run.manifest.study
    headline = (HeadlineRecord("pooled", estimator="ols"),)
    study = replace(plain, estimators=(*plain.estimators, means), headline=headline)
    classes = {name: class_of(name, study) for name in ("ols", "fe", "means", "rab")}
    assert classes == {"ols": "pooled", "fe": "within", "means": "within", "rab": "learner"}


def test_what_rests_on_few_entities_is_untested():
    row = FindingRow(key="", outcome="y", estimator="", finding="effect", code="debiased_effect")
    few = '[{"code": "few_entities", "params": {}, "is_blocking": true}]'
    assert not rests_on_too_few(row)
    assert rests_on_too_few(replace(row, caveats=few))
