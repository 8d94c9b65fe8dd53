"""What to read before anything else: what makes numbers of a run mean something else, or rough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.findings.finding import ENTITIES_FOR_INTERVALS, finding
from harness.findings.run import Gains, Run, leading_protocols, tested_periods
from harness.findings.sentence import Count, EstimatorId, ProtocolId, PValue, Reason, Sentence, VariableId
from harness.tables.claims import (
    CLAIMS,
    CONTRADICTING,
    FINDS,
    IF_ROUNDED,
    INVENTS,
    MISSES,
    UNJUDGED,
    ClaimRow,
)
from harness.tables.decision import ABOVE, UNTESTED
from harness.tables.effects import EFFECT_TESTS, UNIT_ROOT
from harness.tables.findings import FindingRow
from harness.tables.gain import GIVEN_PERIODS
from harness.tables.preparation import LEAK_CODE, LOST_ROWS_CODE, REGISTRATION, WARNINGS

# Note on an outcome whose squared errors are those of a few rows.
SKEW_CODE = "W-SKEW"


@dataclass(frozen=True)
class LeakedOutcome(Sentence):
    """That a regressor holds the outcome, so that neither gain nor effect means anything."""

    message: Reason


@dataclass(frozen=True)
class Skewed(Sentence):
    """That a few rows make up most of every squared error."""

    message: Reason


@dataclass(frozen=True)
class LostRows(Sentence):
    """That many rows are dropped for one control."""

    message: Reason


@dataclass(frozen=True)
class NoResult(Sentence):
    """That an estimator has no result."""

    estimator: EstimatorId
    reason: Reason


@dataclass(frozen=True)
class SelectedOnTestRows(Sentence):
    """That the protocol of the printed gains selects or fits on test rows."""

    protocol: ProtocolId


@dataclass(frozen=True)
class PrintedContradict(Sentence):
    """In what printed numbers disagree with each other.

    Attributes
    ----------
    gains : outcomes whose printed gain is not that of the printed errors
    medians : outcomes whose printed medians of groups are not those of one fit
    moderators : those of which printed values and medians are not in one system of units
    """

    gains: tuple[VariableId, ...] = ()
    medians: tuple[VariableId, ...] = ()
    moderators: tuple[VariableId, ...] = ()


@dataclass(frozen=True)
class PrintedContradictIf(Sentence):
    """That printed numbers disagree under assumptions that claims name."""


@dataclass(frozen=True)
class ClaimsJudged(Sentence):
    """How many printed statements a method finds in simulated data, by their truth.

    Attributes
    ----------
    n_true : that are true of the data
    n_found : of these those that the method finds
    n_invented : that it finds and that are not true
    n_unjudged : that cannot be judged
    """

    n_true: int
    n_found: int
    n_invented: int
    n_unjudged: int


@dataclass(frozen=True)
class CounterpartsJudged(ClaimsJudged):
    """The same of the corrected methods."""


@dataclass(frozen=True)
class FewPeriods(Sentence):
    """That a protocol of the first screen tests few periods; none where they are not known."""

    protocol: ProtocolId
    periods: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnitRoots(Sentence):
    """That tests reject a unit root neither of the outcome nor of the exposure."""

    outcome: VariableId
    exposure: VariableId
    p_outcome: PValue
    p_exposure: PValue


@dataclass(frozen=True)
class FewEntitiesInAll(Sentence):
    """That there are few entities for intervals to rest on."""

    n_entities: int


@dataclass(frozen=True)
class AsRegistered(Sentence):
    """That what ran is what was registered.

    Attributes
    ----------
    registered : when, in ISO 8601
    """

    registered: str


@dataclass(frozen=True)
class NotAsRegistered(AsRegistered):
    """In what a run differs from what was registered.

    Attributes
    ----------
    parts : that differ, at most three
    n_parts : that differ in all
    """

    parts: tuple[str, ...]
    n_parts: Count


# Most parts that a sentence names.
MOST_PARTS = 3


def note_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield what warnings say of an outcome that bears on every number of it."""
    for code, kind in ((LEAK_CODE, LeakedOutcome), (SKEW_CODE, Skewed)):
        for note in run.rows(WARNINGS, code=code, where=outcome):
            yield _caution(kind(note.message), outcome, {"about": code})


def refusal_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every estimator without any result for an outcome."""
    gains = Gains(run)
    for entry in gains.candidates:
        rows = [gains.row(outcome, entry.id, one.id) for one in run.manifest.study.protocols]
        if all(row.decision == UNTESTED for row in rows):
            yield _caution(NoResult(entry.id, rows[0].reason), outcome, {"estimator": entry.id})


def unit_root_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield that neither outcome nor exposure is found to be without a unit root."""
    for sentence in unit_roots(run, outcome):
        yield _caution(sentence, outcome, {"about": UNIT_ROOT, "exposure": sentence.exposure})


def unit_roots(run: Run, outcome: str) -> Iterator[UnitRoots]:
    """Yield that neither outcome nor exposure is found to be without a unit root."""
    rows = run.rows(EFFECT_TESTS, outcome=outcome, test=UNIT_ROOT)
    if len(rows) > 1 and not any(row.decision == ABOVE for row in rows):
        yield UnitRoots(outcome, rows[0].exposure, *(row.p_value for row in rows))


def study_findings(run: Run) -> Iterator[FindingRow]:
    """Yield what is to be read first of the study as a whole."""
    yield from _registered(run)
    yield from _selected_on_test_rows(run)
    yield from _contradictions(run)
    for note in run.rows(WARNINGS, code=LOST_ROWS_CODE):
        yield _caution(LostRows(note.message), "", {"about": note.where})
    n_entities = run.manifest.data.n_entities
    if n_entities < ENTITIES_FOR_INTERVALS:
        yield _caution(FewEntitiesInAll(n_entities), "", {"about": "entities"})
    yield from _few_periods(run)
    yield from _judged(run)


def _registered(run: Run) -> Iterator[FindingRow]:
    """Yield whether what ran is what was registered, where anything was."""
    rows = run.rows(REGISTRATION)
    if rows:
        first, *differing = rows
        parts = tuple(row.part for row in differing[:MOST_PARTS])
        same = AsRegistered(first.registered)
        sentence = NotAsRegistered(first.registered, parts, len(differing)) if differing else same
        subject = {"about": REGISTRATION.name}
        yield finding("registration", sentence, outcome="", subject=subject, screen="caution")


def _judged(run: Run) -> Iterator[FindingRow]:
    """Yield how many printed statements the methods find, as published and corrected."""
    rows = run.rows(CLAIMS)
    for kind, column in ((ClaimsJudged, "verdict"), (CounterpartsJudged, "counterpart_verdict")):
        n_of = Counter(getattr(row, column) for row in rows if getattr(row, column))
        if n_of.keys() - {UNJUDGED}:
            n_true = n_of[FINDS] + n_of[MISSES]
            sentence = kind(n_true, n_of[FINDS], n_of[INVENTS], n_of[UNJUDGED])
            yield finding("claims", sentence, outcome="", subject={"about": column})


def _caution(sentence: Sentence, outcome: str, subject: Mapping[str, str]) -> FindingRow:
    return finding("caution", sentence, outcome=outcome, subject=subject, screen="caution")


def _selected_on_test_rows(run: Run) -> Iterator[FindingRow]:
    claims = run.rows(CLAIMS)
    names = {row.protocol for row in headline_claims(claims)} if claims else set()
    for protocol in run.manifest.study.protocols:
        if protocol.id in names and not protocol.keeps_test_rows_apart:
            yield _caution(SelectedOnTestRows(protocol.id), "", {"protocol": protocol.id})


def headline_claims(rows: Sequence[ClaimRow]) -> tuple[ClaimRow, ...]:
    """Return the published gains that the spec marks as its headline; else the first of each outcome."""
    gains = [row for row in rows if row.quantity == "gain"]
    first = {row.outcome: row for row in reversed(gains)}
    return tuple(row for row in gains if row.headline) or tuple(reversed(first.values()))


def _contradictions(run: Run) -> Iterator[FindingRow]:
    """Yield that printed numbers cannot all be right, at all, or under assumptions that claims name."""
    wrong = [row for row in run.rows(CLAIMS) if row.status in CONTRADICTING]
    known = [row for row in wrong if row.status != IF_ROUNDED]

    def named(check: str, column: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(getattr(row, column) for row in known if row.check == check))

    parts = named("ratio", "outcome"), named("partition", "outcome"), named("units", "moderator")
    if wrong:
        sentence = PrintedContradict(*parts) if any(parts) else PrintedContradictIf()
        yield _caution(sentence, "", {"about": "printed"})


def _few_periods(run: Run) -> Iterator[FindingRow]:
    """Yield that a protocol of the first screen tests few periods."""
    study = run.manifest.study
    shown = {protocol.id for protocol in leading_protocols(study)}
    rows = (row for outcome in study.outcomes for row in Gains(run).rows(outcome))
    once = {row.protocol for row in rows if row.inference == GIVEN_PERIODS}
    for protocol in study.protocols:
        if protocol.id in shown & once:
            tested = run.view(tested_periods).get(protocol.id, [])
            yield _caution(FewPeriods(protocol.id, tuple(tested)), "", {"protocol": protocol.id})
