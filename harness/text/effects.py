"""Sentences on effects: slopes and turns of curves, debiased effects, groups, contrasts and moderators."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.language import marked, rendered, topic
from harness.tables.table import NAN
from harness.text.context import Context, Estimate
from harness.text.numbers import (
    NO_BREAK,
    fixed,
    in_unit,
    is_outside,
    p_text,
    percent,
    plain,
    significant,
    with_interval,
)
from harness.text.numbers import estimate as rounded_estimate
from harness.text.plain_text import capitalised, in_turn, joined, listed, ranged

gettext = topic("text.effects")


# First and last point of a stretch of a grid, one point where they are alike; and several.
Stretch = tuple[float, float]
Stretches = Sequence[Stretch]

# Where a curve turns that does not.
NOWHERE: Estimate = (NAN, NAN, NAN)

# Kind of a turning point or threshold that says there is none.
NONE = "none"


def stretches(found: Stretches) -> str:
    """Return stretches of a grid in words: ``from 2 to 5 and at 9``."""
    one, several = gettext("at {first}"), gettext("from {first} to {last}")
    parts = [(one if first == last else several, plain(first), plain(last)) for first, last in found]
    return joined([words.format(first=first, last=last) for words, first, last in parts])


def _sides(sides: Mapping[str, Stretches], unit: str = "") -> list[str]:
    """Return each side, a message, that holds anywhere, with its stretches."""
    return [
        rendered(words).format(stretches=in_unit(stretches(found), unit))
        for words, found in sides.items()
        if found
    ]


def _open(*, is_established: bool) -> str:
    return "" if is_established else gettext("; not significantly different from zero")


def _curve(context: Context, scenario: str) -> str:
    """Return whose curve it is, and over what where that is not the study's exposure."""
    exposure = context.study.exposure_of(scenario)
    is_own = exposure == context.study.exposure
    over = "" if is_own else context.filled(" of {exposure}", exposure=exposure)
    return context.filled("{estimator}, net effect curve{over}", over=over)


def model_curve(
    context: Context,
    *,
    scenario: str,
    rises: Stretches,
    falls: Stretches,
    at: float,
    slope: Estimate,
    p_value: float = NAN,
    mean: float = NAN,
    debiased: Estimate = NOWHERE,
) -> str:
    """Return where a model's curve rises and falls, its clearest slope, and that the debiased one differs.

    Parameters
    ----------
    p_value : of a slope of zero everywhere
    mean : the mean slope, where it lies outside the interval of the slope `debiased`
    """
    exposure = context.study.exposure_of(scenario)
    unit = context.study.unit(exposure)
    signs = _sides({marked("rises {stretches}"): rises, marked("falls {stretches}"): falls}, unit)
    where = in_unit(plain(at), "" if signs else unit)
    clearest = context.filled("slope {estimate} at {at}", estimate=context.effect(slope, exposure), at=where)
    together = p_text(p_value)
    clearest += context.filled(", {p} for the whole curve", p=together) if together else ""
    if signs:
        said = context.filled("it {signs}; {slope}", signs=listed(signs), slope=clearest)
    elif any(slope):
        words = marked("the slope is nowhere significantly different from zero (simultaneous band); {slope}")
        said = context.filled(words, slope=clearest)
    else:
        said = gettext("flat in every draw")
    denied = (
        ""
        if mean != mean
        else context.filled(
            " Its mean slope, {mean}, lies outside the interval of the debiased effect, {debiased}.",
            mean=significant(mean, 3),
            debiased=context.effect(debiased, exposure),
        )
    )
    return context.filled("{subject}: {said}.", subject=_curve(context, scenario), said=said) + denied


def curve_bend(context: Context, *, scenario: str, is_bent: bool) -> str:
    """Return whether one slope lies within the band of all slopes."""
    said = gettext("nonlinear: no constant slope lies within the simultaneous band")
    none = gettext("no evidence of nonlinearity: a constant slope lies within the simultaneous band")
    return context.filled(
        "{subject}: {said}.", subject=_curve(context, scenario), said=said if is_bent else none
    )


def _doubt(at: Estimate, *, is_established: bool) -> str:
    """Return what is not established of a turn: that it is there, or where."""
    place = gettext("; its place is uncertain") if is_outside(*at) else ""
    return place if is_established else gettext("; not significant")


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


def sign_change(
    context: Context,
    *,
    moderator: str,
    below: Stretches,
    above: Stretches,
    p_value: float = NAN,
    places: Sequence[tuple[Estimate, float]] = (),
) -> str:
    """Return where a model's effect along a moderator is below and above zero, and where it changes sign.

    Parameters
    ----------
    p_value : of both signs, for all values of the moderator together
    places : of the changes, each with the share of draws that have it
    """
    sides = _sides({marked("below zero {stretches}"): below, marked("above zero {stretches}"): above})
    if below and above:
        known = [
            context.filled(
                " at {place}, in {share_of_draws} of draws{doubt}",
                place=with_interval(*at),
                share_of_draws=share,
                doubt=_doubt(at, is_established=True),
            )
            for at, share in places
        ]
        said = gettext("it changes its sign") + joined(known)
        said += f" ({together})" if (together := p_text(p_value)) else ""
    else:
        said = gettext("no change of sign")
    where = joined(sides) or gettext("nowhere significantly different from zero")
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
    p_value: float = NAN,
) -> str:
    """Return what the effect in one group is more than in another; the p-value is adjusted."""
    adjusted = p_text(p_value)
    return context.filled(
        "{estimator}, effect by {by}: {group} less {other} {difference}{adjusted}{said}.",
        adjusted=context.filled(" ({p} adjusted)", p=adjusted) if adjusted else "",
        by=by,
        group=group,
        other=other,
        said=_open(is_established=is_established),
        difference=context.effect(difference, context.study.exposure_of(scenario)),
    )


def linearity(context: Context, *, exposure: str, is_rejected: bool, p_value: float = NAN) -> str:
    """Return whether a test rejects a straight line; one with entity means is of no estimator."""
    given = context.filled("{estimator}, ") if context.estimator else gettext("Given fixed effects, ")
    kept = gettext("is not rejected: no evidence of nonlinearity")
    return context.filled(
        "{given}a linear effect of {exposure} {said} ({p_value}).",
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
    is_significant: bool,
    family: tuple[float, int] = (NAN, 1),
    is_primary: bool = False,
    group: str = "",
    moderator: str = "",
    at: float = NAN,
    above: Stretches | None = None,
    below: Stretches = (),
    levels: Sequence[tuple[float, Estimate]] = (),
    beyond: Sequence[float] = (),
    n_curves: int = 0,
    truths: Sequence[float] = (),
    negligible: float = NAN,
    least_detectable: float = NAN,
) -> str:
    """Return a debiased effect with its interval, and which slopes that does not hold.

    Parameters
    ----------
    estimate : of a line the clearest, at `at`
    is_significant : whether interval and adjusted p-value say so
    family : the p-value adjusted for its family, and for how many effects
    is_primary : whether the family is the study's outcomes, else its secondary effects
    above, below : where an established line is above and below zero, a curve its mean; None for a number
    levels : of a categorical exposure, position and contrast of each level
    beyond : mean slopes of net effect curves, of `n_curves`, that the interval does not hold
    truths : true numbers that it does not hold
    negligible : size up to which a slope counts as none, where the whole interval lies within it
    least_detectable : of an effect that is not significant, what this study could have found
    """
    study, unit = context.study, context.study.unit(context.outcome)
    by = gettext("double machine learning")
    if not is_primary:
        by = context.filled("double machine learning with {learner}", learner=study.estimator_label(learner))
    how = [rendered(method.replace("_", " ")), by]
    how += [gettext("in {group}").format(group=group)] * bool(group)
    given = {"exposure": exposure, "how": listed(how)}
    if levels:
        said = _contrasts(context, [(study.level_at(exposure, place), one) for place, one in levels], **given)
    elif above is not None:
        along_moderator = marked("Debiased effect of {exposure} along {moderator}: {number} ({how}).")
        lines = {
            "curve": marked("Debiased curve of {exposure}: {number} ({how})."),
            **dict.fromkeys(("conditional", "binned"), along_moderator),
        }
        along = study.unit(moderator or exposure)
        number = _along(along, form, _signed(context, estimate), at, above=above, below=below)
        words = lines.get(form, marked("Debiased effect of {exposure}: {number} ({how})."))
        said = context.filled(words, number=number, moderator=moderator, **given)
    else:
        what, target = _changed(context, form, exposure, moderator, at)
        adjusted = is_outside(0.0, *estimate[1:]) and not is_significant and family[1] > 1
        late = ""
        if adjusted:
            family_of = gettext("{n} outcomes") if is_primary else gettext("{n} secondary effects")
            late = gettext(" once adjusted for {family} ({p})").format(
                family=family_of.format(n=family[1]), p=p_text(family[0])
            )
        said = moves(context, what, target, estimate, given["how"], is_significant=is_significant, late=late)
    if math.isfinite(negligible):
        none = gettext(" It is negligible: its interval lies within ±{size}.")
        said += none.format(size=in_unit(plain(negligible), unit))
    elif math.isfinite(least_detectable) and not is_significant:
        least = gettext(" This study could have detected {size}.")
        said += least.format(size=in_unit(significant(least_detectable, 2), unit))
    return said + _not_held(beyond, n_curves, truths)


def indirect_effect(
    context: Context,
    *,
    exposure: str,
    mediator: str,
    method: str,
    learner: str,
    estimate: Estimate,
    is_significant: bool,
    rho_zero: float,
    share: float = NAN,
) -> str:
    """Return an effect through a mediator, and what would remove it where it is significant.

    Parameters
    ----------
    rho_zero : correlation of the errors of mediator and outcome at which it is zero
    share : of a total effect that is significantly different from zero
    """
    study = context.study
    by = context.filled("double machine learning with {learner}", learner=study.estimator_label(learner))
    how = listed([rendered(method.replace("_", " ")), by])
    words = marked("through {mediator}, one unit more of {exposure}")
    what = context.filled(words, mediator=study.label(mediator), exposure=exposure)
    outcome = study.label(context.outcome)
    said = moves(context, what, outcome, estimate, how, is_significant=is_significant)
    if is_significant and math.isfinite(share):
        said += gettext(" That is {share} of the total effect.").format(share=percent(share, 0))
    if is_significant:
        removed = gettext(" It vanishes if the errors of mediator and outcome correlate by {rho}.")
        said += removed.format(rho=fixed(rho_zero, 2))
    return said


def _changed(context: Context, form: str, exposure: str, moderator: str, at: float) -> tuple[str, str]:
    """Return what changes, and what it changes, for forms that are a number."""
    outcome = context.study.label(context.outcome)
    if form == "interaction":
        words = marked("the effect of {exposure} on {outcome}")
        target = context.filled(words, exposure=exposure, outcome=outcome)
        return context.filled("one unit more of {moderator}", moderator=moderator), target
    if form == "contrast" and math.isfinite(at):
        words = marked("{exposure} at {at} rather than at its least value")
        return context.filled(words, exposure=exposure, at=plain(at)), outcome
    return one_more(context, exposure), outcome


def one_more(context: Context, exposure: str) -> str:
    """Return that an exposure is one unit more."""
    return context.filled("one unit more of {exposure}", exposure=exposure)


def moves(
    context: Context,
    what: str,
    target: str,
    estimate: Estimate,
    how: str,
    *,
    is_significant: bool,
    late: str = "",
) -> str:
    """Return that something raises or lowers the outcome, or that its effect is not significant.

    Parameters
    ----------
    what : such as ``one unit more of X``
    target : what it changes, such as the outcome
    how : by which method
    late : for what an effect is not significant once adjusted
    """
    study = context.study
    given = {"what": what, "outcome": target, "level": percent(study.level, 0), "how": how, "late": late}
    if not is_significant:
        words = marked(
            "{what} changes {outcome} by {number} ({level} CI {limits}; {how}), not significantly different "
            "from zero{late}."
        )
        number, limits = number_and_limits(estimate)
        given |= {"number": in_unit(number, study.unit(context.outcome)), "limits": limits}
        return capitalised(context.filled(words, **given))
    up, down = (
        marked("{what} raises {outcome} by {number} ({level} CI {limits}; {how})."),
        marked("{what} lowers {outcome} by {number} ({level} CI {limits}; {how})."),
    )
    number, limits = number_and_limits(_size(estimate))
    given |= {"number": in_unit(number, study.unit(context.outcome)), "limits": limits}
    return capitalised(context.filled(up if estimate[0] > 0.0 else down, **given))


def _size(estimate: Estimate) -> Estimate:
    """Return an effect without its sign."""
    value, low, high = estimate
    return estimate if value > 0.0 else (-value, -high, -low)


def number_and_limits(estimate: Estimate) -> tuple[str, str]:
    """Return a number and the limits of its interval in words, ``149 to 656``."""
    number, limits = rounded_estimate(*estimate)
    low, _, high = limits[1:-1].partition(f",{NO_BREAK}")
    return number, ranged(low, high)


def higher_or_lower(context: Context, estimate: Estimate, *, level: str = "") -> str:
    """Return ``540 × 10⁴ t lower (305 to 776)``.

    Parameters
    ----------
    level : stands before the limits, such as ``95% CI``
    """
    value, low, high = estimate
    number, limits = number_and_limits(_size(estimate))
    words = gettext("{number} higher ({limits})") if value > 0.0 else gettext("{number} lower ({limits})")
    limits = f"{level} {limits}".strip()
    said = words.format(number=in_unit(number, context.study.unit(context.outcome)), limits=limits)
    return said if is_outside(0.0, low, high) else said + gettext(", not significant")


def _contrasts(context: Context, levels: Sequence[tuple[str, Estimate]], *, exposure: str, how: str) -> str:
    """Return what each level of a categorical exposure rather than the base changes."""
    level = gettext("{level} CI").format(level=percent(context.study.level, 0))
    each = [f"{name} {higher_or_lower(context, one, level=level)}" for name, one in levels]
    words = marked("Compared with {base}, {outcome} is: {levels} ({exposure}; {how}).")
    return context.filled(
        words,
        base=context.study.levels[0],
        outcome=context.study.label(context.outcome),
        levels=in_turn(each),
        exposure=exposure,
        how=how,
    )


def _signed(context: Context, estimate: Estimate) -> str:
    """Return ``−156 × 10⁴ t (95% CI −259 to −54)``."""
    number, limits = number_and_limits(estimate)
    return gettext("{number} ({level} CI {limits})").format(
        number=in_unit(number, context.study.unit(context.outcome)),
        level=percent(context.study.level, 0),
        limits=limits,
    )


def fragility(robustness_value: float) -> str:
    """Return what it would take to bring an effect to zero (Cinelli and Hazlett 2020)."""
    words = gettext(
        "A confounder that explains {share} of the remaining variation of exposure and outcome would "
        "overturn the effect."
    )
    return words.format(share=percent(robustness_value))


def _along(unit: str, form: str, number: str, at: float, *, above: Stretches, below: Stretches) -> str:
    """Return where a line differs from zero, a curve from its mean, and the clearest point."""
    if form == "curve":
        words = marked("above its mean {stretches}"), marked("below its mean {stretches}")
        nowhere = gettext("nowhere significantly different from its mean")
    else:
        words = marked("above zero {stretches}"), marked("below zero {stretches}")
        nowhere = gettext("nowhere significantly different from zero")
    sides = _sides(dict(zip(words, (above, below), strict=True)), unit)
    return gettext("{told}; {number} at {at}").format(
        told=listed(sides) or nowhere, number=number, at=in_unit(plain(at), "" if sides else unit)
    )


def _not_held(beyond: Sequence[float], n_curves: int, truths: Sequence[float]) -> str:
    """Return the mean slopes of curves, and the true number, that an interval does not hold."""
    said = ""
    if beyond:
        low, high = (significant(slope, 3) for slope in (min(beyond), max(beyond)))
        words = gettext(" Mean slopes of models outside this interval: {n_beyond} of {n_curves} ({slopes}).")
        slopes = low if low == high else ranged(low, high)
        said = words.format(n_beyond=len(beyond), n_curves=n_curves, slopes=slopes)
    for truth in truths:
        said += gettext(" The true slope, {truth}, lies outside it.").format(truth=significant(truth, 3))
    return said
