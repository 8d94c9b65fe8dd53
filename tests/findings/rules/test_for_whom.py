"""For whom the effect differs, by all estimators."""

import numpy as np
import pytest

from findings.wage_effects import NB, codes, params, part, told, with_effects
from harness.findings.rules.for_whom import for_whom_findings
from harness.record.manifest import HeadlineRecord
from harness.tables.heterogeneity import HETEROGENEITY_DIFFERENCES
from report.fake_run import with_study, with_table


def for_whom(run):
    (row,) = told(for_whom_findings)(run, "lwage")
    return row


def known(run):
    """Return the differences between effects of all estimators that have any."""
    rows = run.rows(HETEROGENEITY_DIFFERENCES, outcome="lwage", mode="pooled", measure="effect")
    return [row for row in rows if row.is_done and np.isfinite(row.p_adjusted)]


def test_the_clearest_difference_of_all_estimators_is_adjusted_for_questions_too(run):
    rows, row = known(run), for_whom(run)
    questions = {(one.scenario, one.by) for one in rows}
    together = [min(1.0, len(questions) * one.p_adjusted) for one in rows]
    differs = [
        p_value < 0.05 and (one.conf_low > 0.0 or one.conf_high < 0.0)
        for one, p_value in zip(rows, together, strict=True)
    ]
    assert len(questions) > 1
    assert 0 < sum(differs) < len(rows)
    assert (row.decision in ("above", "below"), row.key) == (True, "for_whom/lwage")
    assert row.p_adjusted == min(p for p, one in zip(together, differs, strict=True) if one)
    shown = params(row)
    assert (shown["n_differences"], shown["n_significant"]) == (len(rows), sum(differs))
    assert shown["n_estimators"] == len({one.estimator for one in rows})
    assert row.estimator in {one.estimator for one in rows}
    assert row.text.startswith("By ")
    assert f"; significant are {sum(differs)} of {len(rows)} differences by " in row.text


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"p_value": 0.9}, f"; the least adjusted p{NB}={NB}1.000)."),
        ({"conf_low": -9.0, "conf_high": 9.0, "p_value": 1e-9}, ")."),
    ],
)
def test_without_a_significant_difference_none_is_named(run, numbers, said):
    """A small p-value stands in the row alone where the interval holds zero."""
    row = for_whom(with_table(run, "heterogeneity_differences", lambda frame: frame.assign(**numbers)))
    assert (row.decision, params(row).get("is_significant", False)) == ("open", False)
    assert row.text.startswith("No estimator finds a significant difference of the effect between groups (")
    first, _ = row.text.split(" Along moderators, ")
    assert first.endswith(said)
    assert ("adjusted" in first) is ("adjusted" in said)


def test_of_equal_p_values_the_one_whose_interval_holds_it_is_named(run):
    def tied(frame):
        limits = {"difference": 1.0, "conf_low": 2.0, "conf_high": 3.0}
        frame = frame.assign(p_value=1e-9, p_adjusted=1e-9, **limits)
        is_effect = (frame["measure"] == "effect") & (frame["mode"] == "pooled") & (frame["status"] == "ok")
        frame.loc[frame.index[is_effect][-1], ["conf_low", "conf_high"]] = [0.5, 1.5]
        return frame

    row = for_whom(with_table(run, "heterogeneity_differences", tied))
    assert (row.conf_low, row.conf_high, row.decision) == (0.5, 1.5, "above")
    assert "outside" not in row.text


def test_changes_of_sign_along_moderators_are_counted_after_holm(run):
    assert for_whom(run).text.endswith(" Along moderators, 3 of 3 effects change their sign significantly.")
    weak = with_table(run, "conditional_effects", lambda frame: frame.assign(p_value=0.04))
    assert for_whom(weak).text.endswith(" none of 3 effects changes its sign significantly.")
    alone = with_table(run, "heterogeneity_differences", lambda frame: frame[:0])
    row = for_whom(alone)
    assert (row.text.startswith("Along moderators, "), row.decision) == (True, "untested")
    nothing = with_table(alone, "conditional_effects", lambda frame: frame[:0])
    assert not list(for_whom_findings(nothing, "lwage"))


def test_it_stands_third_on_the_screen_and_behind_a_headline(run):
    assert codes(part(with_effects(run, {}), "effect")) == ["debiased_effect", "within_effect", "for_whom"]
    other = {"method": "correlated_random_effects", "estimate": -0.9, "conf_low": -1.1, "conf_high": -0.7}
    differing = with_effects(run, {"p_methods": 0.004}, {"p_methods": 0.004, **other})
    assert codes(part(differing, "effect")) == ["debiased_effect", "other_method", "for_whom"]
    led = with_study(differing, headline=(HeadlineRecord("instruments", estimator="ols"),))
    assert codes(part(led, "effect")) == ["identified_effect"]
