"""What changes how a run is read: at most three points to read first, by rules in a fixed order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from harness.findings.answers import first_rows, leading_protocols
from harness.findings.debiased import FEW_ENTITIES, LITTLE_LEFT, WEAK
from harness.findings.gains import Gains, tested_periods
from harness.findings.run import Run
from harness.tables.claims import ASSUMING, CLAIMS, INCONSISTENT, ClaimRow
from harness.tables.gain import GAIN, GIVEN_PERIODS
from harness.tables.preparation import LEAK_CODE, WARNINGS
from harness.tables.table import NAN
from harness.text.sentences import Sentence


@dataclass(frozen=True)
class HeadlineRow:
    """A published gain next to those of this run, fractions; NaN for one that the run does not have.

    Attributes
    ----------
    claim : the published gain
    here : the same estimator under the same protocol
    further : the first further reference, such as fixed effects, under that protocol
    new : the same estimator for entities not used in training
    """

    claim: ClaimRow
    here: float
    further: float
    new: float


def headline_claims(rows: Sequence[ClaimRow]) -> tuple[ClaimRow, ...]:
    """Return the published gains that the spec marks as its headline; else the first of each outcome."""
    gains = [row for row in rows if row.quantity == "gain"]
    first = {row.outcome: row for row in reversed(gains)}
    return tuple(row for row in gains if row.headline) or tuple(reversed(first.values()))


def headline(run: Run) -> Iterator[HeadlineRow]:
    """Yield each published gain that heads the study, with the gains of this run."""
    study = run.manifest.study
    gains = {
        (row.outcome, row.protocol, row.sample, row.estimator): row.gain
        for row in run.rows(GAIN)
        if row.reference == study.reference and row.is_done
    }
    known = {entry.id for entry in study.estimators}
    for row in (row for row in headline_claims(run.rows(CLAIMS)) if row.estimator in known):
        others = [name for name in study.further_references[:1] if name != row.estimator]
        further = [gains.get((row.outcome, row.protocol, row.sample, name), NAN) for name in others]
        yield HeadlineRow(row, row.this_run, next(iter(further), NAN), row.counterpart)


def has(values: Sequence[float]) -> bool:
    """Return whether any of several numbers is there."""
    return any(map(math.isfinite, values))


MOST_CAUTIONS = 3

# Note on an outcome whose squared errors are those of a few rows.
SKEW_CODE = "W-SKEW"


def cautions(run: Run) -> tuple[str, ...]:
    """Return what to read first, in the language in use; what the answers say already is left out."""
    study = run.manifest.study
    found = (one.said(study) for rule in RULES for one in rule(run))
    return tuple(islice(dict.fromkeys(found), MOST_CAUTIONS))


def leaks(run: Run) -> Iterator[Sentence]:
    """Yield that a regressor holds the outcome, so that neither gain nor effect means anything."""
    yield from _notes(run, LEAK_CODE)


def refusals(run: Run) -> Iterator[Sentence]:
    """Yield every estimator without any result for an outcome."""
    study, gains = run.manifest.study, Gains(run)
    for outcome, entry in product(study.outcomes, gains.candidates):
        cells = [gains.cell(outcome, entry, protocol) for protocol in study.protocols]
        if not any(cell.has_gain for cell in cells):
            yield Sentence("no_result", {"estimator": entry.id, "reason": cells[0].reason})


def selected_on_test_rows(run: Run) -> Iterator[Sentence]:
    """Yield that the protocol of the printed gains selects or fits on test rows."""
    study = run.manifest.study
    claims = run.rows(CLAIMS)
    names = {row.protocol for row in headline_claims(claims)} if claims else set()
    for protocol in study.protocols:
        if protocol.id in names and not protocol.keeps_test_rows_apart:
            yield Sentence("selected_on_test_rows", {"protocol": protocol.id})


def contradictions(run: Run) -> Iterator[Sentence]:
    """Yield that printed numbers cannot all be right, at all, or under assumptions that claims name."""
    wrong = [row for row in run.rows(CLAIMS) if row.status in (INCONSISTENT, ASSUMING)]

    def named(check: str, column: str) -> list[str]:
        return list(dict.fromkeys(getattr(row, column) for row in wrong if row.check == check))

    found = {
        "gains": named("ratio", "outcome"),
        "medians": named("partition", "outcome"),
        "moderators": named("units", "moderator"),
    }
    if any(found.values()):
        yield Sentence("printed_contradict", found)
    elif wrong:
        yield Sentence("printed_contradict_if")


def few_periods(run: Run) -> Iterator[Sentence]:
    """Yield that a protocol of the first screen tests few periods."""
    shown = {protocol.id for protocol in leading_protocols(run.manifest.study)}
    cells = (cell for outcome in run.manifest.study.outcomes for cell in Gains(run).cells(outcome))
    once = {cell.row.protocol for cell in cells if cell.row.inference == GIVEN_PERIODS}
    for protocol in run.manifest.study.protocols:
        if protocol.id in shown & once:
            tested = run.view(tested_periods).get(protocol.id, [])
            yield Sentence("few_periods", {"protocol": protocol.id, "periods": tested})


def few_entities(run: Run) -> Iterator[Sentence]:
    """Yield that there are few entities for intervals to rest on."""
    n_entities = run.manifest.data.n_entities
    if n_entities < FEW_ENTITIES:
        yield Sentence("few_in_all", {"n_entities": n_entities})


def weak_effects(run: Run) -> Iterator[Sentence]:
    """Yield what leaves the first debiased effect little to rest on."""
    for outcome in run.manifest.study.outcomes:
        for row in first_rows(run, outcome)[:1]:
            if row.share_left < LITTLE_LEFT:
                yield Sentence("little_left", {"share_left": row.share_left})
            if row.first_stage_f < WEAK:
                yield Sentence("weak_instruments", {"first_stage_f": row.first_stage_f})


def skewed(run: Run) -> Iterator[Sentence]:
    """Yield that a few rows make up most of every squared error."""
    yield from _notes(run, SKEW_CODE)


def _notes(run: Run, code: str) -> Iterator[Sentence]:
    for note in run.rows(WARNINGS, code=code):
        yield Sentence("of_note", {"about": note.where, "message": note.message})


# What makes every number mean something else comes before what makes some of them rough.
RULES = (
    *(leaks, refusals, selected_on_test_rows, contradictions),
    *(few_entities, few_periods, weak_effects, skewed),
)
