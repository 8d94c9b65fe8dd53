"""Sentences on effects: slopes and turns of curves, debiased effects, groups, contrasts and moderators."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from harness.language import gettext, marked, translated
from harness.record.study import StudyRecord
from harness.text.numbers import (
    effect_in_units,
    fixed,
    in_unit,
    is_outside,
    p_text,
    percent,
    plain,
    significant,
    with_interval,
)
from harness.text.plain_text import joined, listed, ranged

# First and last point of a stretch of a grid, one point where they are alike.
Stretch = tuple[float, float]

# A number with the limits of its interval.
Estimate = tuple[float, float, float]

# Kind of a turning point or threshold that says there is none.
NONE = "none"

# Forms in the outcome's unit per unit of the exposure; the others are changes of the outcome.
PER_UNIT = ("line", "derivative", "conditional")


def stretches(found: Sequence[Stretch]) -> str:
    """Return stretches of a grid in words: ``from 2 to 5 and at 9``."""
    return joined(
        [
            gettext("at {first}").format(first=plain(first))
            if first == last
            else gettext("from {first} to {last}").format(first=plain(first), last=plain(last))
            for first, last in found
        ]
    )


def _sides(sides: Sequence[tuple[str, Sequence[Stretch]]], unit: str = "") -> list[str]:
    """Return each side that holds anywhere, with its stretches."""
    return [words.format(stretches=in_unit(stretches(found), unit)) for words, found in sides if found]


def _open(*, is_established: bool) -> str:
    return "" if is_established else gettext("; it is not established")


def _curve(study: StudyRecord, estimator: str, scenario: str) -> str:
    """Return whose curve it is, and over what where that is not the study's exposure."""
    exposure = study.exposure_of(scenario)
    over = (
        "" if exposure == study.exposure else gettext(" of {exposure}").format(exposure=study.label(exposure))
    )
    return gettext("{estimator}, net effect curve{over}").format(
        estimator=study.estimator_label(estimator), over=over
    )


def curve_effect(
    study: StudyRecord,
    *,
    outcome: str,
    estimator: str,
    scenario: str,
    rises: Sequence[Stretch],
    falls: Sequence[Stretch],
    at: float,
    slope: Estimate,
) -> str:
    """Return where a curve rises and falls, and the slope that is clearest."""
    exposure = study.exposure_of(scenario)
    unit = study.unit(exposure)
    signs = _sides(((gettext("rises {stretches}"), rises), (gettext("falls {stretches}"), falls)), unit)
    number = effect_in_units(study, with_interval(*slope), outcome=outcome, exposure=exposure)
    clearest = gettext("slope {estimate} at {at}").format(
        estimate=number, at=in_unit(plain(at), "" if signs else unit)
    )
    if signs:
        said = gettext("it {signs}; {slope}").format(signs=listed(signs), slope=clearest)
    elif any(slope):
        said = gettext("no slope is told from zero, all places taken together; {slope}").format(
            slope=clearest
        )
    else:
        said = gettext("it is flat, in every draw")
    return gettext("{subject}: {said}.").format(subject=_curve(study, estimator, scenario), said=said)


def curve_bend(study: StudyRecord, *, estimator: str, scenario: str, is_bent: bool) -> str:
    """Return whether one slope lies within the band of all slopes."""
    said = gettext("no constant slope lies") if is_bent else gettext("a constant slope lies")
    rest = "" if is_bent else gettext("; that it bends is not established")
    return gettext("{subject}: {said} within the simultaneous band of its slope{rest}.").format(
        subject=_curve(study, estimator, scenario), said=said, rest=rest
    )


def _place(at: Estimate, share_of_draws: float, *, is_established: bool) -> tuple[str, str]:
    """Return the share of draws with a place, and what is not established of it."""
    if not is_established:
        rest = gettext("; it is not established")
    else:
        rest = gettext("; its place is not established") if is_outside(*at) else ""
    return percent(share_of_draws, 0), rest


def turning_point(
    study: StudyRecord,
    *,
    estimator: str,
    scenario: str,
    kind: str,
    at: Estimate = (math.nan,) * 3,
    share_of_draws: float = math.nan,
    is_established: bool = False,
) -> str:
    """Return where a curve turns, or that it does not."""
    label = study.estimator_label(estimator)
    if kind == NONE:
        return gettext("{label}: the curve has no turning point inside the supported range.").format(
            label=label
        )
    share, rest = _place(at, share_of_draws, is_established=is_established)
    return gettext("{label}: the curve has a {kind} at {place}, in {share_of_draws} of draws{said}.").format(
        label=label,
        kind=gettext(kind),
        place=in_unit(with_interval(*at), study.unit(study.exposure_of(scenario))),
        share_of_draws=share,
        said=rest,
    )


def threshold(
    study: StudyRecord,
    *,
    estimator: str,
    moderator: str,
    kind: str,
    at: Estimate = (math.nan,) * 3,
    share_of_draws: float = math.nan,
    is_established: bool = False,
) -> str:
    """Return where an effect changes its sign along a moderator, or that it does not."""
    subject = gettext("{estimator}, effect by {moderator}").format(
        estimator=study.estimator_label(estimator), moderator=study.axis_label(moderator)
    )
    if kind == NONE:
        said = gettext("no threshold is established")
    else:
        share, rest = _place(at, share_of_draws, is_established=is_established)
        said = gettext("its threshold is at {place}, in {share_of_draws} of draws{rest}").format(
            place=with_interval(*at), share_of_draws=share, rest=rest
        )
    return gettext("{subject}: {said}.").format(subject=subject, said=said)


def sign_change(
    study: StudyRecord,
    *,
    estimator: str,
    moderator: str,
    below: Sequence[Stretch],
    above: Sequence[Stretch],
) -> str:
    """Return where an effect along a moderator is below and above zero."""
    told = _sides(((gettext("below zero {stretches}"), below), (gettext("above zero {stretches}"), above)))
    said = (
        gettext("it changes its sign") if below and above else gettext("no change of its sign is established")
    )
    return gettext("{estimator}, effect by {moderator}: {where}; {said}.").format(
        estimator=study.estimator_label(estimator),
        moderator=study.axis_label(moderator),
        where=joined(told) or gettext("nowhere told from zero"),
        said=said,
    )


def contrast(
    study: StudyRecord,
    *,
    outcome: str,
    estimator: str,
    high: str,
    low: str,
    where: str,
    estimate: Estimate,
    is_established: bool,
) -> str:
    """Return what one value of the exposure rather than another changes."""
    values = gettext("{high} rather than {low}").format(high=high, low=low)
    subject = (study.estimator_label(estimator), f"{study.label(study.exposure)} {values}", where)
    return gettext("{subject}: {number}{said}.").format(
        subject=listed(filter(None, subject)),
        number=in_unit(with_interval(*estimate), study.unit(outcome)),
        said=_open(is_established=is_established),
    )


def one_effect(study: StudyRecord, *, estimator: str, by: str) -> str:
    """Return that an estimator has the same effect in all groups."""
    return gettext("{estimator} has one effect for all groups by {by}: its form allows no other.").format(
        estimator=study.estimator_label(estimator), by=study.label(by)
    )


def group_difference(
    study: StudyRecord,
    *,
    outcome: str,
    estimator: str,
    scenario: str,
    by: str,
    group: str,
    other: str,
    difference: Estimate,
    is_established: bool,
) -> str:
    """Return what the effect in one group is more than in another."""
    number = effect_in_units(
        study, with_interval(*difference), outcome=outcome, exposure=study.exposure_of(scenario)
    )
    return gettext("{estimator}, effect by {by}: {group} less {other} {difference}{said}.").format(
        estimator=study.estimator_label(estimator),
        by=study.label(by),
        group=group,
        other=other,
        difference=number,
        said=_open(is_established=is_established),
    )


def linearity(
    study: StudyRecord, *, exposure: str, is_rejected: bool, p_value: float = math.nan, estimator: str = ""
) -> str:
    """Return whether a test rejects a straight line; one with entity means is of no estimator."""
    given = (
        gettext("{estimator}, ").format(estimator=study.estimator_label(estimator))
        if estimator
        else gettext("Given entity effects, ")
    )
    said = (
        gettext("is rejected")
        if is_rejected
        else gettext("is not rejected; a nonlinearity is not established")
    )
    return gettext("{given}test of a linear effect of {exposure}: linearity {said} ({p_value}).").format(
        given=given, exposure=study.label(exposure), said=said, p_value=p_text(p_value)
    )


def debiased(
    study: StudyRecord,
    *,
    outcome: str,
    exposure: str,
    method: str,
    learner: str,
    form: str,
    estimate: Estimate,
    is_established: bool,
    group: str = "",
    moderator: str = "",
    at: float = math.nan,
    above: Sequence[Stretch] | None = None,
    below: Sequence[Stretch] = (),
    levels: Sequence[tuple[float, Estimate]] = (),
    beyond: Sequence[float] = (),
    n_curves: int = 0,
    truths: Sequence[float] = (),
) -> str:
    """Return a debiased effect with its interval, and which slopes that does not hold.

    Parameters
    ----------
    estimate : of a line the clearest, at `at`
    above, below : where a line is above and below zero, a curve its mean; None for a single number
    levels : of a categorical exposure, position and contrast of each level
    beyond : mean slopes of net effect curves, of `n_curves`, that the interval does not hold
    truths : true mean slopes that it does not hold
    """
    where = [study.label(moderator)] * bool(moderator) + [group] * bool(group)
    how = [gettext(method.replace("_", " ")), study.estimator_label(learner)]
    unit = study.unit(outcome)
    number = with_interval(*estimate)
    if levels:
        contrasts = (f"{study.level_at(exposure, at)} {with_interval(*one)}" for at, one in levels)
        number = gettext("{numbers}, each less {base}").format(
            numbers=in_unit(listed(contrasts), unit), base=study.levels[0]
        )
    elif form in PER_UNIT:
        number = effect_in_units(study, number, outcome=outcome, exposure=exposure)
    else:
        number = in_unit(number, unit)
    if above is not None and not levels:
        number = _along(study.unit(moderator or exposure), form, number, at, above=above, below=below)
    said = _not_held(beyond, n_curves, truths) + _open(is_established=is_established)
    return gettext("Debiased effect ({how}) of {exposure}: {numbers}{said}.").format(
        exposure=study.axis_label(exposure),
        how=listed([listed(how), gettext(form), *where]),
        numbers=number,
        said=said,
    )


def _along(
    unit: str, form: str, number: str, at: float, *, above: Sequence[Stretch], below: Sequence[Stretch]
) -> str:
    """Return where a line is told from zero, a curve from its mean, and the clearest point."""
    if form == "curve":
        words = gettext("above its mean {stretches}"), gettext("below its mean {stretches}")
        nowhere = gettext("nowhere told from its mean")
    else:
        words = gettext("above zero {stretches}"), gettext("below zero {stretches}")
        nowhere = gettext("nowhere told from zero")
    told = _sides(((words[0], above), (words[1], below)), unit)
    return gettext("{told}; {number} at {at}").format(
        told=listed(told) or nowhere, number=number, at=in_unit(plain(at), "" if told else unit)
    )


def _not_held(beyond: Sequence[float], n_curves: int, truths: Sequence[float]) -> str:
    """Return the mean slopes of curves, and the true one, that an interval does not hold."""
    said = []
    if beyond:
        low, high = (significant(slope, 3) for slope in (min(beyond), max(beyond)))
        words = gettext("mean slopes of net effect curves ({n_beyond} of {n_curves}: {slopes})")
        slopes = low if low == high else ranged(low, high)
        said.append(words.format(n_beyond=len(beyond), n_curves=n_curves, slopes=slopes))
    said += [gettext("the true mean slope ({truth})").format(truth=significant(truth, 3)) for truth in truths]
    return gettext("; not within it: {slopes}").format(slopes=joined(said)) if said else ""


# Sentences without names: the message of each code, and how its numbers that are not whole are shown.
PLAIN: Mapping[str, tuple[str, Mapping[str, Callable[[float], str]]]] = {
    "one_of_contrasts": (marked("One of {n_contrasts} contrasts; its interval allows for their number."), {}),
    "one_of_pairs": (
        marked("One of {n_pairs} pairs; intervals are not adjusted for their number."),
        {},
    ),
    "few_entities": (
        marked("It rests on {n_entities} entities; with fewer than {least} its interval is rough."),
        {},
    ),
    "few_effective": (
        marked(
            "What is left of the exposure is spread as among {n_effective} entities; with fewer than {least} "
            "its interval is rough."
        ),
        {"n_effective": partial(fixed, decimals=1)},
    ),
    "little_left": (
        marked("Of the exposure's variation {share_left} is left; there is little to learn from."),
        {"share_left": percent},
    ),
    "weak_instruments": (
        marked("The instruments are weak: their first-stage F is {first_stage_f}."),
        {"first_stage_f": partial(fixed, decimals=1)},
    ),
}


def plain_sentence(code: str, _study: StudyRecord, **parameters: float) -> str:
    """Return a sentence of `PLAIN` with its parameters filled in, numbers as they are shown there."""
    message, shown = PLAIN[code]
    filled = {name: shown[name](value) if name in shown else value for name, value in parameters.items()}
    return gettext(message).format_map(filled)


def assumption(_study: StudyRecord, *, text: str) -> str:
    """Return what an effect assumes, as its table says it."""
    return translated(text)
