"""What stands against a finding although its numbers speak for it, read off the tables of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.findings.finding import StudyFinding
from harness.language import gettext, marked
from harness.record.study import EstimatorRecord, ProtocolRecord
from harness.report.model.accuracy import compared_error
from harness.report.model.gains import Gains
from harness.report.model.lagged_outcome import nickell_caveat
from harness.report.model.run import Run
from harness.report.sections.coefficients.section import coefficient_rows
from harness.report.sections.gains.judgement import Judgement
from harness.report.text.numbers import percent, significant
from harness.report.text.plain_text import joined
from harness.tables.accuracy import AccuracyRow
from harness.tables.gain import GIVEN_PERIODS
from harness.tables.preparation import LEAK_CODE, WARNINGS

HOPELESS_NMSE = 1.0
"""From this error over the outcome's variance on, the training mean predicts as well."""

FAR_BEHIND = 2.0
"""A reference whose error is as many times that of a simple rival is no measure of a gain there."""

DEBIASED = ("effect", "nonlinearity")
"""Kinds of finding without an estimator that are given effects of entities."""

_WARNED = {
    "W-FEWENTITIES": marked("Few entities: {message}."),
    LEAK_CODE: marked("{message}."),
    "W-SKEW": marked("{message}."),
}


def gain_caveats(run: Run, judgement: Judgement, over: Gains) -> Iterator[str]:
    """Yield what bears on the gain of one estimator."""
    once = [cell.protocol for cell in judgement.cells if cell.row.inference == GIVEN_PERIODS]
    if once:
        yield gettext(
            "Time was seen once under {titles}: the interval is one given the periods tested."
        ).format(titles=_titles(once))
    outcome = judgement.cells[0].row.outcome
    notes = run.rows(WARNINGS)
    # Scenarios warn of few entities as well, of which they ask more than gains do.
    places = {"W-FEWENTITIES": "panel", LEAK_CODE: outcome, "W-SKEW": outcome}
    for note in notes:
        if places.get(note.code) == note.where:
            yield gettext(_WARNED[note.code]).format(message=note.message)
    for cell in judgement.cells:
        for estimator in (over.reference, judgement.estimator.id):
            place = f"{outcome} · {estimator} · {cell.protocol.id}"
            for note in notes:
                if note.code == "W-UNSEEN" and note.where == place:
                    label = run.manifest.study.estimator_label(estimator)
                    yield gettext("{label} under “{title}”: {message}.").format(
                        label=label, title=cell.protocol.title, message=note.message
                    )


def with_nickell(run: Run, finding: StudyFinding) -> StudyFinding:
    """Return a finding with what stands against it where the outcome's own lag is beside effects of entities.

    Debiased effects, which no estimator has, take these effects out by whatever method.
    """
    study = run.manifest.study
    entry = next((entry for entry in study.estimators if entry.id == finding.estimator), None)
    takes_out = entry.goes_by_within if entry else finding.finding in DEBIASED
    caveat = nickell_caveat(run, finding.outcome) if takes_out else ""
    return replace(finding, caveats=" ".join(filter(None, (finding.caveats, caveat)))) if caveat else finding


def reference_caveats(over: Gains, outcome: str) -> Iterator[str]:
    """Yield that the reference is hopeless for entities never seen, and the best simple rival there.

    It is where its error reaches the variance of the outcome, or twice the error of a simple estimator of the
    study: one with a table of coefficients, or one without any option, such as a mean. Where the reference
    errs by rounding alone, there is no gain and nothing to be far behind.
    """
    run = over.run
    for protocol in run.manifest.study.protocols:
        own = compared_error(run, outcome, over.reference, protocol.id)
        if own is None or protocol.knows_entities:
            continue
        rival = _best_simple(run, outcome, protocol, besides=over.reference)
        far = (
            rival is not None
            and own.mse >= FAR_BEHIND * rival[1].mse
            and over.cell(outcome, rival[0], protocol).has_gain
        )
        if own.nmse >= HOPELESS_NMSE or far:
            yield _hopeless(over, protocol, own, rival)


def _hopeless(
    over: Gains, protocol: ProtocolRecord, own: AccuracyRow, rival: tuple[EstimatorRecord, AccuracyRow] | None
) -> str:
    first = gettext(
        "{reference_label} is no measure for entities never seen: under “{title}” its mean "
        "squared error is {nmse} times the variance of the outcome."
    ).format(reference_label=over.reference_label, title=protocol.title, nmse=significant(own.nmse, 3))
    if rival is None or rival[1].mse >= own.mse:
        return first
    return gettext("{first} The best simple rival there is {label}, with {mse} less error.").format(
        first=first, label=rival[0].label, mse=percent(1.0 - rival[1].mse / own.mse)
    )


def _best_simple(
    run: Run, outcome: str, protocol: ProtocolRecord, *, besides: str
) -> tuple[EstimatorRecord, AccuracyRow] | None:
    linear = {row.estimator for row in coefficient_rows(run) if row.is_done}
    found = [
        (entry, row)
        for entry in run.manifest.study.estimators
        if entry.id != besides
        and (entry.id in linear or not entry.options)
        and (row := compared_error(run, outcome, entry.id, protocol.id)) is not None
    ]
    return min(found, key=lambda pair: pair[1].mse, default=None)


def _titles(protocols: list[ProtocolRecord]) -> str:
    return joined([f"“{protocol.title}”" for protocol in protocols])
