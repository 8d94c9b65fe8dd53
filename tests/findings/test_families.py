"""Families of findings: headlines over outcomes, and what else is said of the exposure of each."""

from dataclasses import replace

import numpy as np
import pytest

from harness.findings.families import adjusted
from harness.findings.finding import SourceNumbers, few_entities, finding
from harness.findings.rules.effect import LevelEffect
from harness.findings.rules.for_whom import ForWhom
from harness.findings.rules.headline import IdentifiedEffect
from harness.findings.rules.linearity import Linearity
from harness.findings.rules.within import WithinEffect
from harness.findings.sentence import Estimate
from harness.tables.decision import decide
from harness.text.render import with_text
from holm import holm
from report.fake_run import with_study

SLOPE = Estimate(0.2, 0.1, 0.3)


def decided(kind, sentence, p_value, outcome="lwage", *, estimate=SLOPE, caveats=(), **how):
    """Return a finding as its rule has it, before families."""
    decision = decide(*estimate, p_value, by="both" if np.isfinite(p_value) else "interval", size=0.05)
    if kind == "nonlinearity":
        decision, estimate = ("above" if p_value < 0.05 else "open"), Estimate(*[np.nan] * 3)
    adjusted_for_pairs = p_value if kind == "for_whom" else np.nan
    numbers = SourceNumbers(estimate, p_value, adjusted_for_pairs)
    own = {
        "outcome": outcome,
        "numbers": numbers,
        "decision": decision,
        "caveats": caveats,
        "screen": "effect",
    }
    return finding(kind, sentence, subject={"estimator": how.get("estimator", "")}, **own, **how)


def headline(p_value, outcome="lwage", **how):
    effect = IdentifiedEffect("exper", "local effect", (LevelEffect("", SLOPE, "above"),), p_value < 0.05)
    return decided("headline", effect, p_value, outcome, estimator="ols", **how)


def others(within, linear, whom, **how):
    """Return the effect within entities, a test of linearity, and for whom the effect differs."""
    slopes = (LevelEffect("", SLOPE, "above"),)
    return [
        decided(
            "within_effect",
            WithinEffect("exper", slopes, False, not within >= 0.05),
            within,
            estimator="fe",
            **how,
        ),
        decided("nonlinearity", Linearity("exper", linear < 0.05, linear), linear),
        decided("for_whom", ForWhom(1, 1, is_significant=whom < 0.05, scenario="curve"), whom),
    ]


def families(run, rows, outcomes=("lwage",)):
    study = with_study(run, outcomes=outcomes).manifest.study
    return [with_text(row, study) for row in adjusted(rows, study)]


def test_headlines_of_all_outcomes_are_one_family(run):
    p_values = 0.01, 0.03, 0.04
    rows = [headline(p_value, outcome) for p_value, outcome in zip(p_values, "abc", strict=True)]
    rows = families(run, rows, ("a", "b", "c"))
    assert [row.p_adjusted for row in rows] == pytest.approx(holm(p_values))
    assert [(row.family, row.decision, row.is_established) for row in rows] == [
        ("outcomes:3", "above", True),
        *[("outcomes:3", "open", False)] * 2,
    ]
    for row in rows[1:]:
        assert "not significantly different from zero once adjusted for 3 outcomes" in row.text


def test_behind_an_established_headline_the_others_have_the_whole_size(run):
    """The headline costs nothing, nor does the effect within entities, which answers its question again."""
    rows = families(run, [headline(0.049), *others(0.04, 0.02, 0.03)])
    first, within, linear, whom = rows
    assert (first.p_adjusted, within.p_adjusted) == (0.049, 0.04)
    assert [linear.p_adjusted, whom.p_adjusted] == pytest.approx(holm([0.02, 0.03]))
    assert [row.family for row in rows] == ["outcomes:1", "exploratory:1", *["exploratory:2"] * 2]
    assert all(row.is_established for row in rows)


@pytest.mark.parametrize(
    ("p_value", "caveats"), [(0.051, ()), (0.001, tuple(few_entities(12)))], ids=["open", "blocked"]
)
def test_behind_a_headline_that_is_not_established_the_others_share_a_fifth_of_the_size(
    run, p_value, caveats
):
    p_values = 0.003, 0.006, 0.02
    _, *rows = families(run, [headline(p_value, caveats=caveats), *others(*p_values)])
    together = holm(p_values)
    assert [row.p_adjusted for row in rows] == pytest.approx(np.minimum(together / 0.2, 1.0))
    assert [row.is_established for row in rows] == [*(together < 0.01)] == [True, False, False]
    assert {row.family for row in rows} == {"exploratory:3"}
    within, linear, whom = rows
    assert within.text == "Fixed effects: 0.20 log dollars an hour higher (0.10 to 0.30)."
    assert (linear.screen, whom.decision) == ("none", "open")
    assert (
        "is not rejected: no evidence of nonlinearity (p\u00a0=\u00a00.006, adjusted p\u00a0=\u00a00.060)"
        in linear.text
    )
    assert "the least adjusted p\u00a0=\u00a00.100" in whom.text


def test_one_that_only_the_family_speaks_against_says_so_and_one_without_a_p_value_is_not_established(run):
    _, within, *_ = families(run, [headline(0.4), *others(0.03, 0.9, 0.9)])
    assert within.text.endswith("higher (0.10 to 0.30), not significant once adjusted (p\u00a0=\u00a00.450).")
    for p_value, stands in ((0.4, False), (0.01, True)):
        _, within, *_ = families(run, [headline(p_value), *others(np.nan, 0.9, 0.9)])
        assert (within.decision, within.is_established) == ("above", stands)
        assert within.text.endswith(("(0.10 to 0.30).", "not robust.")[not stands])


def test_without_a_headline_the_others_have_the_whole_size(run):
    _, *rows = others(0.9, 0.02, 0.04)
    linear, whom = families(run, rows)
    assert [linear.p_adjusted, whom.p_adjusted] == pytest.approx(holm([0.02, 0.04]))
    _, of_an_estimator = families(run, [headline(0.9), replace(rows[0], estimator="fe")])
    assert (of_an_estimator.decision, of_an_estimator.family) == ("above", "")


def test_what_is_blocked_states_no_direction(run):
    (row,) = families(run, [headline(0.001, caveats=tuple(few_entities(12)))])
    assert (row.decision, row.is_established) == ("above", False)
    assert "changes" in row.text
    assert row.text.endswith("significant but not robust.")
    assert " raises " in families(run, [headline(0.001)])[0].text
