"""What stands against gains, and what became of networks in public studies of the same shape."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from harness.findings.run import Gains, Run, compared_error
from harness.findings.sentence import Count, EstimatorId, ProtocolId, Ratio, Reason, Sentence, Share
from harness.record.manifest import ProtocolRecord, StudyRecord
from harness.tables.accuracy import AccuracyRow
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.decision import ABOVE, UNTESTED
from harness.tables.gain import GIVEN_PERIODS, GainRow
from harness.tables.preparation import LEAK_CODE, WARNINGS
from harness.tables.table import NAN

# From this error over the outcome's variance on, the training mean predicts as well.
HOPELESS_NMSE = 1.0


# A reference whose error is as many times that of a simple rival is no measure of a gain there.
FAR_BEHIND = 2.0


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


def estimator_caveats(over: Gains, rows: Sequence[GainRow]) -> Iterator[Sentence]:
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


def reference_caveats(over: Gains, outcome: str) -> Iterator[Sentence]:
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


# The table that `docs/_ext/write_hundred_studies.py` makes of a run of the hundred studies: of each study its
# entities and periods, and whether the interval of a network's gain over the best simple rival lies above
# zero, for other rows of the same entities and for entities not used in training.
BASE_RATES = "base_rates.csv"

# Studies of a shape have at most so many times more, or fewer, entities and periods; and nothing is said of
# fewer studies.
FACTOR, LEAST_STUDIES = 3.0, 10


@dataclass(frozen=True)
class BaseRate(Sentence):
    """In how many public studies of about this shape a network was significantly better than its rival.

    Attributes
    ----------
    n_studies : of the shape
    n_same : where it did for other rows of the same entities
    n_new : where it did for entities not used in training
    """

    n_studies: Count
    n_same: Count
    n_new: Count


@cache
def public_studies() -> Sequence[Mapping[str, float]]:
    """Return the public studies: ``n_entities``, ``n_periods``, and ``same`` and ``new``, 1 or 0."""
    text = (files("harness.findings") / BASE_RATES).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return [{name: float(cell) for name, cell in row.items() if name != "study"} for row in rows]


def base_rate(
    n_entities: int, n_periods: int, studies: Sequence[Mapping[str, float]] | None = None
) -> BaseRate | None:
    """Return what became of networks in public studies of a shape; None where fewer than ten have it.

    Parameters
    ----------
    studies : as `public_studies` returns them; those unless given
    """
    near = [
        one
        for one in (public_studies() if studies is None else studies)
        if 1.0 / FACTOR <= one["n_entities"] / n_entities <= FACTOR
        and 1.0 / FACTOR <= one["n_periods"] / n_periods <= FACTOR
    ]
    if len(near) < LEAST_STUDIES:
        return None
    n_same, n_new = (round(sum(one[name] for one in near)) for name in ("same", "new"))
    return BaseRate(len(near), n_same, n_new)


def base_rate_of(run: Run) -> BaseRate | None:
    """Return what became of networks in public studies of the shape of a run, if its data are observed."""
    data = run.manifest.data
    return None if data.simulated else base_rate(data.n_entities, data.n_periods)
