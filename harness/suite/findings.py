"""The sentences of a suite's verdict, rows of its table of findings by rules on its other tables alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.findings.finding import SourceNumbers, finding
from harness.findings.sentence import Estimate, EstimatorId, Sentence, WholeShare
from harness.language import marked, rendered
from harness.suite.spec import OVERS, Over, Suite
from harness.tables import decision as decisions
from harness.tables.findings import FindingRow
from harness.text.numbers import count, fixed, interval
from harness.text.plain_text import joined
from harness.text.render import Context, Texts

# Fewest panels from which anything is said of an estimator.
MIN_PANELS = 6

# What gains are over, in words.
OVER_WORDS: Mapping[Over, str] = {
    "pooled": marked("pooled OLS"),
    "two_way": marked("two-way effects"),
    "simple": marked("the best simple rival"),
}

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class RankedFirst(Sentence):
    """Which estimator has the lowest average rank, and whether it is ahead of every other.

    Attributes
    ----------
    tied : the others within the critical difference of it
    decision : above where no other is, and Friedman's test rejects equal ranks
    """

    first: EstimatorId
    tied: tuple[EstimatorId, ...]
    critical_difference: float
    n_panels: int
    decision: decisions.Decision


@dataclass(frozen=True)
class OverAllPanels(Sentence):
    """An estimator's errors over those of a rival on all panels together.

    Attributes
    ----------
    ratio : mean log error ratio, and the interval that holds for all flexible estimators at once
    level : of the interval
    win_rate : share of the panels with the smaller error
    n_panels, n_refused : with predictions of the rival; of these, without predictions of the estimator
    decision : below where the error is the smaller one
    """

    over: str
    ratio: Estimate
    level: WholeShare
    win_rate: WholeShare
    n_panels: int
    n_refused: int
    decision: decisions.Decision


@dataclass(frozen=True)
class PanelByPanel(Sentence):
    """On how many panels an estimator's gain over a rival is significant, every panel tested by itself."""

    over: str
    n_better: int
    n_worse: int
    n_tested: int


def suite_findings(
    suite: Suite, protocol: str, *, ranks: Sequence[Row], summary: Sequence[Row], gains: Sequence[Row]
) -> Iterator[tuple[Over | None, FindingRow]]:
    """Yield every sentence on one protocol, with what its estimator is compared with.

    Parameters
    ----------
    ranks, summary, gains : rows of the tables ``suite_ranks``, ``suite_summary`` and ``suite_gain``
    """
    yield None, rank_finding(suite, protocol, ranks)
    compared = {(row["estimator"], row["over"]): row for row in summary}
    for over in OVERS[1:]:
        for estimator in suite.flexible:
            if (estimator, over) in compared:
                yield over, overall_finding(suite, protocol, compared[estimator, over])
            of_pair = [row for row in gains if (row["estimator"], row["over"]) == (estimator, over)]
            if of_pair:
                yield over, panels_finding(protocol, of_pair)


def rank_finding(suite: Suite, protocol: str, ranks: Sequence[Row]) -> FindingRow:
    """Return which estimator has the lowest average rank, and whether any winner can be named.

    A winner is named where no other estimator is within the critical difference of the best and Friedman's
    test rejects equal ranks.

    Parameters
    ----------
    ranks : of all estimators under one protocol
    """
    best, *others = sorted(ranks, key=lambda row: float(row["average_rank"]))
    tied = tuple(str(row["estimator"]) for row in others if row["is_tied_with_best"])
    n_panels, p_value = int(best["n_panels"]), float(best["p_value"])
    decision: decisions.Decision = decisions.UNTESTED
    if n_panels >= MIN_PANELS:
        decision = (
            decisions.OPEN if tied else decisions.decide_test(p_value, size=decisions.size_of(suite.level))
        )
    name, difference = str(best["estimator"]), float(best["critical_difference"])
    return finding(
        "rank",
        RankedFirst(name, tied, difference, n_panels, decision),
        outcome="",
        subject={"protocol": protocol},
        estimator=name,
        decision=decision,
        numbers=SourceNumbers(Estimate(float(best["average_rank"]), *(float("nan"),) * 2), p_value),
        family=decisions.family_name("estimators", len(ranks)),
    )


def overall_finding(suite: Suite, protocol: str, row: Row) -> FindingRow:
    """Return what is said of an estimator over all panels.

    The interval that holds for all flexible estimators at once decides, from `MIN_PANELS` panels on.

    Parameters
    ----------
    row : of the table ``suite_summary``
    """
    n_panels, n_refused = int(row["n_panels"]), int(row["n_refused"])
    names = ("log_error_ratio", "simultaneous_low", "simultaneous_high")
    ratio = Estimate(*(float(row[name]) for name in names))
    enough = n_panels - n_refused >= MIN_PANELS
    decision = decisions.decide(*ratio, by="interval") if enough else decisions.UNTESTED
    over, estimator = str(row["over"]), str(row["estimator"])
    wins = float(row["win_rate"])
    return finding(
        "overall",
        OverAllPanels(over, ratio, suite.level, wins, n_panels, n_refused, decision),
        outcome="",
        subject={"protocol": protocol, "over": over, "estimator": estimator},
        estimator=estimator,
        about=over,
        decision=decision,
        numbers=SourceNumbers(ratio),
        family=decisions.family_name("estimators", len(suite.flexible)),
    )


def panels_finding(protocol: str, gains: Sequence[Row]) -> FindingRow:
    """Return on how many panels an estimator's gain is significant, every panel tested by itself.

    Parameters
    ----------
    gains : rows of ``suite_gain`` of one estimator over the same, a panel each
    """
    n_better, n_worse = (
        sum(row["decision"] == side for row in gains) for side in (decisions.ABOVE, decisions.BELOW)
    )
    n_tested = sum(row["p_value"] == row["p_value"] for row in gains)
    decision: decisions.Decision = decisions.UNTESTED
    if n_tested:
        decision = decisions.ABOVE if n_better else decisions.OPEN
    over, estimator = str(gains[0]["over"]), str(gains[0]["estimator"])
    return finding(
        "panels",
        PanelByPanel(over, n_better, n_worse, n_tested),
        outcome="",
        subject={"protocol": protocol, "over": over, "estimator": estimator},
        estimator=estimator,
        about=over,
        decision=decision,
        numbers=SourceNumbers(Estimate(float(n_better), *(float("nan"),) * 2)),
    )


# What is said of the first, by decision; that it is tied comes first.
RANKED: Mapping[decisions.Decision, str] = {
    decisions.UNTESTED: marked("No ranking: fewer than {least} panels."),
    decisions.ABOVE: marked("{first} ranks first, significantly ahead of every other estimator {by}."),
    decisions.OPEN: marked(
        "No clear winner: {first} ranks first, but Friedman's test finds no difference {by}."
    ),
}
TIED = marked("No clear winner: {first} ranks first, not significantly ahead of {others} {by}.")

HOW: Mapping[decisions.Decision, str] = {
    decisions.BELOW: marked("significantly better than"),
    decisions.ABOVE: marked("significantly worse than"),
    decisions.OPEN: marked("not significantly different from"),
}


def ranked_text(context: Context, one: RankedFirst) -> str:
    """Return the sentence on ranks."""
    template = TIED if one.tied and one.decision == decisions.OPEN else RANKED[one.decision]
    by = context.filled(
        "(critical difference {difference}, {n_panels} panels)",
        difference=fixed(one.critical_difference, 2),
        n_panels=count(one.n_panels),
    )
    others = joined([context.study.estimator_label(name) for name in one.tied], "or")
    return context.worded(template, one, others=others, by=by, least=count(MIN_PANELS))


def overall_text(context: Context, one: OverAllPanels) -> str:
    """Return the sentence on all panels together."""
    rival = _rival(one.over)
    if one.decision == decisions.UNTESTED:
        return context.filled(
            "{estimator} and {rival}: no comparison, fewer than {least} panels have both.",
            rival=rival,
            least=count(MIN_PANELS),
        )
    refused = context.filled(", {n_refused} refused", n_refused=count(one.n_refused))
    return context.worded(
        "{estimator}: predictions {how} those of {rival}; mean log error ratio {ratio}, {level} interval for "
        "all flexible estimators at once {limits}; the smaller error on {win_rate} of {n_panels} "
        "panels{refused}.",
        one,
        how=rendered(HOW[one.decision]),
        rival=rival,
        ratio=fixed(one.ratio.value, 3),
        limits=interval(one.ratio.low, one.ratio.high, 3),
        n_panels=count(one.n_panels),
        refused=refused if one.n_refused else "",
    )


def panels_text(context: Context, one: PanelByPanel) -> str:
    """Return the sentence on single panels."""
    if not one.n_tested:
        return context.filled(
            "{estimator} and {rival}: no panel can be tested by itself.", rival=_rival(one.over)
        )
    return context.worded(
        "{estimator} and {rival}: significantly better on {n_better} and worse on {n_worse} of {n_tested} "
        "panels that can be tested by themselves, p-values adjusted by Holm.",
        one,
        rival=_rival(one.over),
    )


def _rival(over: str) -> str:
    return next(rendered(words) for name, words in OVER_WORDS.items() if name == over)


TEXTS: Texts = {RankedFirst: ranked_text, OverAllPanels: overall_text, PanelByPanel: panels_text}
