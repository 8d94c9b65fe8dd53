"""Findings on gains: the verdict over each reference, one of each estimator, and what stands against them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.findings.finding import SourceNumbers, finding
from harness.findings.run import Gains, Run, compared_error, leading_protocols
from harness.findings.sentence import (
    NO_ESTIMATE,
    Estimate,
    EstimatorId,
    ProtocolId,
    PValue,
    Ratio,
    Reason,
    Sentence,
    Share,
    WholeShare,
    Word,
)
from harness.record.manifest import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.tables.accuracy import CHOSEN, AccuracyRow, ChosenRow
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.decision import ABOVE, BELOW, CONDITIONAL, OPEN, UNTESTED, Decision
from harness.tables.findings import FindingRow
from harness.tables.gain import GIVEN_PERIODS, RECOGNITION, GainRow
from harness.tables.preparation import LEAK_CODE, PREPARATION, WARNINGS
from harness.tables.table import NAN

# From this error over the outcome's variance on, the training mean predicts as well.
HOPELESS_NMSE = 1.0

# A reference whose error is as many times that of a simple rival is no measure of a gain there.
FAR_BEHIND = 2.0

# Name of the estimator that chooses the best of simple rivals on its training rows.
BEST_SIMPLE = "best_simple"

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
class LowestError(Sentence):
    """Which estimator has the lowest mean squared error under one protocol; none without a result."""

    protocol: ProtocolId
    estimator: EstimatorId = ""
    mse: float = NAN
    next_mse: float = NAN


@dataclass(frozen=True)
class LowestErrors(Sentence):
    """Which estimators have the lowest error for entities used in training, and for others.

    Attributes
    ----------
    reference : that they are measured by
    known, unseen : the estimators
    known_less, unseen_less : share of the reference's error that theirs is less; 0 for the reference itself
    """

    reference: EstimatorId
    known: EstimatorId
    known_less: WholeShare
    unseen: EstimatorId
    unseen_less: WholeShare


@dataclass(frozen=True)
class ChosenCandidate(Sentence):
    """Which candidate an estimator chose in most folds of a protocol."""

    estimator: EstimatorId
    protocol: ProtocolId
    candidate: str
    n_chosen: int
    n_folds: int


@dataclass(frozen=True)
class Recognised(Sentence):
    """How much of a gain on random rows comes from recognising entities: 1 and more where none remains."""

    share: Share
    gain: Share


@dataclass(frozen=True)
class ProtocolsDiffer(Sentence):
    """That what is said of one protocol does not hold under every other that keeps test rows apart."""

    is_blocking: ClassVar[bool] = True

    protocols: tuple[ProtocolId, ...]


@dataclass(frozen=True)
class LevelGain:
    """A gain of an estimator with entity effects, and the most that one without gains there."""

    protocol: ProtocolId
    gain: Share
    most: Share


@dataclass(frozen=True)
class LevelsGainMore(Sentence):
    """That estimators with entity effects gain more than all without, where entities are known.

    Attributes
    ----------
    reference : that gains are over where it is another than the study's
    """

    estimator: EstimatorId
    gains: tuple[LevelGain, ...]
    reference: EstimatorId = ""


@dataclass(frozen=True)
class TimeSeenOnce(Sentence):
    """Which protocols test few periods."""

    protocols: tuple[ProtocolId, ...]


@dataclass(frozen=True)
class Warned(Sentence):
    """A warning that bears on gains."""

    about: str
    message: Reason


@dataclass(frozen=True)
class UnseenLevels(Sentence):
    """Of how many test rows an estimator knows no effect."""

    estimator: EstimatorId
    protocol: ProtocolId
    message: Reason


@dataclass(frozen=True)
class HopelessReference(Sentence):
    """That a reference predicts badly for entities not used in training, and the best simple rival.

    Attributes
    ----------
    less : share of the reference's error that the rival's is less
    """

    reference: EstimatorId
    protocol: ProtocolId
    nmse: Ratio
    rival: EstimatorId = ""
    less: Share = NAN


@dataclass(frozen=True)
class Nickell(Sentence):
    """That effects of entities next to a lagged outcome bias its coefficient (Nickell 1981)."""

    lagged: tuple[str, ...]
    n_periods: int


def gain_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the verdict over each reference under each protocol, then what is known of each estimator."""
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


def _verdicts(over: Gains, rows: Sequence[GainRow], outcome: str) -> Iterator[FindingRow]:
    """Yield the verdict under each protocol with isolated test rows; the first screen has the leading one."""
    study = over.run.manifest.study
    leading = leading_protocols(study)[0].id
    caveats = (*verdict_caveats(study, rows, reference=over.over), *_reference_caveats(over, outcome))
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


def established_gains(study: StudyRecord, rows: Sequence[GainRow]) -> tuple[str, ...]:
    """Return the estimators that are better under every protocol that keeps test rows apart, in their order.

    Parameters
    ----------
    rows : gains of one outcome over one reference
    """
    by_estimator: dict[str, list[GainRow]] = {}
    for row in honest_rows(study, rows):
        by_estimator.setdefault(row.estimator, []).append(row)
    return tuple(name for name, subset in by_estimator.items() if agreeing(subset, ABOVE))


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
        caveats=(*_differing(study, rows, [least], least.decision), *_estimator_caveats(over, rows)),
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


def error_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield which estimator has the lowest error under each protocol; it says nothing of differences.

    The first screen names both where a study has test rows of entities used in training, and of others.
    """
    study = run.manifest.study
    lowest: dict[bool, tuple[str, float]] = {}
    for protocol in study.protocols:
        errors = sorted(
            (
                (row.mse, estimator.id)
                for estimator in study.estimators
                if (row := compared_error(run, outcome, estimator.id, protocol.id)) is not None
            ),
            key=lambda pair: pair[0],
        )
        base = next((mse for mse, name in errors if name == study.reference), NAN)
        if protocol.keeps_test_rows_apart and len(errors) > 2 and base > 0.0:
            lowest.setdefault(protocol.knows_entities, (errors[0][1], 1.0 - errors[0][0] / base))
        sentence = LowestError(protocol.id)
        if errors:
            mse, estimator = errors[0]
            sentence = LowestError(protocol.id, estimator, mse, errors[1][0] if errors[1:] else NAN)
        yield finding(
            "lowest_error", sentence, outcome=outcome, subject={"protocol": protocol.id}, about=protocol.id
        )
    if len(lowest) > 1:
        both = LowestErrors(study.reference, *lowest[True], *lowest[False])
        yield finding("lowest_error", both, outcome=outcome, subject={}, screen="prediction")


def chosen_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield which candidate each estimator that chooses took most often, under each protocol."""
    first: dict[tuple[str, str], ChosenRow] = {}
    for row in run.rows(CHOSEN, outcome=outcome):
        first.setdefault((row.estimator, row.protocol), row)
    for (estimator, protocol), row in first.items():
        sentence = ChosenCandidate(estimator, protocol, row.candidate, row.n_chosen or 0, row.n_folds or 0)
        subject = {"estimator": estimator, "protocol": protocol}
        yield finding(
            "chosen", sentence, outcome=outcome, subject=subject, about=protocol, estimator=estimator
        )


def recognition_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield how much comes from recognising entities, of the largest gain without effects of entities."""
    study = run.manifest.study
    without = {entry.id for entry in study.estimators if not entry.has_entity_effects}
    candidates = (row for row in run.rows(RECOGNITION, outcome=outcome) if row.estimator in without)
    rows = [row for row in candidates if row.decision == ABOVE]
    if rows:
        row = max(rows, key=lambda row: row.gain_known)
        yield finding(
            "recognition",
            Recognised(row.estimate, row.gain_known),
            outcome=outcome,
            subject={"estimator": row.estimator, "reference": row.reference},
            estimator=row.estimator,
            about=row.reference,
            decision=ABOVE,
            numbers=SourceNumbers(Estimate(row.estimate, row.conf_low, row.conf_high)),
            screen="trust",
        )


def verdict_caveats(
    study: StudyRecord, rows: Sequence[GainRow], *, reference: str = ""
) -> tuple[Sentence, ...]:
    """Return what a reader should know of the gains of one outcome, all estimators together.

    Nothing where the reference has entity effects itself, so that no gain over it is one of these.

    Parameters
    ----------
    reference : that gains are over where it is another than the study's
    """
    over = reference or study.reference
    if any(entry.has_entity_effects for entry in study.estimators if entry.id == over):
        return ()
    return tuple(_levels_gain_more(study, rows, reference=reference))


def _levels_gain_more(study: StudyRecord, rows: Sequence[GainRow], *, reference: str) -> Iterator[Sentence]:
    """Yield that estimators with entity effects gain more than all without, where entities are known.

    Of several such estimators the one with the least gain is named: what the others add to it is theirs.
    """
    absorbing = {entry.id for entry in study.estimators if entry.has_entity_effects}
    gains: dict[str, list[LevelGain]] = {}
    for protocol in study.protocols:
        known = [row for row in rows if row.protocol == protocol.id and math.isfinite(row.gain)]
        if not protocol.knows_entities:
            continue
        most = max((row.gain for row in known if row.estimator not in absorbing), default=math.inf)
        better = [
            row for row in known if row.estimator in absorbing and row.gain > most and row.decision == ABOVE
        ]
        if better:
            least = min(better, key=lambda row: row.gain)
            gains.setdefault(least.estimator, []).append(LevelGain(protocol.id, least.gain, most))
    for estimator, where in gains.items():
        yield LevelsGainMore(estimator, tuple(where), reference)


def _estimator_caveats(over: Gains, rows: Sequence[GainRow]) -> Iterator[Sentence]:
    """Yield what bears on the gain of one estimator."""
    once = tuple(row.protocol for row in rows if row.inference == GIVEN_PERIODS)
    if once:
        yield TimeSeenOnce(once)
    outcome, notes = rows[0].outcome, over.run.rows(WARNINGS)
    # Scenarios warn of few entities as well, of which they ask more than gains do.
    subjects = {"W-FEWENTITIES": "panel", LEAK_CODE: outcome, "W-SKEW": outcome}
    for note in notes:
        if subjects.get(note.code) == note.where:
            yield Warned(note.code, note.message)
    for row in rows:
        for estimator in (over.reference, row.estimator):
            where = f"{outcome} · {estimator} · {row.protocol}"
            for note in notes:
                if note.code == "W-UNSEEN" and note.where == where:
                    yield UnseenLevels(estimator, row.protocol, note.message)


def _reference_caveats(over: Gains, outcome: str) -> Iterator[Sentence]:
    """Yield that the reference is hopeless for entities never seen, and the best simple rival there.

    It is where its error reaches the variance of the outcome, or twice the error of a simple estimator of the
    study: one with a table of coefficients, or one without any option, such as a mean. Where the reference
    errs by rounding alone, there is no gain and nothing to be far behind.
    """
    run = over.run
    for protocol in run.manifest.study.protocols:
        error = compared_error(run, outcome, over.reference, protocol.id)
        if error is None or protocol.knows_entities:
            continue
        rival = _best_simple(run, outcome, protocol, other_than=over.reference)
        is_far = (
            rival is not None
            and error.mse >= FAR_BEHIND * rival.mse
            and over.row(outcome, rival.estimator, protocol.id).decision != UNTESTED
        )
        if error.nmse >= HOPELESS_NMSE or is_far:
            if rival is not None and rival.mse < error.mse:
                less = 1.0 - rival.mse / error.mse
                yield HopelessReference(over.reference, protocol.id, error.nmse, rival.estimator, less)
            else:
                yield HopelessReference(over.reference, protocol.id, error.nmse)


def _best_simple(run: Run, outcome: str, protocol: ProtocolRecord, *, other_than: str) -> AccuracyRow | None:
    linear = {row.estimator for row in run.rows(COEFFICIENTS) if row.is_done}
    candidates = (
        compared_error(run, outcome, entry.id, protocol.id)
        for entry in run.manifest.study.estimators
        if entry.id != other_than and (entry.id in linear or not entry.options)
    )
    return min((row for row in candidates if row is not None), key=lambda row: row.mse, default=None)


def nickell(run: Run, outcome: str) -> Nickell | None:
    """Return what effects of entities do next to a lagged outcome; None without one."""
    study = run.manifest.study
    regressors = {*study.exposure_columns, *study.moderators, *study.controls}
    lagged = tuple(
        row.into
        for row in run.rows(PREPARATION)
        if row.step == "lag" and outcome in row.inputs.split(", ") and row.into in regressors
    )
    return Nickell(lagged, run.manifest.data.n_periods) if lagged else None
