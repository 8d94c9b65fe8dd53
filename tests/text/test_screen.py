"""The first screen is a selection of rows: by part, rank and order, each caution once."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.findings.finding import RANKS, finding, finding_key, with_caveats
from harness.findings.rules.gain import OnlyEstimator, ProtocolsDiffer
from harness.findings.rules.gain_caveat import TimeSeenOnce
from harness.tables.findings import FindingRow
from harness.text.screen import screen

CODES = sorted(RANKS)


def row(screen, code, *, outcome="y", key="", params="{}"):
    rank = RANKS.get(code)
    return FindingRow(
        key=key, outcome=outcome, estimator="", finding="", code=code, screen=screen, rank=rank, params=params
    )


def codes(rows):
    return [one.code for one in rows]


def test_rows_stand_in_the_order_of_their_codes_and_no_more_than_there_is_room_for():
    rows = [
        row("trust", "pooled_differs"),
        row("trust", "recognised"),
        row("effect", "within_effect"),
        row("trust", "fragile"),
        row("prediction", "gain_verdict"),
        row("effect", "debiased_effect"),
        row("none", "gain_verdict"),
        row("prediction", "gain_verdict", outcome="z"),
    ]
    shown = screen(rows, ("y", "z"))
    first, second = shown.outcomes
    assert codes(first.prediction) == codes(second.prediction) == ["gain_verdict"]
    assert codes(first.effect) == ["debiased_effect", "within_effect"]
    assert codes(first.trust) == ["fragile", "recognised"]
    assert (second.effect, second.trust) == ((), ())


def test_a_caution_that_outcomes_share_is_given_once_and_the_first_of_equal_rank_stands_first():
    rows = [
        row("caution", "skewed", outcome="y", params='{"message": "a"}', key="1"),
        row("caution", "skewed", outcome="z", params='{"message": "a"}', key="2"),
        row("caution", "leaked_outcome", outcome="z", params='{"message": "b"}', key="3"),
        row("caution", "few_periods", outcome="", key="4"),
        row("caution", "skewed", outcome="z", params='{"message": "c"}', key="5"),
    ]
    assert [one.key for one in screen(rows, ("y", "z")).cautions] == ["3", "4", "1"]


@given(
    st.permutations(range(12)),
    st.sampled_from([("prediction", 2), ("effect", 3), ("trust", 2), ("caution", 3)]),
)
def test_it_holds_rows_of_the_table_alone_and_the_best_ranked_of_them(order, part_and_most):
    part, most = part_and_most
    rows = [row(part, CODES[at], key=str(at)) for at in order]
    shown = screen(rows, ("y",)).rows
    assert set(shown) <= set(rows)
    assert len(shown) == most
    left_out = [one.rank for one in rows if one not in shown]
    assert max(one.rank for one in shown) <= min(left_out)


@dataclass(frozen=True)
class Blocker(OnlyEstimator):
    is_blocking = True


@pytest.mark.parametrize(
    ("decision", "caveats", "is_established"),
    [
        ("above", (), True),
        ("below", (TimeSeenOnce(("forward",)),), True),
        ("above", (ProtocolsDiffer(("forward",)),), False),
        ("conditional", (), False),
        ("open", (), False),
        ("negligible", (), False),
        ("untested", (), False),
    ],
)
def test_what_is_above_or_below_is_established_where_nothing_blocks(decision, caveats, is_established):
    own = finding("gain", OnlyEstimator(), outcome="y", subject={}, decision=decision, caveats=caveats)
    assert own.is_established == is_established
    assert not with_caveats(own, [Blocker()]).is_established


TEXT = st.text(max_size=6)
SUBJECTS = st.dictionaries(st.sampled_from(["scenario", "method", "group"]), TEXT.filter(bool), max_size=3)


@given(TEXT, SUBJECTS, TEXT, SUBJECTS)
def test_keys_are_equal_for_the_same_ids_alone_whatever_characters_they_have(outcome, subject, other, second):
    first = finding_key("gain", outcome, subject)
    assert (first == finding_key("gain", other, second)) == (
        outcome == other and list(subject.items()) == list(second.items())
    )
    assert "\n" not in first
