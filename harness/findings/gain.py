"""Findings on gains: the verdict over each reference, one of each estimator, and what stands against them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from harness.findings.gains import GainCell, Gains, compared_error, established
from harness.findings.run import Run
from harness.language import marked
from harness.record.manifest import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.scenarios.robustness import BASELINE, JOINT
from harness.tables.accuracy import AccuracyRow
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.decision import ABOVE, size_of
from harness.tables.findings import FindingRow
from harness.tables.gain import GIVEN_PERIODS, GainRow
from harness.tables.preparation import LEAK_CODE, PREPARATION, WARNINGS
from harness.tables.variations import VariationEffectRow
from harness.text.sentences import Sentence, finding

AGREE, CONFIRM = "checks_agree", "checks_confirm"

# What is counted of all checks together, in words.
CHECKS: Mapping[str, str] = {
    AGREE: marked("all robustness checks agreed with the slope"),
    CONFIRM: marked("the slope and every check of it were significant with one sign, and all agreed"),
}


def checks_passed(rows: Iterable[VariationEffectRow], *, level: float) -> Mapping[str, bool]:
    """Return whether the checks of one outcome and learner, by all methods, agree and confirm.

    They agree where no joint test finds that a slope differs from what it should equal, as the report says
    it. They confirm where, beyond that, the slope and all that should equal it are significantly different
    from zero with one sign. A check without a result is passed over; without a joint test there is neither.
    """
    done, size = [row for row in rows if row.is_done], size_of(level)
    joint = [row.p_difference >= size for row in done if row.variation == JOINT]
    slopes = [
        row
        for row in done
        if row.variation == BASELINE or (row.variation != JOINT and math.isfinite(row.p_difference))
    ]
    if not joint or not slopes:
        return {}
    same = len({row.estimate > 0.0 for row in slopes}) == 1
    return {AGREE: all(joint), CONFIRM: all(joint) and same and all(row.p_value < size for row in slopes)}


# From this error over the outcome's variance on, the training mean predicts as well.
HOPELESS_NMSE = 1.0

# A reference whose error is as many times that of a simple rival is no measure of a gain there.
FAR_BEHIND = 2.0

# Fields of a gain that its sentences may hold.
SAID = frozenset(one.name for one in fields(GainRow)) - {"outcome", "reference", "sample", "n_entities"}


def gain_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the verdict over each reference, then what is known of each estimator.

    A gain is significant as `harness.findings.gains.established` says.
    """
    gains = Gains(run)
    for over in (gains, *gains.further):
        cells = over.cells(outcome)
        if not cells:
            continue
        found = established(cells)
        yield finding(
            "gain",
            verdict(cells, reference=over.reference),
            outcome=outcome,
            about=over.reference,
            is_established=bool(found),
            against=(*verdict_caveats(over, cells), *_reference_caveats(over, outcome)),
        )
        for entry in over.candidates:
            own = [cell for cell in cells if cell.estimator.id == entry.id]
            yield _of_estimator(over, own, is_established=entry.id in found)


def verdict(cells: Sequence[GainCell], *, reference: str) -> Sentence:
    """Return the plain verdict on one outcome over one reference."""
    return Sentence("headline", {"reference": reference, "gains": [_values(cell.row) for cell in cells]})


def _of_estimator(over: Gains, cells: Sequence[GainCell], *, is_established: bool) -> FindingRow:
    row = _least(cells).row
    return finding(
        "gain",
        estimator_verdict(cells, reference=over.reference),
        outcome=row.outcome,
        estimator=cells[0].estimator.id,
        about=over.reference,
        is_established=is_established,
        estimate=(row.gain, row.conf_low, row.conf_high),
        p_value=row.p_value,
        p_adjusted=row.p_holm,
        least_detectable=row.least_detectable,
        against=tuple(_estimator_caveats(over, cells)),
    )


def estimator_verdict(cells: Sequence[GainCell], *, reference: str) -> Sentence:
    """Return what is known of one estimator, at least one gain of it."""
    gains = [_values(cell.row) for cell in cells]
    estimator = cells[0].estimator.id
    return Sentence("estimator_verdict", {"reference": reference, "estimator": estimator, "gains": gains})


def _values(row: GainRow) -> dict[str, Any]:
    """Return the fields of a gain that a sentence may hold, those that are empty left out."""
    own = {name: value for name, value in asdict(row).items() if name in SAID and value not in ("", None)}
    return {
        name: value for name, value in own.items() if value == value and (name, value) != ("status", "ok")
    }


def _least(cells: Sequence[GainCell]) -> GainCell:
    """Return the least gain under a protocol that keeps test rows apart, one with a p-value if there is any.

    Of all where no protocol keeps them apart.
    """
    having = [cell for cell in cells if cell.has_gain]
    apart = [cell for cell in having if cell.protocol.keeps_test_rows_apart]
    tested = [cell for cell in apart if cell.row.inference != GIVEN_PERIODS]
    return min(tested or apart or having or cells, key=lambda cell: cell.row.gain)


def error_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield which estimator has the lowest error under each protocol; it says nothing of differences."""
    study = run.manifest.study
    for protocol in study.protocols:
        errors = [
            (row.mse, estimator.id)
            for estimator in study.estimators
            if (row := compared_error(run, outcome, estimator.id, protocol.id)) is not None
        ]
        parameters: dict[str, Any] = {"protocol": protocol.id}
        if errors:
            mse, estimator = min(errors, key=lambda pair: pair[0])
            parameters |= {"estimator": estimator, "mse": mse}
        if len(errors) > 1:
            parameters["next_mse"] = sorted(error for error, _ in errors)[1]
        sentence = Sentence("lowest_error", parameters)
        yield finding("lowest_error", sentence, outcome=outcome, about=protocol.id, is_established=False)


def verdict_caveats(over: Gains, cells: Sequence[GainCell]) -> tuple[Sentence, ...]:
    """Return what a reader should know of the gains of one outcome over one reference."""
    study = over.run.manifest.study
    has_levels = any(entry.has_entity_effects for entry in study.estimators if entry.id == over.reference)
    return caveats(cells, reference=over.over, has_levels=has_levels)


def caveats(
    cells: Sequence[GainCell], *, reference: str = "", has_levels: bool = False
) -> tuple[Sentence, ...]:
    """Return what a reader should know of the gains of one outcome, all estimators together.

    Parameters
    ----------
    cells : gains of one outcome, every estimator but the reference x every protocol
    reference : that gains are over where it is another than the study's
    has_levels : whether the reference has entity effects itself, so that no gain over it is one of these
    """
    further = {"reference": reference} if reference else {}
    return () if has_levels else tuple(_levels_gain_more(cells, further))


def _levels_gain_more(cells: Sequence[GainCell], further: Mapping[str, str]) -> Iterator[Sentence]:
    """Yield that estimators with entity effects gain more than all without, where entities are known.

    Of several such estimators the one with the least gain is named: what the others add to it is theirs.
    """
    known = [cell for cell in cells if cell.protocol.knows_entities and math.isfinite(cell.row.gain)]
    gains: dict[str, list[dict[str, Any]]] = {}
    for protocol in dict.fromkeys(cell.protocol.id for cell in known):
        own = [cell for cell in known if cell.protocol.id == protocol]
        without = [cell.row.gain for cell in own if not cell.estimator.has_entity_effects]
        most = max(without, default=math.inf)
        better = [
            cell
            for cell in own
            if cell.estimator.has_entity_effects and cell.row.gain > most and cell.row.decision == ABOVE
        ]
        if better:
            least = min(better, key=lambda cell: cell.row.gain)
            one = {"protocol": protocol, "gain": least.row.gain, "most": most}
            gains.setdefault(least.estimator.id, []).append(one)
    for estimator, where in gains.items():
        yield Sentence("levels_gain_more", {"estimator": estimator, "gains": where, **further})


def _estimator_caveats(over: Gains, cells: Sequence[GainCell]) -> Iterator[Sentence]:
    """Yield what bears on the gain of one estimator."""
    once = [cell.protocol.id for cell in cells if cell.row.inference == GIVEN_PERIODS]
    if once:
        yield Sentence("time_seen_once", {"protocols": once})
    outcome, notes = cells[0].row.outcome, over.run.rows(WARNINGS)
    # Scenarios warn of few entities as well, of which they ask more than gains do.
    places = {"W-FEWENTITIES": "panel", LEAK_CODE: outcome, "W-SKEW": outcome}
    for note in notes:
        if places.get(note.code) == note.where:
            yield Sentence("warned", {"about": note.code, "message": note.message})
    for cell in cells:
        for estimator in (over.reference, cell.estimator.id):
            place = f"{outcome} · {estimator} · {cell.protocol.id}"
            for note in notes:
                if note.code == "W-UNSEEN" and note.where == place:
                    named = {"estimator": estimator, "protocol": cell.protocol.id}
                    yield Sentence("unseen_levels", {**named, "message": note.message})


def _reference_caveats(over: Gains, outcome: str) -> Iterator[Sentence]:
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
            parameters = {"reference": over.reference, "protocol": protocol.id, "nmse": own.nmse}
            if rival is not None and rival[1].mse < own.mse:
                parameters |= {"rival": rival[0].id, "less": 1.0 - rival[1].mse / own.mse}
            yield Sentence("hopeless_reference", parameters)


def _best_simple(
    run: Run, outcome: str, protocol: ProtocolRecord, *, besides: str
) -> tuple[EstimatorRecord, AccuracyRow] | None:
    linear = {row.estimator for row in run.rows(COEFFICIENTS) if row.is_done}
    found = [
        (entry, row)
        for entry in run.manifest.study.estimators
        if entry.id != besides
        and (entry.id in linear or not entry.options)
        and (row := compared_error(run, outcome, entry.id, protocol.id)) is not None
    ]
    return min(found, key=lambda pair: pair[1].mse, default=None)


def kind_of(row: FindingRow, study: StudyRecord) -> str:
    """Return the kind by which simulated shapes have rates of a finding; empty where they have none."""
    if row.finding == "gain" and row.about != study.reference:
        knows = any(entry.has_entity_effects for entry in study.estimators if entry.id == row.about)
        return "gain_over_fixed_effects" if knows else ""
    if row.finding == "effect":
        return "primary_effect" if row.is_primary else "secondary_effect"
    of_models = {"nonlinearity": "bend", "interaction": ""}  # Friedman's H establishes no interaction
    return of_models[row.finding] if row.finding in of_models and row.estimator else row.finding


def nickell(run: Run, outcome: str) -> Sentence | None:
    """Return what effects of entities do next to a lagged outcome; None without one."""
    study = run.manifest.study
    regressors = {*study.exposure_columns, *study.moderators, *study.controls}
    lagged = [
        row.into
        for row in run.rows(PREPARATION)
        if row.step == "lag" and outcome in row.inputs.split(", ") and row.into in regressors
    ]
    parameters = {"lagged": lagged, "n_periods": run.manifest.data.n_periods}
    return Sentence("nickell", parameters) if lagged else None


def nickell_caveat(run: Run, outcome: str) -> str:
    """Return the same in words; empty without a lagged outcome."""
    sentence = nickell(run, outcome)
    return sentence.said(run.manifest.study) if sentence else ""
