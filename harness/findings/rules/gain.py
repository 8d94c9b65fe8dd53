"""Findings on gains: the verdict over each reference, and what is known of each estimator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.findings.finding import Blocking, SourceNumbers, finding
from harness.findings.rules.gain_caveat import (
    base_rate_of,
    estimator_caveats,
    reference_caveats,
    verdict_caveats,
)
from harness.findings.run import Gains, Run, leading_protocols
from harness.findings.sentence import (
    NO_ESTIMATE,
    Estimate,
    EstimatorId,
    ProtocolId,
    PValue,
    Reason,
    Sentence,
    WholeShare,
    Word,
)
from harness.record.manifest import EstimatorRecord, StudyRecord
from harness.tables.accuracy import BEST_SIMPLE
from harness.tables.decision import ABOVE, BELOW, CONDITIONAL, OPEN, UNTESTED, Decision
from harness.tables.findings import FindingRow
from harness.tables.gain import GIVEN_PERIODS, GainRow
from harness.tables.table import NAN

# A gain that is less in size rounds to nothing: errors are the same.
LEAST_SHOWN = 0.0005


@dataclass(frozen=True)
class GainVerdict(Sentence):
    """Who predicts better than a reference under one protocol, or what the largest gain is.

    Attributes
    ----------
    variant : ``better``, ``chance``, ``chance_in_periods``, ``none_that_matters``, ``alone``, ``all_worse``
        and ``none_better``: the decisions of all estimators together; ``none_computed`` without a gain, and
        ``none_out_of_sample`` where every protocol trains or selects on test rows
    estimator : with the largest gain, of those that are better where any is
    gain : its gain, a fraction
    n_more : others that are better
    n_comparisons : gains that the p-value allows for, where it alone speaks against this one; else 0
    least_detectable : least gain that its test finds with a chance of four in five
    """

    reference: EstimatorId
    variant: Word
    protocol: ProtocolId = ""
    estimator: EstimatorId = ""
    gain: Estimate = NO_ESTIMATE
    n_more: int = 0
    n_comparisons: int = 0
    least_detectable: WholeShare = NAN

    @property
    def is_equal(self) -> bool:
        """Whether the gain rounds to nothing."""
        return abs(self.gain.value) < LEAST_SHOWN


@dataclass(frozen=True)
class OnlyEstimator(Sentence):
    """That nothing is compared."""


@dataclass(frozen=True)
class GainUnder:
    """The gain of one estimator under one protocol and what is decided of it, or why there is none."""

    protocol: ProtocolId
    decision: str
    gain: Estimate = NO_ESTIMATE
    p_value: PValue = NAN
    p_adjusted: PValue = NAN
    reason: Reason = ""


@dataclass(frozen=True)
class EstimatorVerdict(Sentence):
    """What is known of one estimator under every protocol."""

    reference: EstimatorId
    gains: tuple[GainUnder, ...]


@dataclass(frozen=True)
class ProtocolsDiffer(Blocking):
    """That what is said of one protocol does not hold under every other that keeps test rows apart."""

    protocols: tuple[ProtocolId, ...]


def gain_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield verdicts over each reference, what is known of each estimator, and what public studies found."""
    study, gains = run.manifest.study, Gains(run)
    if len(study.estimators) == 1:
        yield finding(
            "gain",
            OnlyEstimator(),
            outcome=outcome,
            subject={"reference": study.reference},
            estimator=study.reference,
            screen="prediction",
        )
        return
    for over in (gains, *gains.further):
        rows = over.rows(outcome)
        yield from _verdicts(over, rows, outcome)
        for entry in over.candidates:
            yield _of_estimator(over, entry, [row for row in rows if row.estimator == entry.id])
    if (rate := base_rate_of(run)) is not None:
        yield finding("base_rate", rate, outcome=outcome, subject={}, screen="trust")


def _verdicts(over: Gains, rows: Sequence[GainRow], outcome: str) -> Iterator[FindingRow]:
    """Yield the verdict under each protocol with isolated test rows; the first screen has the leading one."""
    study = over.run.manifest.study
    leading = leading_protocols(study)[0].id
    caveats = (*verdict_caveats(study, rows, reference=over.over), *reference_caveats(over, outcome))
    for sentence, first in verdicts(study, over.reference, rows):
        is_leading = sentence.protocol in ("", leading) and over.reference == leading_reference(study)
        under = [row for row in rows if row.protocol == sentence.protocol]
        differing = _differing(study, rows, under, first.decision) if first is not None else ()
        yield finding(
            "gain",
            sentence,
            outcome=outcome,
            subject={"reference": over.reference, "protocol": sentence.protocol},
            about=over.reference,
            decision=UNTESTED if first is None else first.decision,
            numbers=SourceNumbers() if first is None else _numbers(first),
            screen="prediction" if is_leading else "none",
            caveats=(*differing, *caveats),
        )


def leading_reference(study: StudyRecord) -> str:
    """Return the reference that the first screen is about: the best simple estimator where it is one."""
    best = (one.id for one in study.estimators if one.use == BEST_SIMPLE and one.id in study.references)
    return next(best, study.reference)


def verdicts(
    study: StudyRecord, reference: str, rows: Sequence[GainRow]
) -> Iterator[tuple[GainVerdict, GainRow | None]]:
    """Yield the verdict under each protocol with isolated test rows, and the row that it names.

    Without any gain under such a protocol it is one that says so, and names none.

    Parameters
    ----------
    rows : gains of one outcome over the reference
    """
    honest = [one.id for one in study.protocols if one.keeps_test_rows_apart]
    having = [row for row in rows if math.isfinite(row.gain)]
    under = [[row for row in having if row.protocol == protocol] for protocol in honest]
    if not any(under):
        variant = "none_out_of_sample" if having and not honest else "none_computed"
        yield GainVerdict(reference, variant), None
    yield from (_verdict(study, reference, subset) for subset in under if subset)


def _verdict(study: StudyRecord, reference: str, rows: Sequence[GainRow]) -> tuple[GainVerdict, GainRow]:
    ordered = sorted(rows, key=lambda row: -row.gain)
    better = [row for row in ordered if row.decision in (ABOVE, CONDITIONAL)]
    first = (better or ordered)[0]
    is_chance, decisions = not better and first.gain >= LEAST_SHOWN, [row.decision for row in ordered]
    sentence = GainVerdict(
        reference=reference,
        variant=_variant(first, decisions, n_others=len(study.estimators) - 1),
        protocol=first.protocol,
        estimator=first.estimator,
        gain=_gain(first),
        n_more=max(len(better) - 1, 0),
        n_comparisons=len(rows) if is_chance and first.conf_low > 0.0 else 0,
        least_detectable=NAN if first.inference == GIVEN_PERIODS else first.least_detectable,
    )
    return sentence, first


def _variant(first: GainRow, decisions: Sequence[Decision], *, n_others: int) -> str:
    if first.decision in (ABOVE, CONDITIONAL):
        return "better"
    if first.gain < LEAST_SHOWN:
        if n_others == 1:
            return "alone"
        return "all_worse" if decisions.count(BELOW) == n_others else "none_better"
    if first.inference == GIVEN_PERIODS:
        return "chance_in_periods"
    return "chance" if OPEN in decisions else "none_that_matters"


def _gain(row: GainRow) -> Estimate:
    return Estimate(row.gain, row.conf_low, row.conf_high)


def _numbers(row: GainRow) -> SourceNumbers:
    return SourceNumbers(_gain(row), row.p_value, row.p_holm, least_detectable=row.least_detectable)


def agreeing(rows: Sequence[GainRow], decision: Decision) -> bool:
    """Return whether a decision on one estimator holds under every protocol that keeps test rows apart.

    It holds where every one of them that has a p-value decides so, at least one, and where no interval that
    is conditional on few periods lies wholly on the other side. A protocol without a result contradicts.

    Parameters
    ----------
    rows : of the estimator, under such protocols alone
    """
    tested = [row for row in rows if row.inference != GIVEN_PERIODS]
    opposite = [row.conf_high < 0.0 if decision == ABOVE else row.conf_low > 0.0 for row in rows]
    return bool(tested) and all(row.decision == decision for row in tested) and not any(opposite)


def honest_rows(study: StudyRecord, rows: Sequence[GainRow]) -> list[GainRow]:
    """Return the rows of protocols that keep test rows apart."""
    honest = {one.id for one in study.protocols if one.keeps_test_rows_apart}
    return [row for row in rows if row.protocol in honest]


def _differing(
    study: StudyRecord, rows: Sequence[GainRow], named: Sequence[GainRow], decision: Decision
) -> Iterator[Sentence]:
    """Yield under which other protocols a decision does not hold of any estimator that it is made of.

    Parameters
    ----------
    rows : gains of one outcome over one reference
    named : of these the gains that the sentence is about
    """
    if decision not in (ABOVE, BELOW):
        return
    honest = honest_rows(study, rows)
    names = dict.fromkeys(row.estimator for row in named if row.decision == decision)
    subsets = [[row for row in honest if row.estimator == name] for name in names]
    if not any(agreeing(subset, decision) for subset in subsets):
        other = (row.protocol for row in subsets[0] if row.decision != decision)
        yield ProtocolsDiffer(tuple(dict.fromkeys(other)))


def _of_estimator(over: Gains, entry: EstimatorRecord, rows: Sequence[GainRow]) -> FindingRow:
    study = over.run.manifest.study
    least = _least(study, rows)
    return finding(
        "gain",
        estimator_verdict(over.reference, rows),
        outcome=least.outcome,
        subject={"reference": over.reference, "estimator": entry.id},
        estimator=entry.id,
        about=over.reference,
        decision=least.decision,
        numbers=_numbers(least),
        caveats=(*_differing(study, rows, [least], least.decision), *estimator_caveats(over, rows)),
    )


def estimator_verdict(reference: str, rows: Sequence[GainRow]) -> EstimatorVerdict:
    """Return what is known of one estimator, given its gains under every protocol."""
    gains = (
        GainUnder(row.protocol, row.decision, _gain(row), row.p_value, row.p_holm, row.reason) for row in rows
    )
    return EstimatorVerdict(reference, tuple(gains))


def _least(study: StudyRecord, rows: Sequence[GainRow]) -> GainRow:
    """Return the least gain under a protocol that keeps test rows apart, one with a p-value if there is any.

    Of all where no protocol keeps them apart.
    """
    having = [row for row in rows if math.isfinite(row.gain)]
    honest = honest_rows(study, having)
    tested = [row for row in honest if row.inference != GIVEN_PERIODS]
    return min(tested or honest or having or rows, key=lambda row: row.gain)
