"""Sentences on gains: the verdict over a reference, what is known of an estimator, what stands against it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness.language import marked, npgettext, rendered, topic
from harness.record.manifest import ProtocolRecord
from harness.tables.decision import ABOVE, BELOW, CONDITIONAL, NEGLIGIBLE, OPEN, UNTESTED, Decision
from harness.tables.gain import GIVEN_PERIODS, GainRow
from harness.tables.table import NAN
from harness.text.context import Context, Estimate
from harness.text.numbers import NO_BREAK, fixed, p_text, percent, percent_interval, significant
from harness.text.plain_text import in_turn, joined, listed, shortened

gettext = topic("text.gains")


# Most characters of a reason within a sentence; the footnotes of the tables have it whole.
REASON_LENGTH = 160

# Fields of a row, those that are empty left out.
Values = Mapping[str, Any]


# Whom a gain is for, by whether training knows the tested entities, and which periods are tested.
FOR: Mapping[tuple[bool, str], str] = {
    (False, "known"): marked("For {entities} not used in training"),
    (True, "later"): marked("For later periods of the same {entities}"),
    (False, "later"): marked("For later periods of {entities} not used in training"),
    (True, "other"): marked("For other periods of the same {entities}"),
    (False, "other"): marked("For other periods of {entities} not used in training"),
    (True, "known"): marked("For other rows of the same {entities}"),
}

# A gain that is less in size rounds to nothing: errors are the same.
LEAST_SHOWN = 0.0005

# What was decided on a gain, in words and as a mark.
WORDS: Mapping[Decision, str] = {
    ABOVE: marked("better"),
    CONDITIONAL: marked("better, conditional on these periods"),
    NEGLIGIBLE: marked("not better by more than the least gain that matters"),
    BELOW: marked("worse"),
    OPEN: marked("cannot tell"),
    UNTESTED: marked("no result"),
}
SYMBOLS: Mapping[Decision, str] = {
    ABOVE: "▲",
    CONDITIONAL: "△",
    NEGLIGIBLE: "●",
    BELOW: "▼",
    OPEN: "○",
    UNTESTED: "",
}

# What stands for the gain of the reference itself.
REFERENCE = marked("reference")

# Decisions on a gain that is one.
GAINED = frozenset({ABOVE, CONDITIONAL})


def headline(context: Context, *, reference: str, gains: Sequence[Values]) -> str:
    """Return the plain verdict on one outcome: for each protocol that keeps test rows apart, who is better.

    Parameters
    ----------
    gains : fields of the rows of every estimator but the reference, under every protocol
    """
    rows = [row for row in map(gain_of, gains) if math.isfinite(row.gain)]
    if not rows:
        return context.filled("No gain over {reference} could be computed.", reference=reference)
    honest = [protocol for protocol in context.study.protocols if protocol.keeps_test_rows_apart]
    if not honest:
        return context.filled(
            "Test rows take part in fitting or selecting under every protocol: no gain over {reference} is "
            "out of sample.",
            reference=reference,
        )
    under = ((protocol, [row for row in rows if row.protocol == protocol.id]) for protocol in honest)
    return " ".join(_verdict_under(context, protocol, own, reference) for protocol, own in under if own)


def _verdict_under(
    context: Context, protocol: ProtocolRecord, rows: Sequence[GainRow], reference: str
) -> str:
    """Return who is better under one protocol, or the largest gain and what could have been found.

    Where no error is less than that of the reference it is said by how much the least of them exceeds that.
    """
    study = context.study
    ordered = sorted(rows, key=lambda row: -row.gain)
    decisions = [row.decision for row in ordered]
    better = [row for row in ordered if row.decision in GAINED]
    is_once, first = ordered[0].inference == GIVEN_PERIODS, (better or ordered)[0]
    given: dict[str, object] = {
        "where": context.filled(FOR[protocol.knows_entities, protocol.tested_periods]),
        "reference": reference,
        "estimator": first.estimator,
        "reduction": _reduction((first.gain, first.conf_low, first.conf_high), study.level),
        "least": percent(study.least_gain, 0),
        "found": "" if is_once else _detectable(first),
    }
    if better:
        words = npgettext(
            "text.gains", "; {n} more reduces it, too", "; {n} more reduce it, too", len(better) - 1
        )
        more = words.format(n=len(better) - 1) if better[1:] else ""
        # Few periods leave no p-value: it is one of the notes on the run.
        return context.filled(
            "{where}, {estimator} reduces the mean squared error of {reference} by {reduction}{more}.{found}",
            more=more,
            **given,
        )
    if first.gain < LEAST_SHOWN:
        return _all_behind(context, first, decisions, given)
    if is_once:
        return context.filled(
            "{where}, the largest gain over {reference}, {reduction} by {estimator}, could be chance.",
            **given,
        )
    if OPEN not in decisions:
        return context.filled(
            "{where}, no estimator predicts better than {reference} by more than {least}: the largest gain "
            "is {reduction} by {estimator}.",
            **given,
        )
    among = context.filled(" among {n} comparisons", n=len(rows)) if first.conf_low > 0.0 else ""
    return context.filled(
        "{where}, no estimator predicts significantly better than {reference}. The largest gain, "
        "{reduction} by {estimator}, could be chance{among}.{found}",
        among=among,
        **given,
    )


def _all_behind(
    context: Context, first: GainRow, decisions: Sequence[Decision], given: Mapping[str, object]
) -> str:
    """Return that no estimator has a lower error than the reference, and how far the closest is from it."""
    n_others, is_equal = len(context.study.estimators) - 1, abs(first.gain) < LEAST_SHOWN
    increase = _reduction((-first.gain, -first.conf_high, -first.conf_low), context.study.level)
    larger = context.filled("is larger by {increase}", increase=increase)
    change = gettext("is the same") if is_equal else larger
    if n_others == 1:
        words = marked(
            "{where}, {estimator} predicts no better than {reference}: its mean squared error {change}."
        )
    elif decisions.count(BELOW) == n_others:
        words = marked(
            "{where}, every other estimator predicts significantly worse than {reference}: the closest is "
            "{estimator}, whose mean squared error {change}."
        )
    else:
        words = marked(
            "{where}, no estimator predicts better than {reference}: the closest is {estimator}, whose mean "
            "squared error {change}."
        )
    return context.filled(words, change=change, **given)


def _reduction(estimate: Estimate, level: float) -> str:
    """Return "26% (95% CI 4 to 41)", with a decimal where a number would else lose its sign."""
    value, low, high = estimate
    if not math.isfinite(low + high):
        return gettext("{gain} (its interval has no bound)").format(gain=percent(value, 0))
    decimals = 0 if min(map(abs, estimate)) >= 0.005 else 1
    return gettext("{gain} ({level} CI {low} to {high})").format(
        gain=percent(value, decimals),
        level=percent(level, 0),
        low=fixed(100.0 * low, decimals),
        high=fixed(100.0 * high, decimals),
    )


def _detectable(row: GainRow) -> str:
    if not math.isfinite(row.least_detectable):
        return ""
    least = gettext(" This study could have detected {size}.")
    return least.format(size=percent(row.least_detectable, 0))


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
    study = context.study
    under: Mapping[Decision, str] = {
        ABOVE: marked("better than {reference} under {protocols}"),
        CONDITIONAL: marked(
            "better than {reference}, conditional on the few periods tested, under {protocols}"
        ),
        BELOW: marked("worse than {reference} under {protocols}"),
        NEGLIGIBLE: marked("not better than {reference} by more than {least} under {protocols}"),
        OPEN: marked("not significantly different under {protocols}"),
        UNTESTED: marked("no result under {protocols}"),
    }
    named: dict[Decision, list[str]] = {decision: [] for decision in under}
    for row in map(gain_of, gains):
        is_missing = row.decision == UNTESTED
        what = shortened(rendered(row.reason), REASON_LENGTH) if is_missing else gain_text(row)
        named[row.decision].append(context.filled("“{protocol}” ({what})", protocol=row.protocol, what=what))
    parts = [
        rendered(words).format(
            reference=study.estimator_label(reference),
            protocols=joined(named[decision]),
            least=percent(study.least_gain, 0),
        )
        for decision, words in under.items()
        if named[decision]
    ]
    return context.filled("{estimator}: {said}.", said=in_turn(parts))


def gain_text(row: GainRow) -> str:
    """Return "57.2% [50.1, 63.0], adjusted p = 0.012"; its own p-value where there is no adjusted one."""
    gain = f"{percent(row.gain)} {percent_interval(row.conf_low, row.conf_high)}".strip()
    p_value = p_text(row.p_value)
    if adjusted := p_text(row.p_holm):
        p_value = gettext("adjusted{NO_BREAK}{adjusted}").format(NO_BREAK=NO_BREAK, adjusted=adjusted)
    return listed(part for part in (gain, p_value) if part)


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
    """Return that estimators with fixed effects gain more than all without, where entities are known.

    It is said of the one with the least gain of those with fixed effects: what others add to it is theirs.

    Parameters
    ----------
    gains : protocol, the gain, and the most that an estimator without fixed effects gains there
    reference : that gains are over where it is another than the study's
    """
    where = [context.filled("“{protocol}” ({gain} against at most {most})", **one) for one in gains]
    return context.filled(
        "{estimator} gains more{over} than every estimator without fixed effects under {where}: knowing the "
        "{entity_label} is worth more than any functional form.",
        over=context.filled(" over {reference}", reference=reference) if reference else "",
        where=joined(where),
        entity_label=context.study.label(context.study.entity),
    )


def hopeless_reference(
    context: Context, *, reference: str, protocol: str, nmse: float, rival: str = "", less: float = NAN
) -> str:
    """Return that a reference predicts badly for entities not used in training, and the best simple rival.

    Parameters
    ----------
    less : share of the reference's error that the rival's is less
    """
    first = context.filled(
        "{reference} is a weak reference for {entities} not used in training: under “{protocol}” its mean "
        "squared error is {nmse} times the variance of the outcome.",
        reference=reference,
        protocol=protocol,
        nmse=nmse,
    )
    if not rival:
        return first
    return context.filled(
        "{first} The best simple rival is {rival}, with {less} less error.",
        first=first,
        rival=rival,
        less=less,
    )
