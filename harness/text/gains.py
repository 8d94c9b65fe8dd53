"""Sentences on gains: the verdict over a reference, what is known of an estimator, what stands against it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from harness.findings.rules import caution, choice, gain, gain_caveat, lowest_error, recognition, within
from harness.findings.sentence import Estimate
from harness.language import marked, npgettext, rendered, spaced, topic
from harness.record.manifest import StudyRecord
from harness.tables.decision import ABOVE, BELOW, CONDITIONAL, NEGLIGIBLE, OPEN, UNTESTED, Decision
from harness.tables.gain import GainRow
from harness.text.numbers import NO_BREAK, fixed, p_text, percent, percent_interval, significant
from harness.text.plain_text import in_turn, joined, listed, shortened
from harness.text.render import Context, Texts, entity_word

gettext = topic("text.gains")


# Most characters of a reason within a sentence; the footnotes of the tables have it whole.
REASON_LENGTH = 160

# Whom a gain is for, by whether training knows the tested entities, and which periods are tested.
FOR: Mapping[tuple[bool, str], str] = {
    (False, "known"): marked("For {entities} not used in training"),
    (True, "later"): marked("For later periods of the same {entities}"),
    (False, "later"): marked("For later periods of {entities} not used in training"),
    (True, "other"): marked("For other periods of the same {entities}"),
    (False, "other"): marked("For other periods of {entities} not used in training"),
    (True, "known"): marked("For other rows of the same {entities}"),
}

NICKELL = marked(
    "{lagged} is the outcome of an earlier period: next to fixed effects of {entity} its coefficient is "
    "biased by about 1/T (T = {n_periods}; Nickell 1981), and so are those of correlated regressors."
)

VERDICTS: Mapping[str, str] = {
    "better": marked(
        "{where}, {estimator} reduces the mean squared error of {reference} by {reduction}{more}.{found}"
    ),
    "better_here": marked(
        "{where}, the mean squared error of {estimator} is below that of {reference} by {reduction}, "
        "significant but not robust.{found}"
    ),
    "chance": marked(
        "{where}, no estimator predicts significantly better than {reference}. The largest gain, "
        "{reduction} by {estimator}, could be chance{among}.{found}"
    ),
    "chance_in_periods": marked(
        "{where}, the largest gain over {reference}, {reduction} by {estimator}, could be chance."
    ),
    "none_that_matters": marked(
        "{where}, no estimator predicts better than {reference} by more than {least}: the largest gain "
        "is {reduction} by {estimator}."
    ),
    "alone": marked(
        "{where}, {estimator} predicts no better than {reference}: its mean squared error {change}."
    ),
    "all_worse": marked(
        "{where}, every other estimator predicts significantly worse than {reference}: the closest is "
        "{estimator}, whose mean squared error {change}."
    ),
    "none_better": marked(
        "{where}, no estimator predicts better than {reference}: the closest is {estimator}, whose mean "
        "squared error {change}."
    ),
    "none_computed": marked("No gain over {reference} could be computed."),
    "none_out_of_sample": marked(
        "Test rows take part in fitting or selecting under every protocol: no gain over {reference} is "
        "out of sample."
    ),
}

# What a verdict is that states a direction where that is not established.
NOT_ESTABLISHED = {"better": "better_here", "all_worse": "none_better"}

# What is said of an estimator, by decision, in this order.
STANDINGS: Mapping[str, str] = {
    ABOVE: marked("better than {reference} under {protocols}"),
    CONDITIONAL: marked("better than {reference}, conditional on the few periods tested, under {protocols}"),
    BELOW: marked("worse than {reference} under {protocols}"),
    NEGLIGIBLE: marked("not better than {reference} by more than {least} under {protocols}"),
    OPEN: marked("not significantly different under {protocols}"),
    UNTESTED: marked("no result under {protocols}"),
}


def verdict(context: Context, one: gain.GainVerdict) -> str:
    """Return the plain verdict on one outcome under one protocol."""
    study = context.study
    protocol = next((entry for entry in study.protocols if entry.id == one.protocol), None)
    where = FOR[protocol.knows_entities, protocol.tested_periods] if protocol is not None else ""
    increase = Estimate(-one.gain.value, -one.gain.high, -one.gain.low)
    larger = context.filled("is larger by {increase}", increase=_reduction(context, increase))
    words = npgettext("text.gains", "; {n} more reduces it, too", "; {n} more reduce it, too", one.n_more)
    among = context.filled(" among {n} comparisons", n=one.n_comparisons)
    variant = one.variant if context.is_established else NOT_ESTABLISHED.get(one.variant, one.variant)
    return context.worded(
        VERDICTS[variant],
        one,
        where=context.filled(where),
        reduction=_reduction(context, one.gain),
        least=percent(study.least_gain, 0),
        found=_detectable(one),
        more=words.format(n=one.n_more) if one.n_more else "",
        among=among if one.n_comparisons else "",
        change=gettext("is the same") if one.is_equal else larger,
    )


def _reduction(context: Context, estimate: Estimate) -> str:
    """Return "26% (95% CI 4 to 41)", with a decimal where a number would else lose its sign.

    A gain is at most one: an interval that is cut off there says too little.
    """
    value, low, high = estimate
    if not math.isfinite(low + high):
        return gettext("{gain} (its interval has no bound)").format(gain=percent(value, 0))
    if -1.0 in (low, -high):
        return context.filled("{gain} (too few {entities} for an interval)", gain=percent(value, 0))
    decimals = 0 if min(map(abs, estimate)) >= 0.005 else 1
    return gettext("{gain} ({level} CI {low} to {high})").format(
        gain=percent(value, decimals),
        level=percent(context.study.level, 0),
        low=fixed(100.0 * low, decimals),
        high=fixed(100.0 * high, decimals),
    )


def _detectable(one: gain.GainVerdict) -> str:
    if not math.isfinite(one.least_detectable):
        return ""
    if one.least_detectable >= 1.0:
        return gettext(" No gain had an 80% chance of being found.")
    least = gettext(" A gain of {size} had an 80% chance of being found.")
    return least.format(size=percent(one.least_detectable, 0))


def estimator_verdict(context: Context, one: gain.EstimatorVerdict) -> str:
    """Return what is known of one estimator under every protocol, in a sentence."""
    study = context.study
    named: dict[str, list[str]] = {decision: [] for decision in STANDINGS}
    for under in one.gains:
        is_missing = under.decision == UNTESTED
        what = shortened(rendered(under.reason), REASON_LENGTH) if is_missing else gain_text(under)
        named[under.decision].append(context.worded("“{protocol}” ({what})", under, what=what))
    parts = [
        context.worded(words, one, protocols=joined(named[decision]), least=percent(study.least_gain, 0))
        for decision, words in STANDINGS.items()
        if named[decision]
    ]
    return context.filled("{estimator}: {said}.", said=in_turn(parts))


def gain_text(one: gain.GainUnder) -> str:
    """Return "57.2% [50.1, 63.0], adjusted p = 0.012"; its own p-value where there is no adjusted one.

    Where the losses are equal, that is said.
    """
    if one.gain == (0.0, 0.0, 0.0):
        return gettext("equal errors")
    number = f"{percent(one.gain.value)} {limits(one.gain.low, one.gain.high)}"
    return listed(part for part in (number, _adjusted(one.p_adjusted) or p_text(one.p_value)) if part)


def _adjusted(p_adjusted: float) -> str:
    """Return "adjusted p = 0.012"; empty without a p-value."""
    words = p_text(p_adjusted)
    return gettext("adjusted{NO_BREAK}{adjusted}").format(NO_BREAK=NO_BREAK, adjusted=words) if words else ""


def lowest_error_text(context: Context, one: lowest_error.LowestError) -> str:
    """Return which estimator has the lowest mean squared error under one protocol; none without a result."""
    if not one.estimator:
        return context.worded("“{protocol}”: no estimator has a result.", one)
    next_lowest = context.filled("; the next lowest is {others}", others=significant(one.next_mse))
    return context.worded(
        "“{protocol}”: {estimator} ({error}{beside}).",
        one,
        error=significant(one.mse),
        beside=next_lowest if math.isfinite(one.next_mse) else "",
    )


def lowest_errors(context: Context, one: lowest_error.LowestErrors) -> str:
    """Return which estimators have the lowest error for entities used in training, and for others."""
    below = marked("{estimator}, {less} below {reference}")
    texts = {
        name: context.worded(
            below, one, estimator=context.study.estimator_label(estimator), less=percent(less, 0)
        )
        if estimator != one.reference
        else context.study.estimator_label(estimator)
        for name, estimator, less in (
            ("known", one.known, one.known_less),
            ("unseen", one.unseen, one.unseen_less),
        )
    }
    text = marked(
        "Lowest error for the same {entities}: {known}; for {entities} not used in training: {unseen}."
    )
    if one.known == one.unseen == one.reference:
        text = marked("Lowest error for the same {entities} and for those not used in training: {known}.")
    return context.worded(text, one, **texts)


def recognised(context: Context, one: recognition.Recognised) -> str:
    """Return a gain for entities that an estimator has seen, and what of it remains for others."""
    others = percent(one.gain_new, 0) if one.gain_new >= gain.LEAST_SHOWN else gettext("none")
    return context.worded(
        "{estimator} gains {gain} over {reference} for {entities} it has seen, {others} for others.",
        one,
        others=others,
    )


def levels_gain_more(context: Context, one: gain_caveat.LevelsGainMore) -> str:
    """Return that estimators with fixed effects gain more than all without, where entities are known.

    It is said of the one with the least gain of those with fixed effects: what others add to it is theirs.
    """
    where = [context.worded("“{protocol}” ({gain} against at most {most})", each) for each in one.gains]
    return context.worded(
        "{estimator} gains more{over} than every estimator without fixed effects under {where}: knowing the "
        "{entity_label} is worth more than any functional form.",
        one,
        over=context.worded(" over {reference}", one) if one.reference else "",
        where=joined(where),
        entity_label=entity_word(context.study),
    )


def hopeless_reference(context: Context, one: gain_caveat.HopelessReference) -> str:
    """Return that a reference predicts badly for entities not used in training, and the best simple rival."""
    first = context.worded(
        "{reference} is a weak reference for {entities} not used in training: under “{protocol}” its mean "
        "squared error is {nmse} times the variance of the outcome.",
        one,
    )
    if not one.rival:
        return first
    return context.worded(
        "{first} The best simple rival is {rival}, with {less} less error.", one, first=first
    )


def warned(context: Context, one: gain_caveat.Warned) -> str:
    """Return a warning that bears on gains."""
    words = marked("Few entities: {message}.") if one.about == "W-FEWENTITIES" else marked("{message}.")
    return context.worded(words, one)


def few_periods(context: Context, one: caution.FewPeriods) -> str:
    """Return that a protocol tests few periods."""
    return context.worded(
        "“{protocol}” tests {periods} alone: its intervals are conditional on these periods, and there is no "
        "p-value.",
        one,
        periods=joined(one.periods) or gettext("few periods"),
    )


def as_registered(context: Context, one: caution.AsRegistered) -> str:
    """Return whether what ran is what was registered, and what differs."""
    when = {"time": f"{one.registered[:16].replace('T', ' ')} UTC"}
    if not isinstance(one, caution.NotAsRegistered):
        return context.worded("What ran is what was registered on {time}.", one, **when)
    text = npgettext(
        "text.gains",
        "{n_parts} part differs from what was registered on {time}: {names}.",
        "{n_parts} parts differ from what was registered on {time}: {names}.",
        one.n_parts,
    )
    names = [*one.parts, *["…"] * (one.n_parts > len(one.parts))]
    return text.format(**when, n_parts=one.n_parts, names=", ".join(names))


def printed_contradict(context: Context, one: caution.PrintedContradict) -> str:
    """Return in what printed numbers disagree with each other."""
    clauses = (
        (marked("the printed gain in {names} does not follow from the printed errors"), one.gains),
        (marked("the printed medians of {names} cannot all come from one fit"), one.medians),
        (marked("the printed values of {names} and the medians cannot be in the same units"), one.moderators),
    )
    parts = [
        context.filled(words, names=joined([context.study.label(name) for name in names]))
        for words, names in clauses
        if names
    ]
    return context.filled("The printed numbers disagree with each other: {parts}.", parts=in_turn(parts))


TEXTS: Texts = {
    gain.GainVerdict: verdict,
    gain.EstimatorVerdict: estimator_verdict,
    lowest_error.LowestError: lowest_error_text,
    lowest_error.LowestErrors: lowest_errors,
    choice.ChosenCandidate: marked(
        "{estimator} is {candidate} in {n_chosen} of {n_folds} folds of “{protocol}”."
    ),
    recognition.Recognised: recognised,
    gain_caveat.LevelsGainMore: levels_gain_more,
    gain_caveat.HopelessReference: hopeless_reference,
    gain_caveat.BaseRate: marked(
        "Among {n_studies} public studies of about this shape, a network predicted significantly better than "
        "the best simple rival for new entities in {n_new}, for the same entities in {n_same}."
    ),
    gain_caveat.Warned: warned,
    gain.OnlyEstimator: marked("{estimator} is the only estimator: nothing is compared."),
    gain.ProtocolsDiffer: marked("It does not hold under {protocols}."),
    gain_caveat.TimeSeenOnce: marked(
        "Fewer than five test periods under {protocols}: the interval is conditional on them, and there is "
        "no p-value."
    ),
    gain_caveat.UnseenLevels: marked("{estimator} under “{protocol}”: {message}."),
    within.Nickell: NICKELL,
    caution.AsRegistered: as_registered,
    caution.NotAsRegistered: as_registered,
    caution.LeakedOutcome: marked("{message}."),
    caution.Skewed: marked("{message}."),
    caution.LostRows: lambda _, one: rendered(one.message),
    caution.UnitRoots: marked(
        "No test rejects unit roots of {outcome} ({p_outcome}) and {exposure} ({p_exposure}): regressions of "
        "levels may find what is not there; compare first differences."
    ),
    caution.NoResult: marked("{estimator} has no result: {reason}."),
    caution.SelectedOnTestRows: marked(
        "Under “{protocol}”, the protocol of the printed gains, test rows took part in selecting the models."
    ),
    caution.PrintedContradict: printed_contradict,
    caution.PrintedContradictIf: marked(
        "Some printed numbers contradict each other under assumptions that “Published numbers” names."
    ),
    caution.ClaimsJudged: marked(
        "Of {n_true} printed statements that are true of these simulated data, the methods as published find "
        "{n_found}; they also find {n_invented} that are not there. {n_unjudged} printed results cannot be "
        "judged."
    ),
    caution.CounterpartsJudged: marked(
        "The corrected methods find {n_found} of {n_true}, and {n_invented} that are not there; "
        "{n_unjudged} cannot be judged."
    ),
    caution.FewPeriods: few_periods,
    caution.FewEntitiesInAll: marked("With {n_entities} {entities} intervals are rough."),
}

LABELS: Texts = {}


# What was decided on a gain.
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


def gain_cell(row: GainRow) -> str:
    """Return "57.2%", "reference", or the status of a row without a gain."""
    if row.is_reference and row.is_done:
        return rendered(REFERENCE)
    return percent(row.gain) if row.has_gain else rendered(row.status)


def limits_text(row: GainRow) -> str:
    """Return the interval of a gain, "[50.1, 63.0]", or the reference's error."""
    if row.is_reference and row.is_done:
        return f"MSE {significant(row.mse)}"
    return limits(row.conf_low, row.conf_high) if row.has_gain else ""


def limits(low: float, high: float) -> str:
    """Return "[50.1, 63.0]"; in words where there is no bound, or all the error may be gained or lost.

    A gain is at most one: an interval from a loss to there was cut off.
    """
    if not math.isfinite(low + high):
        return gettext("[no bound]")
    return gettext("[too few entities]") if low < 0.0 and high >= 1.0 else percent_interval(low, high)


def pair_lines(study: StudyRecord, rows: Sequence[GainRow]) -> Iterator[str]:
    """Yield what is compared, then a line for each gain of one estimator over another."""
    yield gettext("Gain of {estimator} over {reference}, {level} intervals clustered by {entity}").format(
        estimator=study.estimator_label(rows[0].estimator),
        reference=study.estimator_label(rows[0].reference),
        level=percent(study.level, 0),
        entity=entity_word(study),
    )
    for row in rows:
        where = listed((study.label(row.outcome), study.protocol_title(row.protocol)))
        yield spaced(gettext("{where}: {what}").format(where=where, what=pair_text(row)))


def pair_text(row: GainRow) -> str:
    """Return "57.2% [50.1, 63.0], p = 0.004, adjusted p = 0.012, better", or why there is no gain."""
    if not row.has_gain:
        return listed(map(rendered, filter(None, (row.status, row.reason))))
    number = f"{percent(row.gain)} {limits_text(row)}"
    parts = (number, p_text(row.p_value), _adjusted(row.p_holm), rendered(WORDS[row.decision]))
    return listed(part for part in parts if part)
