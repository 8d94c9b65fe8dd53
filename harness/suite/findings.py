"""The sentences of a suite's verdict, each a row with its numbers and whether it is established."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from harness.suite.overall import MIN_PANELS, Comparison, Ranking
from harness.suite.spec import OVERS, Over, Suite
from harness.tables.gain import size_of
from harness.text.numbers import count, fixed, interval, percent
from harness.text.plain_text import joined

# What gains are over, in words.
OVER_WORDS: Mapping[Over, str] = {
    "pooled": "pooled OLS",
    "two_way": "two-way effects",
    "simple": "the best simple rival of each panel",
}


def overall_finding(suite: Suite, estimator: str, over: Over, found: Comparison) -> Mapping[str, object]:
    """Return what is said of an estimator over all panels.

    It is established where the interval that holds for all flexible estimators at once excludes zero and
    there are `MIN_PANELS` panels or more.
    """
    name, rival = suite.labels[estimator], OVER_WORDS[over]
    low, high = found.simultaneous_low, found.simultaneous_high
    enough = found.n_panels - found.n_refused >= MIN_PANELS
    is_established = enough and (high < 0 or low > 0)
    held = f"{percent(suite.level, 0)} interval for all flexible estimators at once"
    numbers = f"mean log error ratio {fixed(found.log_error_ratio, 3)}, {held} {interval(low, high, 3)}"
    wins = f"it has the smaller error on {percent(found.win_rate, 0)} of {count(found.n_panels)} panels"
    refused = f", and refuses {count(found.n_refused)}" if found.n_refused else ""
    if is_established:
        verdict = "better than" if high < 0 else "worse than"
        text = f"{name}: predictions {verdict} those of {rival}; {numbers}; {wins}{refused}."
    elif not enough:
        text = f"{name} and {rival}: fewer than {MIN_PANELS} panels have both, so that nothing is said."
    else:
        unsure = f"{name}: whether predictions are better or worse than those of {rival} is not established"
        text = f"{unsure}; {numbers}; {wins}{refused}."
    return {
        "estimator": estimator,
        "finding": "overall",
        "over": over,
        "text": text,
        "is_established": is_established,
        "estimate": found.log_error_ratio,
        "conf_low": low,
        "conf_high": high,
    }


def established(suite: Suite, gains: pd.DataFrame) -> pd.DataFrame:
    """Return gain rows with the columns is_better and is_worse.

    A gain is established where its interval excludes zero and its p-value, adjusted by Holm over all panels
    and flexible estimators, is below the size of the test.
    """
    sure = gains["p_holm"] < size_of(suite.level)
    return gains.assign(is_better=sure & (gains["conf_low"] > 0), is_worse=sure & (gains["conf_high"] < 0))


def panels_finding(suite: Suite, estimator: str, over: Over, gains: pd.DataFrame) -> Mapping[str, object]:
    """Return on how many panels an estimator's gain is established, every panel tested by itself.

    Parameters
    ----------
    gains : of the estimator over the same, a row a panel, as `established` returns them
    """
    n_better, n_worse = int(gains["is_better"].sum()), int(gains["is_worse"].sum())
    tested = int(gains["p_value"].notna().sum())
    name, rival = suite.labels[estimator], OVER_WORDS[over]
    if not tested:
        text = f"{name} and {rival}: no panel has enough new periods for a test of its own."
    else:
        text = (
            f"{name}, next to {rival}: better on {count(n_better)} and worse on {count(n_worse)} of "
            f"{count(tested)} panels that can be tested by themselves, p-values adjusted by Holm."
        )
    return {
        "estimator": estimator,
        "finding": "panels",
        "over": over,
        "text": text,
        "is_established": n_better > 0,
        "estimate": float(n_better),
    }


def rank_finding(suite: Suite, ranked: Ranking) -> Mapping[str, object]:
    """Return which estimator has the lowest average rank, and whether any winner can be named.

    A winner is named where no other estimator is within the critical difference of the best.
    """
    tied = [suite.labels[name] for name in ranked.tied_with_best]
    best, others = tied[0], tied[1:]
    _, p_value = ranked.friedman
    apart = f"critical difference {fixed(ranked.critical_difference, 2)}, {count(ranked.n_panels)} panels"
    if ranked.n_panels < MIN_PANELS:
        text = f"Fewer than {MIN_PANELS} panels: no winner is named."
    elif others:
        are = "is" if len(others) == 1 else "are"
        text = f"No winner can be named: {joined(others)} {are} not told apart from {best} ({apart})."
    else:
        text = f"{best} has a lower average rank than every other estimator ({apart})."
    return {
        "estimator": ranked.tied_with_best[0],
        "finding": "rank",
        "over": "",
        "text": text,
        "is_established": ranked.n_panels >= MIN_PANELS and not others and p_value < size_of(ranked.level),
        "estimate": float(ranked.average.min()),
    }


def finding_rows(
    suite: Suite,
    ranked: Ranking,
    compared: Mapping[tuple[str, Over], Comparison],
    gains: pd.DataFrame,
) -> Iterator[Mapping[str, object]]:
    """Yield every sentence on one protocol.

    Parameters
    ----------
    compared : by estimator and what it is compared with
    gains : of the protocol, as `established` returns them
    """
    yield rank_finding(suite, ranked)
    for over in OVERS[1:]:
        for estimator in suite.flexible:
            if (estimator, over) in compared:
                yield overall_finding(suite, estimator, over, compared[estimator, over])
            own = gains[(gains["estimator"] == estimator) & (gains["over"] == over)]
            if len(own):
                yield panels_finding(suite, estimator, over, own)
