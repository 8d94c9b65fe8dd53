"""What the gains of one outcome amount to, in sentences composed from their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from harness.language import gettext
from harness.record.study import ProtocolRecord
from harness.report.model.accuracy import compared_error
from harness.report.model.gains import GainCell
from harness.report.model.run import Run
from harness.report.sections.gains.judgement import Judgement, Protocols, judgements
from harness.report.text.numbers import NO_BREAK, p_text, percent, significant
from harness.report.text.plain_text import in_turn, joined, listed, shortened
from harness.tables.gain import GainStatus

REASON_LENGTH = 160
"""Most characters of a reason within a sentence; the footnotes of the tables have it whole."""


def quoted(protocols: Iterable[ProtocolRecord], last: Literal["and", "or"] = "and") -> str:
    """Return the protocols' titles in quotation marks, as a list."""
    return joined([f"“{protocol.title}”" for protocol in protocols], last)


def gain_text(cell: GainCell) -> str:
    """Return "57.2% [50.1, 63.0], adjusted p = 0.012"; its own p-value where there is no adjusted one.

    Where the interval excludes zero and the gain is not established all the same, the folds follow: without
    them the numbers would speak for what the sentence denies.
    """
    gain = f"{cell.text} {cell.beneath}".strip()
    adjusted = p_text(cell.p_adjusted)
    p_value = (
        gettext("adjusted{NO_BREAK}{adjusted}").format(NO_BREAK=NO_BREAK, adjusted=adjusted)
        if adjusted
        else p_text(cell.row.p_value)
    )
    is_apart = cell.row.conf_low > 0.0 or cell.row.conf_high < 0.0
    folds = fold_text(cell) if is_apart and cell.status is GainStatus.OPEN else ""
    return listed(part for part in (gain, p_value, folds) if part)


def fold_text(cell: GainCell) -> str:
    """Return "folds 3.9% to 7.5%, p = 0.102 over the splits"; empty where a gain has one fold or none."""
    if not math.isfinite(cell.row.fold_gain_min) or cell.row.fold_gain_min == cell.row.fold_gain_max:
        return ""
    limits = gettext("folds {fold_gain_min} to {fold_gain_max}").format(
        fold_gain_min=percent(cell.row.fold_gain_min), fold_gain_max=percent(cell.row.fold_gain_max)
    )
    over = p_text(cell.row.p_splits)
    return gettext("{limits}, {over} over the splits").format(limits=limits, over=over) if over else limits


def lowest_error(run: Run, outcome: str, protocol: ProtocolRecord) -> str:
    """Return which estimator has the lowest mean squared error under one protocol, in a sentence."""
    rows = [
        (estimator, row)
        for estimator in run.manifest.study.estimators
        if (row := compared_error(run, outcome, estimator.id, protocol.id)) is not None
    ]
    if not rows:
        return gettext("“{title}”: no estimator has a result.").format(title=protocol.title)
    winner, least = min(rows, key=lambda pair: pair[1].mse)
    others = sorted(row.mse for _, row in rows)[1:]
    beside = gettext("; the next lowest is {others}").format(others=significant(others[0])) if others else ""
    return gettext("“{title}”: {label} ({error}{beside}).").format(
        title=protocol.title, label=winner.label, error=significant(least.mse), beside=beside
    )


def headline(cells: Sequence[GainCell], *, reference: str) -> str:
    """Return the plain verdict on one outcome.

    A gain is called established only where all honest protocols agree on it: those that keep the test rows
    apart from fitting, selecting and preparing. Under each, the interval and the p-values that allow for many
    comparisons have to exclude that there is none.

    Parameters
    ----------
    cells : gains of one outcome, every estimator but the reference x every protocol
    reference : how the reference is called
    """
    if all(cell.status is GainStatus.MISSING for cell in cells):
        return gettext("No gain over {reference} could be computed.").format(reference=reference)
    found = judgements(cells)
    established = [judgement for judgement in found if judgement.is_established]
    if established:
        first = _established(established, reference)
    elif any(cell.protocol.keeps_test_rows_apart for cell in cells):
        first = gettext("No gain over {reference} is established for any estimator.").format(
            reference=reference
        )
    else:
        first = gettext(
            "No gain over {reference} can be established: test rows take part in fitting or "
            "selecting under every protocol of this run."
        ).format(reference=reference)
    others = [judgement for judgement in found if not judgement.is_established]
    said = frozenset(established[0].once) if established else frozenset()
    return " ".join([first, *_partly(others), *_given(others, said=said), *_only_inside(others)])


def _established(found: Sequence[Judgement], reference: str) -> str:
    labels = joined([judgement.estimator.label for judgement in found])
    honest = tuple(cell.protocol for cell in found[0].cells if cell.protocol.keeps_test_rows_apart)
    once = found[0].once
    where = (
        gettext("every protocol of this run")
        if all(judgement.stands_everywhere for judgement in found)
        else gettext("every protocol that keeps test rows apart ({honest})").format(honest=quoted(honest))
    )
    known = (
        gettext(
            ". All of these protocols train on other rows of the tested entities, so it is not known "
            "whether it holds for entities never seen"
        )
        if all(protocol.knows_entities for protocol in honest)
        else ""
    )
    given = gettext(". {once}").format(once=_seen_once(once)) if once else ""
    return gettext(
        "A gain over {reference} is established for {labels}: it stands under {where}, the "
        "number of comparisons allowed for{known}{given}."
    ).format(reference=reference, labels=labels, where=where, known=known, given=given)


def _seen_once(protocols: Protocols) -> str:
    return gettext(
        "Time was seen once under {protocols}: the interval is one given the periods tested"
    ).format(protocols=quoted(protocols))


def _partly(found: Sequence[Judgement]) -> Iterator[str]:
    """Yield where honest protocols disagree, estimators with the same protocols together."""
    same: dict[tuple[Protocols, ...], list[Judgement]] = {}
    for judgement in found:
        if judgement.won or judgement.once:
            key = (judgement.won, judgement.lost, judgement.missing, judgement.once)
            same.setdefault(key, []).append(judgement)
    for (won, lost, missing, once), group in same.items():
        labels = joined([judgement.estimator.label for judgement in group])
        but = gettext(", but not under {lost}").format(lost=quoted(lost, "or")) if lost else ""
        without = (
            gettext("; there is no result under {missing}").format(missing=quoted(missing, "or"))
            if missing
            else ""
        )
        why = (
            gettext(", where the tested entities are not known from training")
            if group[0].needs_known_entities
            else ""
        )
        yield gettext("For {labels} a gain stands under {won}{but}{why}{without}.").format(
            labels=labels, won=quoted(won or once), but=but, why=why, without=without
        )


def _given(found: Sequence[Judgement], *, said: frozenset[ProtocolRecord]) -> Iterator[str]:
    """Yield under which further protocols a gain is one given the few periods tested, once.

    Parameters
    ----------
    said : protocols of which it was said already
    """
    once = dict.fromkeys(
        protocol for judgement in found for protocol in judgement.once if protocol not in said
    )
    if once:
        yield gettext("{sentence}.").format(sentence=_seen_once(tuple(once)))


def _only_inside(found: Sequence[Judgement]) -> Iterator[str]:
    """Yield which estimators gain only where test rows take part."""
    same: dict[Protocols, list[str]] = {}
    for judgement in found:
        if judgement.won_inside and not judgement.won and not judgement.once:
            same.setdefault(judgement.won_inside, []).append(judgement.estimator.label)
    for protocols, labels in same.items():
        yield (
            gettext(
                "For {labels} a gain stands only where test rows take part in fitting or selecting, "
                "under {protocols}."
            ).format(labels=joined(labels), protocols=quoted(protocols))
        )


def estimator_verdict(cells: Sequence[GainCell], *, reference: str) -> str:
    """Return what is known of one estimator under every protocol, in a sentence.

    Parameters
    ----------
    cells : at least one; the gains of one estimator for one outcome
    """
    parts = [
        _part(cells, GainStatus.BETTER, gettext("better than {reference} under").format(reference=reference)),
        _part(
            cells,
            GainStatus.BETTER_ONCE,
            gettext("better than {reference}, given the few periods tested, under").format(
                reference=reference
            ),
        ),
        _part(cells, GainStatus.WORSE, gettext("worse than {reference} under").format(reference=reference)),
        _part(cells, GainStatus.OPEN, gettext("not established to differ under")),
        _missing(cells),
    ]
    return gettext("{subject}: {said}.").format(
        subject=cells[0].estimator.label, said=in_turn(part for part in parts if part)
    )


def _part(cells: Sequence[GainCell], status: GainStatus, words: str) -> str:
    named = [_told(cell, gain_text(cell)) for cell in cells if cell.status is status]
    return gettext("{words} {protocols}").format(words=words, protocols=joined(named)) if named else ""


def _told(cell: GainCell, what: str) -> str:
    return gettext("“{title}” ({what})").format(title=cell.protocol.title, what=what)


def _missing(cells: Sequence[GainCell]) -> str:
    named = [
        _told(cell, shortened(cell.reason, REASON_LENGTH))
        for cell in cells
        if cell.status is GainStatus.MISSING
    ]
    return gettext("no result under {named}").format(named=joined(named)) if named else ""
