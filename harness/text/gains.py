"""Sentences on gains: the verdict over a reference, what is known of an estimator, what stands against it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.language import gettext, marked, translated
from harness.record.study import StudyRecord
from harness.tables.gain import GainRow, GainStatus
from harness.tables.preparation import LEAK_CODE
from harness.text.numbers import NO_BREAK, p_text, percent, percent_interval, significant
from harness.text.plain_text import in_turn, joined, listed, shortened

# Most characters of a reason within a sentence; the footnotes of the tables have it whole.
REASON_LENGTH = 160

# Fields of a row, those that are empty left out.
Values = Mapping[str, Any]

# How a warning is said next to a gain, by its code.
WARNED = {
    "W-FEWENTITIES": marked("Few entities: {message}."),
    LEAK_CODE: marked("{message}."),
    "W-SKEW": marked("{message}."),
}


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


def quoted(study: StudyRecord, protocols: Iterable[str], last: Literal["and", "or"] = "and") -> str:
    """Return the protocols' titles in quotation marks, as a list."""
    return joined([f"“{study.protocol_title(protocol)}”" for protocol in protocols], last)


def _labels(study: StudyRecord, found: Iterable[Judgement]) -> str:
    return joined([study.estimator_label(judgement.estimator) for judgement in found])


def headline(study: StudyRecord, *, reference: str, judgements: Sequence[Values], has_gains: bool) -> str:
    """Return the plain verdict on one outcome.

    A gain is called established only where all honest protocols agree on it: those that keep the test rows
    apart from fitting, selecting and preparing. Under each, the interval and the p-values that allow for many
    comparisons have to exclude that there is none.

    Parameters
    ----------
    judgements : fields of `Judgement`, of every estimator but the reference
    has_gains : whether any gain could be computed
    """
    over = study.estimator_label(reference)
    if not has_gains:
        return gettext("No gain over {reference} could be computed.").format(reference=over)
    found = [Judgement(**values) for values in judgements]
    established = [judgement for judgement in found if judgement.is_established]
    if established:
        first = _established(study, established, over)
    elif any(protocol.keeps_test_rows_apart for protocol in study.protocols):
        first = gettext("No gain over {reference} is established for any estimator.").format(reference=over)
    else:
        first = gettext(
            "No gain over {reference} can be established: test rows take part in fitting or "
            "selecting under every protocol of this run."
        ).format(reference=over)
    others = [judgement for judgement in found if not judgement.is_established]
    said = frozenset(established[0].once) if established else frozenset()
    return " ".join(
        [
            first,
            *_partly(study, others),
            *_given(study, others, said=said),
            *_only_inside(study, others),
        ]
    )


def _established(study: StudyRecord, found: Sequence[Judgement], reference: str) -> str:
    honest = [protocol for protocol in study.protocols if protocol.keeps_test_rows_apart]
    once = found[0].once
    where = (
        gettext("every protocol of this run")
        if all(judgement.is_everywhere for judgement in found)
        else gettext("every protocol that keeps test rows apart ({honest})").format(
            honest=quoted(study, (protocol.id for protocol in honest))
        )
    )
    known = (
        gettext(
            ". All of these protocols train on other rows of the tested entities, so it is not known "
            "whether it holds for entities never seen"
        )
        if all(protocol.knows_entities for protocol in honest)
        else ""
    )
    given = gettext(". {once}").format(once=_seen_once(study, once)) if once else ""
    return gettext(
        "A gain over {reference} is established for {labels}: it stands under {where}, the "
        "number of comparisons allowed for{known}{given}."
    ).format(reference=reference, labels=_labels(study, found), where=where, known=known, given=given)


def _seen_once(study: StudyRecord, protocols: Sequence[str]) -> str:
    return gettext(
        "Time was seen once under {protocols}: the interval is one given the periods tested"
    ).format(protocols=quoted(study, protocols))


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
        without = (
            gettext("; there is no result under {missing}").format(missing=quoted(study, missing, "or"))
            if missing
            else ""
        )
        why = (
            gettext(", where the tested entities are not known from training")
            if lost and known.isdisjoint(lost)
            else ""
        )
        yield gettext("For {labels} a gain stands under {won}{but}{why}{without}.").format(
            labels=_labels(study, group), won=quoted(study, won or once), but=but, why=why, without=without
        )


def _given(study: StudyRecord, found: Sequence[Judgement], *, said: frozenset[str]) -> Iterator[str]:
    """Yield under which further protocols a gain is one given the few periods tested, once.

    Parameters
    ----------
    said : protocols of which it was said already
    """
    once = dict.fromkeys(
        protocol for judgement in found for protocol in judgement.once if protocol not in said
    )
    if once:
        yield gettext("{sentence}.").format(sentence=_seen_once(study, tuple(once)))


def _only_inside(study: StudyRecord, found: Sequence[Judgement]) -> Iterator[str]:
    """Yield which estimators gain only where test rows take part."""
    same: dict[tuple[str, ...], list[Judgement]] = {}
    for judgement in found:
        if judgement.won_inside and not judgement.won and not judgement.once:
            same.setdefault(tuple(judgement.won_inside), []).append(judgement)
    for protocols, group in same.items():
        yield gettext(
            "For {labels} a gain stands only where test rows take part in fitting or selecting, "
            "under {protocols}."
        ).format(labels=_labels(study, group), protocols=quoted(study, protocols))


def gain_of(values: Values) -> GainRow:
    """Return the row of a gain from those of its fields that are not empty."""
    cell = dict.fromkeys(("outcome", "estimator", "reference", "protocol", "sample", "reason"), "")
    return GainRow(**{**cell, "status": "ok", **values})


def estimator_verdict(study: StudyRecord, *, reference: str, estimator: str, gains: Sequence[Values]) -> str:
    """Return what is known of one estimator under every protocol, in a sentence.

    Parameters
    ----------
    gains : at least one; fields of the rows of one estimator for one outcome
    """
    over = study.estimator_label(reference)
    rows = [gain_of(values) for values in gains]
    words = (
        (GainStatus.BETTER, gettext("better than {reference} under").format(reference=over)),
        (
            GainStatus.BETTER_ONCE,
            gettext("better than {reference}, given the few periods tested, under").format(reference=over),
        ),
        (GainStatus.WORSE, gettext("worse than {reference} under").format(reference=over)),
        (GainStatus.OPEN, gettext("not established to differ under")),
    )
    parts = []
    for status, under in words:
        named = [
            _told(study, row, gain_text(row, level=study.level))
            for row in rows
            if row.status_at(study.level) is status
        ]
        if named:
            parts.append(gettext("{words} {protocols}").format(words=under, protocols=joined(named)))
    missing = [
        _told(study, row, shortened(translated(row.reason), REASON_LENGTH))
        for row in rows
        if row.status_at(study.level) is GainStatus.MISSING
    ]
    if missing:
        parts.append(gettext("no result under {named}").format(named=joined(missing)))
    return gettext("{subject}: {said}.").format(subject=study.estimator_label(estimator), said=in_turn(parts))


def _told(study: StudyRecord, row: GainRow, what: str) -> str:
    return gettext("“{title}” ({what})").format(title=study.protocol_title(row.protocol), what=what)


def gain_text(row: GainRow, *, level: float) -> str:
    """Return "57.2% [50.1, 63.0], adjusted p = 0.012"; its own p-value where there is no adjusted one.

    Where the interval excludes zero and the gain is not established all the same, the folds follow: without
    them the numbers would speak for what the sentence denies.
    """
    gain = f"{percent(row.gain)} {percent_interval(row.conf_low, row.conf_high)}".strip()
    adjusted = p_text(row.p_adjusted)
    p_value = (
        gettext("adjusted{NO_BREAK}{adjusted}").format(NO_BREAK=NO_BREAK, adjusted=adjusted)
        if adjusted
        else p_text(row.p_value)
    )
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


def lowest_error(
    study: StudyRecord,
    *,
    protocol: str,
    estimator: str = "",
    mse: float = math.nan,
    next_mse: float = math.nan,
) -> str:
    """Return which estimator has the lowest mean squared error under one protocol; none without a result."""
    title = study.protocol_title(protocol)
    if not estimator:
        return gettext("“{title}”: no estimator has a result.").format(title=title)
    beside = (
        gettext("; the next lowest is {others}").format(others=significant(next_mse))
        if math.isfinite(next_mse)
        else ""
    )
    return gettext("“{title}”: {label} ({error}{beside}).").format(
        title=title, label=study.estimator_label(estimator), error=significant(mse), beside=beside
    )


def levels_gain_more(
    study: StudyRecord, *, estimator: str, gains: Sequence[Values], reference: str = ""
) -> str:
    """Return that estimators with levels of entities gain more than all without, where entities are known.

    Parameters
    ----------
    estimator : with the least gain of those with levels: what the others add to it is theirs
    gains : protocol, the gain, and the most that an estimator without levels gains there
    reference : that gains are over where it is another than the study's
    """
    where = [
        gettext("“{title}” ({what})").format(
            title=study.protocol_title(one["protocol"]),
            what=gettext("{gain} against at most {most}").format(
                gain=percent(one["gain"]), most=percent(one["most"])
            ),
        )
        for one in gains
    ]
    return gettext(
        "{label} gains more{over} than every estimator without levels of entities under {where}. "
        "Where an entity is known from training, its own level is worth more than what those "
        "find."
    ).format(label=study.estimator_label(estimator), over=_over(study, reference), where=joined(where))


def folds_disagree(study: StudyRecord, *, protocol: str, gains: Sequence[Values], reference: str = "") -> str:
    """Return which gains interval and adjusted p-values speak for, but not the folds one by one."""
    labels = [
        gettext("{label} ({about})").format(label=study.estimator_label(row.estimator), about=fold_text(row))
        for row in map(gain_of, gains)
    ]
    return gettext(
        "Over all folds of “{title}” together there is a gain{over} for {labels}. More splits would tell."
    ).format(title=study.protocol_title(protocol), over=_over(study, reference), labels=joined(labels))


def _over(study: StudyRecord, reference: str) -> str:
    if not reference:
        return ""
    return gettext(" over {reference}").format(reference=study.estimator_label(reference))


def time_seen_once(study: StudyRecord, *, protocols: Sequence[str]) -> str:
    """Return that the intervals of gains are given the periods tested."""
    return gettext("Time was seen once under {titles}: the interval is one given the periods tested.").format(
        titles=quoted(study, protocols)
    )


def warned(_study: StudyRecord, *, about: str, message: str) -> str:
    """Return a warning that bears on gains."""
    return gettext(WARNED[about]).format(message=translated(message))


def unseen_levels(study: StudyRecord, *, estimator: str, protocol: str, message: str) -> str:
    """Return how many levels an estimator predicts without having seen them."""
    return gettext("{label} under “{title}”: {message}.").format(
        label=study.estimator_label(estimator),
        title=study.protocol_title(protocol),
        message=translated(message),
    )


def hopeless_reference(
    study: StudyRecord, *, reference: str, protocol: str, nmse: float, rival: str = "", less: float = math.nan
) -> str:
    """Return that a reference is no measure for entities never seen, and the best simple rival there.

    Parameters
    ----------
    less : share of the reference's error that the rival's is less
    """
    first = gettext(
        "{reference_label} is no measure for entities never seen: under “{title}” its mean "
        "squared error is {nmse} times the variance of the outcome."
    ).format(
        reference_label=study.estimator_label(reference),
        title=study.protocol_title(protocol),
        nmse=significant(nmse, 3),
    )
    if not rival:
        return first
    return gettext("{first} The best simple rival there is {label}, with {mse} less error.").format(
        first=first, label=study.estimator_label(rival), mse=percent(less)
    )


def nickell(study: StudyRecord, *, lagged: Sequence[str], n_periods: int) -> str:
    """Return what effects of entities do next to a lagged outcome (Nickell 1981)."""
    return gettext(
        "{lagged} is the outcome of an earlier period: beside effects of {entity} its "
        "coefficient is biased by about 1/T, with {n_periods} periods (Nickell 1981), and those "
        "of regressors that go with it."
    ).format(lagged=joined(lagged), entity=study.entity, n_periods=n_periods)
