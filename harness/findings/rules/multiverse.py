"""Findings on the gain under every combination of choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from harness.findings.finding import NO_NUMBERS, SourceNumbers, finding
from harness.findings.multiverse import Multiverse, honest, multiverses, published_gains
from harness.findings.run import Run
from harness.findings.sentence import Count, Estimate, ProtocolId, PValue, Reason, Sentence, Share, WholeShare
from harness.tables.claims import CLAIMS
from harness.tables.decision import SIGNIFICANT, UNTESTED, Decision
from harness.tables.findings import FindingRow
from harness.tables.gain import MULTIVERSE_CHOICES, MULTIVERSE_TESTS, JointTestRow
from harness.tables.table import NAN

# Statistics of all combinations together, in the order of their sentence.
STATISTICS = ("median_gain", "share_of_dominant_sign", "share_significant")


@dataclass(frozen=True)
class CombinationsGain(Sentence):
    """In how many combinations an estimator gains, and how these gains lie."""

    n: Count
    n_positive: Count
    n_above: Count
    median: WholeShare
    lowest: WholeShare
    highest: WholeShare


@dataclass(frozen=True)
class HonestCombinationsGain(Sentence):
    """In how many combinations on test rows that are kept apart an estimator gains."""

    n: Count
    n_positive: Count
    n_above: Count


@dataclass(frozen=True)
class LeastRemoved(Sentence):
    """The least share of combinations without which as many gain as lose."""

    share: WholeShare
    do_gain: bool


@dataclass(frozen=True)
class PublishedAmong(Sentence):
    """How many of the combinations have a smaller gain than the published one."""

    published: Share
    n_below: Count
    n: Count
    source: str = ""


@dataclass(frozen=True)
class StrongestChoice(Sentence):
    """The choice that moves the gain most, and the mean gains with the levels at its ends."""

    choice: str
    share_of_variance: WholeShare
    lowest: str
    lowest_gain: Share
    highest: str
    highest_gain: Share


@dataclass(frozen=True)
class JointGains(Sentence):
    """The gains of all combinations together; significant by the p-value of their median."""

    protocol: ProtocolId
    n: Count
    is_significant: bool
    median: Share
    p_median: PValue
    dominant: Share
    p_dominant: PValue
    significant: Share
    p_of_significant: PValue


@dataclass(frozen=True)
class NoJointGains(Sentence):
    """Why the combinations are not tested together."""

    protocol: ProtocolId
    reason: Reason


def multiverse_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield how gains of all combinations lie, next to published ones too, and what they say together."""
    study = run.manifest.study
    for one in run.view(multiverses):
        if one.outcome != outcome:
            continue
        tally, on_test_rows = one.tally(), honest(study, one)
        ends = tally["median"], tally["lowest"], tally["highest"]
        yield _row(one, CombinationsGain(*_counts(one), *ends), "all")
        if 0 < len(on_test_rows.combinations) < len(one.combinations):
            yield _row(one, HonestCombinationsGain(*_counts(on_test_rows)), "honest")
        counted = on_test_rows if on_test_rows.combinations else one
        # By how many more gain than lose; so many have to go.
        n_more = float(np.sign(counted.numbers("estimate")).sum())
        if n_more:
            share = abs(n_more) / len(counted.combinations)
            yield _row(one, LeastRemoved(share, n_more > 0.0), "removed")
        for ordinal, claim in enumerate(published_gains(run.rows(CLAIMS), one), start=1):
            below, n = one.n_below(claim.published), len(one.combinations)
            yield _row(one, PublishedAmong(claim.published, below, n, claim.source), f"published {ordinal}")
        yield from _strongest(run, one)
        yield from _together(run, one)


def _counts(one: Multiverse) -> tuple[int, int, int]:
    tally = one.tally()
    return int(tally["n"]), int(tally["n_positive"]), int(tally["n_above"])


def _row(
    one: Multiverse,
    sentence: Sentence,
    about: str,
    decision: Decision = UNTESTED,
    numbers: SourceNumbers = NO_NUMBERS,
) -> FindingRow:
    return finding(
        "multiverse",
        sentence,
        outcome=one.outcome,
        subject={"estimator": one.estimator, "about": about},
        about=about,
        estimator=one.estimator,
        decision=decision,
        numbers=numbers,
    )


def _strongest(run: Run, one: Multiverse) -> Iterator[FindingRow]:
    """Yield which choice moves the gain most, and from where to where."""
    choices = run.rows(MULTIVERSE_CHOICES, outcome=one.outcome)
    strongest = max(choices, key=lambda row: row.share_of_variance, default=None)
    levels = [row for row in choices if strongest is not None and row.choice == strongest.choice]
    if strongest is not None and len(levels) > 1:
        ends = sorted(levels, key=lambda row: row.mean_gain)
        low, high = ((row.level, row.mean_gain) for row in (ends[0], ends[-1]))
        sentence = StrongestChoice(strongest.choice, strongest.share_of_variance, *low, *high)
        yield _row(one, sentence, "choices")


def _together(run: Run, one: Multiverse) -> Iterator[FindingRow]:
    """Yield what all combinations say together under each protocol that keeps test rows apart."""
    tests: Mapping[tuple[str, str], JointTestRow] = {
        (row.protocol, row.statistic): row for row in run.rows(MULTIVERSE_TESTS, outcome=one.outcome)
    }
    for protocol in run.manifest.study.protocols:
        rows = [tests[key] for name in STATISTICS if (key := (protocol.id, name)) in tests]
        if not protocol.keeps_test_rows_apart or not rows:
            continue
        first, about = rows[0], f"together {protocol.id}"
        if not first.is_done:
            yield _row(one, NoJointGains(protocol.id, first.reason), about)
            continue
        pairs = (number for row in rows for number in (row.value, row.p_value))
        is_significant = first.decision in SIGNIFICANT
        sentence = JointGains(protocol.id, first.n_specifications or 0, is_significant, *pairs)
        numbers = SourceNumbers(Estimate(first.value, NAN, NAN), first.p_value)
        yield _row(one, sentence, about, first.decision, numbers)
