"""Sentences on gains: the verdict over a reference, what is known of an estimator, what stands against it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from harness.language import gettext, marked, translated
from harness.record.study import StudyRecord
from harness.tables.gain import GainRow, GainStatus
from harness.tables.table import NAN
from harness.text.context import Context, quoted
from harness.text.numbers import NO_BREAK, p_text, percent, percent_interval, significant
from harness.text.plain_text import in_turn, joined, listed, shortened

# Most characters of a reason within a sentence; the footnotes of the tables have it whole.
REASON_LENGTH = 160

# Fields of a row, those that are empty left out.
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Judgement:
    """What the gains of one estimator for one outcome amount to, under every protocol.

    Honest protocols are those that keep the test rows apart from fitting, selecting and preparing.

    Attributes
    ----------
    won : honest protocols under which it is established better
    lost : those under which it is not, though there is a result
    once : those under which it is better given the periods tested, time having been seen once
    missing : those without a result
    won_inside : other protocols under which it is established better, though test rows take part
    is_everywhere : whether every protocol, honest or not, finds a gain
    """

    estimator: str
    won: Sequence[str] = ()
    lost: Sequence[str] = ()
    once: Sequence[str] = ()
    missing: Sequence[str] = ()
    won_inside: Sequence[str] = ()
    is_everywhere: bool = False

    @property
    def is_established(self) -> bool:
        """Whether all honest protocols agree on a gain, at least one with a test of its own."""
        return bool(self.won) and not self.lost and not self.missing


def _labels(study: StudyRecord, found: Iterable[Judgement]) -> str:
    return joined([study.estimator_label(judgement.estimator) for judgement in found])


def headline(context: Context, *, reference: str, judgements: Sequence[Values], has_gains: bool) -> str:
    """Return the plain verdict on one outcome.

    A gain is called established only where all honest protocols agree on it: those that keep the test rows
    apart from fitting, selecting and preparing. Under each, the interval and the p-values that allow for many
    comparisons have to exclude that there is none.

    Parameters
    ----------
    judgements : fields of `Judgement`, of every estimator but the reference
    has_gains : whether any gain could be computed
    """
    study = context.study
    if not has_gains:
        return context.filled("No gain over {reference} could be computed.", reference=reference)
    found = [Judgement(**values) for values in judgements]
    established = [judgement for judgement in found if judgement.is_established]
    if established:
        first = _established(context, established, reference)
    elif any(protocol.keeps_test_rows_apart for protocol in study.protocols):
        first = context.filled(
            "No gain over {reference} is established for any estimator.", reference=reference
        )
    else:
        first = context.filled(
            "No gain over {reference} can be established: test rows take part in fitting or "
            "selecting under every protocol of this run.",
            reference=reference,
        )
    others = [judgement for judgement in found if not judgement.is_established]
    said = frozenset(established[0].once) if established else frozenset()
    parts = (_partly(study, others), _given(context, others, said=said), _only_inside(context, others))
    return " ".join([first, *chain.from_iterable(parts)])


def _established(context: Context, found: Sequence[Judgement], reference: str) -> str:
    study, once = context.study, found[0].once
    honest = [protocol for protocol in study.protocols if protocol.keeps_test_rows_apart]
    where = gettext("every protocol of this run")
    if not all(judgement.is_everywhere for judgement in found):
        names = quoted(study, (protocol.id for protocol in honest))
        where = gettext("every protocol that keeps test rows apart ({honest})").format(honest=names)
    known = gettext(
        ". All of these protocols train on other rows of the tested entities, so it is not known "
        "whether it holds for entities never seen"
    )
    return context.filled(
        "A gain over {reference} is established for {labels}: it stands under {where}, the "
        "number of comparisons allowed for{known}{given}.",
        reference=reference,
        labels=_labels(study, found),
        where=where,
        known=known if all(protocol.knows_entities for protocol in honest) else "",
        given=context.filled(". {once}", once=context.filled(SEEN_ONCE, protocols=once)) if once else "",
    )


# Of protocols under which time was seen once.
SEEN_ONCE = marked("Time was seen once under {protocols}: the interval is one given the periods tested")


def _partly(study: StudyRecord, found: Sequence[Judgement]) -> Iterator[str]:
    """Yield where honest protocols disagree, estimators with the same protocols together."""
    known = {protocol.id for protocol in study.protocols if protocol.knows_entities}
    same: dict[tuple[tuple[str, ...], ...], list[Judgement]] = {}
    for judgement in found:
        if judgement.won or judgement.once:
            key = (judgement.won, judgement.lost, judgement.missing, judgement.once)
            same.setdefault(tuple(map(tuple, key)), []).append(judgement)
    for (won, lost, missing, once), group in same.items():
        but = gettext(", but not under {lost}").format(lost=quoted(study, lost, "or")) if lost else ""
        no_result = quoted(study, missing, "or")
        without = gettext("; there is no result under {missing}").format(missing=no_result) if missing else ""
        is_new = lost and known.isdisjoint(lost)
        why = gettext(", where the tested entities are not known from training") if is_new else ""
        yield gettext("For {labels} a gain stands under {won}{but}{why}{without}.").format(
            labels=_labels(study, group), won=quoted(study, won or once), but=but, why=why, without=without
        )


def _given(context: Context, found: Sequence[Judgement], *, said: frozenset[str]) -> Iterator[str]:
    """Yield under which further protocols a gain is one given the few periods tested, once.

    Parameters
    ----------
    said : protocols of which it was said already
    """
    once = dict.fromkeys(
        protocol for judgement in found for protocol in judgement.once if protocol not in said
    )
    if once:
        yield context.filled("{sentence}.", sentence=context.filled(SEEN_ONCE, protocols=once))


def _only_inside(context: Context, found: Sequence[Judgement]) -> Iterator[str]:
    """Yield which estimators gain only where test rows take part."""
    same: dict[tuple[str, ...], list[Judgement]] = {}
    for judgement in found:
        if judgement.won_inside and not judgement.won and not judgement.once:
            same.setdefault(tuple(judgement.won_inside), []).append(judgement)
    for protocols, group in same.items():
        yield context.filled(
            "For {labels} a gain stands only where test rows take part in fitting or selecting, "
            "under {protocols}.",
            labels=_labels(context.study, group),
            protocols=protocols,
        )


def gain_of(values: Values) -> GainRow:
    """Return the row of a gain from those of its fields that are not empty."""
    cell = dict.fromkeys(("outcome", "estimator", "reference", "protocol", "sample", "reason"), "")
    return GainRow(**{**cell, "status": "ok", **values})


def estimator_verdict(context: Context, *, reference: str, gains: Sequence[Values]) -> str:
    """Return what is known of one estimator under every protocol, in a sentence.

    Parameters
    ----------
    gains : at least one; fields of the rows of one estimator for one outcome
    """
    level = context.study.level
    under = {
        GainStatus.BETTER: marked("better than {reference} under {protocols}"),
        GainStatus.BETTER_ONCE: marked(
            "better than {reference}, given the few periods tested, under {protocols}"
        ),
        GainStatus.WORSE: marked("worse than {reference} under {protocols}"),
        GainStatus.OPEN: marked("not established to differ under {protocols}"),
        GainStatus.MISSING: marked("no result under {protocols}"),
    }
    named: dict[GainStatus, list[str]] = {status: [] for status in under}
    for row in map(gain_of, gains):
        status = row.status_at(level)
        is_missing = status is GainStatus.MISSING
        what = shortened(translated(row.reason), REASON_LENGTH) if is_missing else gain_text(row, level=level)
        named[status].append(context.filled("“{protocol}” ({what})", protocol=row.protocol, what=what))
    parts = [
        gettext(words).format(
            reference=context.study.estimator_label(reference), protocols=joined(named[status])
        )
        for status, words in under.items()
        if named[status]
    ]
    return context.filled("{estimator}: {said}.", said=in_turn(parts))


def gain_text(row: GainRow, *, level: float) -> str:
    """Return "57.2% [50.1, 63.0], adjusted p = 0.012"; its own p-value where there is no adjusted one.

    Where the interval excludes zero and the gain is not established all the same, the folds follow: without
    them the numbers would speak for what the sentence denies.
    """
    gain = f"{percent(row.gain)} {percent_interval(row.conf_low, row.conf_high)}".strip()
    p_value = p_text(row.p_value)
    if adjusted := p_text(row.p_adjusted):
        p_value = gettext("adjusted{NO_BREAK}{adjusted}").format(NO_BREAK=NO_BREAK, adjusted=adjusted)
    is_apart = row.conf_low > 0.0 or row.conf_high < 0.0
    folds = fold_text(row) if is_apart and row.status_at(level) is GainStatus.OPEN else ""
    return listed(part for part in (gain, p_value, folds) if part)


def fold_text(row: GainRow) -> str:
    """Return "folds 3.9% to 7.5%, p = 0.102 over the splits"; empty where a gain has one fold or none."""
    if not math.isfinite(row.fold_gain_min) or row.fold_gain_min == row.fold_gain_max:
        return ""
    limits = gettext("folds {fold_gain_min} to {fold_gain_max}").format(
        fold_gain_min=percent(row.fold_gain_min), fold_gain_max=percent(row.fold_gain_max)
    )
    over = p_text(row.p_splits)
    return gettext("{limits}, {over} over the splits").format(limits=limits, over=over) if over else limits


def lowest_error(context: Context, *, protocol: str, mse: float = NAN, next_mse: float = NAN) -> str:
    """Return which estimator has the lowest mean squared error under one protocol; none without a result."""
    if not context.estimator:
        return context.filled("“{protocol}”: no estimator has a result.", protocol=protocol)
    beside = context.filled("; the next lowest is {others}", others=significant(next_mse))
    return context.filled(
        "“{protocol}”: {estimator} ({error}{beside}).",
        protocol=protocol,
        error=significant(mse),
        beside=beside if math.isfinite(next_mse) else "",
    )


def levels_gain_more(context: Context, *, gains: Sequence[Values], reference: str = "") -> str:
    """Return that estimators with levels of entities gain more than all without, where entities are known.

    It is said of the one with the least gain of those with levels: what the others add to it is theirs.

    Parameters
    ----------
    gains : protocol, the gain, and the most that an estimator without levels gains there
    reference : that gains are over where it is another than the study's
    """
    where = [context.filled("“{protocol}” ({gain} against at most {most})", **one) for one in gains]
    return context.filled(
        "{estimator} gains more{over} than every estimator without levels of entities under {where}. "
        "Where an entity is known from training, its own level is worth more than what those "
        "find.",
        over=_over(context, reference),
        where=joined(where),
    )


def folds_disagree(context: Context, *, protocol: str, gains: Sequence[Values], reference: str = "") -> str:
    """Return which gains interval and adjusted p-values speak for, but not the folds one by one."""
    labels = [
        context.filled("{estimator} ({about})", estimator=row.estimator, about=fold_text(row))
        for row in map(gain_of, gains)
    ]
    return context.filled(
        "Over all folds of “{protocol}” together there is a gain{over} for {labels}. More splits would tell.",
        protocol=protocol,
        over=_over(context, reference),
        labels=joined(labels),
    )


def _over(context: Context, reference: str) -> str:
    return context.filled(" over {reference}", reference=reference) if reference else ""


def hopeless_reference(
    context: Context, *, reference: str, protocol: str, nmse: float, rival: str = "", less: float = NAN
) -> str:
    """Return that a reference is no measure for entities never seen, and the best simple rival there.

    Parameters
    ----------
    less : share of the reference's error that the rival's is less
    """
    first = context.filled(
        "{reference} is no measure for entities never seen: under “{protocol}” its mean "
        "squared error is {nmse} times the variance of the outcome.",
        reference=reference,
        protocol=protocol,
        nmse=nmse,
    )
    if not rival:
        return first
    return context.filled(
        "{first} The best simple rival there is {rival}, with {less} less error.",
        first=first,
        rival=rival,
        less=less,
    )
