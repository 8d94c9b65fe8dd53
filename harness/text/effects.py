"""Sentences on effects: slopes and turns of curves, debiased effects, groups, contrasts and moderators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.language import gettext, marked
from harness.tables.table import NAN
from harness.text.context import Context, Estimate
from harness.text.numbers import in_unit, is_outside, plain, significant, with_interval
from harness.text.plain_text import joined, listed, ranged

# First and last point of a stretch of a grid, one point where they are alike; and several.
Stretch = tuple[float, float]
Stretches = Sequence[Stretch]

# Where a curve turns that does not.
NOWHERE: Estimate = (NAN, NAN, NAN)

# Kind of a turning point or threshold that says there is none.
NONE = "none"

# Forms in the outcome's unit per unit of the exposure; the others are changes of the outcome.
PER_UNIT = ("line", "derivative", "conditional")


def stretches(found: Stretches) -> str:
    """Return stretches of a grid in words: ``from 2 to 5 and at 9``."""
    one, several = gettext("at {first}"), gettext("from {first} to {last}")
    parts = [(one if first == last else several, plain(first), plain(last)) for first, last in found]
    return joined([words.format(first=first, last=last) for words, first, last in parts])


def _sides(sides: Mapping[str, Stretches], unit: str = "") -> list[str]:
    """Return each side, a message, that holds anywhere, with its stretches."""
    return [
        gettext(words).format(stretches=in_unit(stretches(found), unit))
        for words, found in sides.items()
        if found
    ]


def _open(*, is_established: bool) -> str:
    return "" if is_established else gettext("; it is not established")


def _curve(context: Context, scenario: str) -> str:
    """Return whose curve it is, and over what where that is not the study's exposure."""
    exposure = context.study.exposure_of(scenario)
    is_own = exposure == context.study.exposure
    over = "" if is_own else context.filled(" of {exposure}", exposure=exposure)
    return context.filled("{estimator}, net effect curve{over}", over=over)


def curve_effect(
    context: Context, *, scenario: str, rises: Stretches, falls: Stretches, at: float, slope: Estimate
) -> str:
    """Return where a curve rises and falls, and the slope that is clearest."""
    exposure = context.study.exposure_of(scenario)
    unit = context.study.unit(exposure)
    signs = _sides({marked("rises {stretches}"): rises, marked("falls {stretches}"): falls}, unit)
    where = in_unit(plain(at), "" if signs else unit)
    clearest = context.filled("slope {estimate} at {at}", estimate=context.effect(slope, exposure), at=where)
    if signs:
        said = context.filled("it {signs}; {slope}", signs=listed(signs), slope=clearest)
    elif any(slope):
        said = context.filled(
            "no slope is told from zero, all places taken together; {slope}", slope=clearest
        )
    else:
        said = gettext("it is flat, in every draw")
    return context.filled("{subject}: {said}.", subject=_curve(context, scenario), said=said)


def curve_bend(context: Context, *, scenario: str, is_bent: bool) -> str:
    """Return whether one slope lies within the band of all slopes."""
    said = gettext("no constant slope lies") if is_bent else gettext("a constant slope lies")
    rest = "" if is_bent else gettext("; that it bends is not established")
    return context.filled(
        "{subject}: {said} within the simultaneous band of its slope{rest}.",
        subject=_curve(context, scenario),
        said=said,
        rest=rest,
    )


def _doubt(at: Estimate, *, is_established: bool) -> str:
    """Return what is not established of a turn: that it is there, or where."""
    place = gettext("; its place is not established") if is_outside(*at) else ""
    return place if is_established else gettext("; it is not established")


def turning_point(
    context: Context,
    *,
    scenario: str,
    kind: str,
    at: Estimate = NOWHERE,
    share_of_draws: float = NAN,
    is_established: bool = False,
) -> str:
    """Return where a curve turns, or that it does not."""
    if kind == NONE:
        return context.filled("{estimator}: the curve has no turning point inside the supported range.")
    unit = context.study.unit(context.study.exposure_of(scenario))
    return context.filled(
        "{estimator}: the curve has a {kind} at {place}, in {share_of_draws} of draws{doubt}.",
        kind=kind,
        place=in_unit(with_interval(*at), unit),
        share_of_draws=share_of_draws,
        doubt=_doubt(at, is_established=is_established),
    )


def threshold(
    context: Context,
    *,
    moderator: str,
    kind: str,
    at: Estimate = NOWHERE,
    share_of_draws: float = NAN,
    is_established: bool = False,
) -> str:
    """Return where an effect changes its sign along a moderator, or that it does not."""
    said = gettext("no threshold is established")
    if kind != NONE:
        said = context.filled(
            "its threshold is at {place}, in {share_of_draws} of draws{doubt}",
            place=with_interval(*at),
            share_of_draws=share_of_draws,
            doubt=_doubt(at, is_established=is_established),
        )
    subject = context.filled("{estimator}, effect by {moderator}", moderator=moderator)
    return context.filled("{subject}: {said}.", subject=subject, said=said)


def sign_change(context: Context, *, moderator: str, below: Stretches, above: Stretches) -> str:
    """Return where an effect along a moderator is below and above zero."""
    sides = _sides({marked("below zero {stretches}"): below, marked("above zero {stretches}"): above})
    unsure = gettext("no change of its sign is established")
    said = gettext("it changes its sign") if below and above else unsure
    where = joined(sides) or gettext("nowhere told from zero")
    return context.filled(
        "{estimator}, effect by {moderator}: {where}; {said}.", moderator=moderator, where=where, said=said
    )


def contrast(
    context: Context, *, high: str, low: str, where: str, estimate: Estimate, is_established: bool
) -> str:
    """Return what one value of the exposure rather than another changes."""
    study = context.study
    values = gettext("{high} rather than {low}").format(high=high, low=low)
    subject = (study.estimator_label(context.estimator), f"{study.label(study.exposure)} {values}", where)
    number = in_unit(with_interval(*estimate), study.unit(context.outcome))
    said = _open(is_established=is_established)
    return context.filled(
        "{subject}: {number}{said}.", subject=listed(filter(None, subject)), number=number, said=said
    )


def group_difference(
    context: Context,
    *,
    scenario: str,
    by: str,
    group: str,
    other: str,
    difference: Estimate,
    is_established: bool,
) -> str:
    """Return what the effect in one group is more than in another."""
    return context.filled(
        "{estimator}, effect by {by}: {group} less {other} {difference}{said}.",
        by=by,
        group=group,
        other=other,
        said=_open(is_established=is_established),
        difference=context.effect(difference, context.study.exposure_of(scenario)),
    )


def linearity(context: Context, *, exposure: str, is_rejected: bool, p_value: float = NAN) -> str:
    """Return whether a test rejects a straight line; one with entity means is of no estimator."""
    given = context.filled("{estimator}, ") if context.estimator else gettext("Given entity effects, ")
    kept = gettext("is not rejected; a nonlinearity is not established")
    return context.filled(
        "{given}test of a linear effect of {exposure}: linearity {said} ({p_value}).",
        given=given,
        exposure=exposure,
        said=gettext("is rejected") if is_rejected else kept,
        p_value=p_value,
    )


def debiased(
    context: Context,
    *,
    exposure: str,
    method: str,
    learner: str,
    form: str,
    estimate: Estimate,
    is_established: bool,
    group: str = "",
    moderator: str = "",
    at: float = NAN,
    above: Stretches | None = None,
    below: Stretches = (),
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
    study = context.study
    where = [study.label(moderator)] * bool(moderator) + [group] * bool(group)
    how = listed([gettext(method.replace("_", " ")), study.estimator_label(learner)])
    unit = study.unit(context.outcome)
    if levels:
        contrasts = listed(f"{study.level_at(exposure, at)} {with_interval(*one)}" for at, one in levels)
        numbers, base = in_unit(contrasts, unit), study.levels[0]
        number = gettext("{numbers}, each less {base}").format(numbers=numbers, base=base)
    elif form in PER_UNIT:
        number = context.effect(estimate, exposure)
    else:
        number = in_unit(with_interval(*estimate), unit)
    if above is not None and not levels:
        number = _along(study.unit(moderator or exposure), form, number, at, above=above, below=below)
    return gettext("Debiased effect ({how}) of {exposure}: {numbers}{said}.").format(
        exposure=study.axis_label(exposure),
        how=listed([how, gettext(form), *where]),
        numbers=number,
        said=_not_held(beyond, n_curves, truths) + _open(is_established=is_established),
    )


def _along(unit: str, form: str, number: str, at: float, *, above: Stretches, below: Stretches) -> str:
    """Return where a line is told from zero, a curve from its mean, and the clearest point."""
    if form == "curve":
        words = marked("above its mean {stretches}"), marked("below its mean {stretches}")
        nowhere = gettext("nowhere told from its mean")
    else:
        words = marked("above zero {stretches}"), marked("below zero {stretches}")
        nowhere = gettext("nowhere told from zero")
    sides = _sides(dict(zip(words, (above, below), strict=True)), unit)
    return gettext("{told}; {number} at {at}").format(
        told=listed(sides) or nowhere, number=number, at=in_unit(plain(at), "" if sides else unit)
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
