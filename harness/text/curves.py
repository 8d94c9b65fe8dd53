"""Sentences on models: slopes and turns of curves, groups, contrasts and moderators."""

from __future__ import annotations

from collections.abc import Sequence

from harness.findings.rules import contrast as contrasts
from harness.findings.rules import curve as curves
from harness.findings.rules import for_whom as whom
from harness.findings.rules import moderator as moderators
from harness.findings.sentence import Estimate
from harness.language import marked, topic
from harness.record.manifest import StudyRecord
from harness.tables.decision import size_of
from harness.text.numbers import in_unit, is_outside, p_text, plain, with_interval
from harness.text.plain_text import joined, listed
from harness.text.render import Context, Texts, sides

gettext = topic("text.curves")


def _open(*, is_significant: bool) -> str:
    return "" if is_significant else gettext("; not significantly different from zero")


def _curve(context: Context, scenario: str) -> str:
    """Return whose curve it is, and over what where that is not the study's exposure."""
    study, exposure = context.study, context.study.exposure_of(scenario)
    over = (
        "" if exposure == study.exposure else context.filled(" of {exposure}", exposure=study.label(exposure))
    )
    return context.filled("{estimator}, net effect curve{over}", over=over)


def model_curve(context: Context, one: curves.ModelCurve) -> str:
    """Return where a model's curve rises and falls, and its clearest slope."""
    exposure = context.study.exposure_of(one.scenario)
    unit = context.study.unit(exposure)
    signs = sides({marked("rises {stretches}"): one.rises, marked("falls {stretches}"): one.falls}, unit)
    where = in_unit(plain(one.at), "" if signs else unit)
    slope = context.effect(one.slope, exposure)
    clearest = context.filled("slope {estimate} at {at}", estimate=slope, at=where)
    together = p_text(one.p_value)
    clearest += context.filled(", {p} for the whole curve", p=together) if together else ""
    if signs:
        text = context.filled("it {signs}; {slope}", signs=listed(signs), slope=clearest)
    elif any(one.slope):
        words = marked("the slope is nowhere significantly different from zero (simultaneous band); {slope}")
        text = context.filled(words, slope=clearest)
    else:
        text = gettext("flat in every draw")
    return context.filled("{subject}: {said}.", subject=_curve(context, one.scenario), said=text)


def curve_bend(context: Context, one: curves.CurveBend) -> str:
    """Return whether one slope lies within the band of all slopes."""
    bent = gettext("nonlinear: no constant slope lies within the simultaneous band")
    none = gettext("no evidence of nonlinearity: a constant slope lies within the simultaneous band")
    subject = _curve(context, one.scenario)
    return context.filled("{subject}: {said}.", subject=subject, said=bent if one.is_bent else none)


def _doubt(at: Estimate, *, is_significant: bool) -> str:
    """Return what is not established of a turn: that it is there, or where."""
    uncertain = gettext("; its place is uncertain") if is_outside(*at) else ""
    return uncertain if is_significant else gettext("; not significant")


def turning_point(context: Context, one: curves.CurveTurn) -> str:
    """Return where a curve turns, or that it does not."""
    if one.kind == curves.NONE:
        return context.filled("{estimator}: the curve has no turning point inside the supported range.")
    unit = context.study.unit(context.study.exposure_of(one.scenario))
    return context.worded(
        "{estimator}: the curve has a {kind} at {place}, in {share_of_draws} of draws{doubt}.",
        one,
        place=in_unit(with_interval(*one.at), unit),
        doubt=_doubt(one.at, is_significant=one.is_significant),
    )


def sign_change(context: Context, one: moderators.SignChange) -> str:
    """Return where a model's effect along a moderator is below and above zero, and where it changes sign."""
    words = marked("below zero {stretches}"), marked("above zero {stretches}")
    where = sides(dict(zip(words, (one.below, one.above), strict=True)))
    if one.below and one.above:
        known = [
            context.worded(
                " at {place}, in {share_of_draws} of draws{doubt}",
                position,
                place=with_interval(*position.at),
                doubt=_doubt(position.at, is_significant=True),
            )
            for position in one.positions
        ]
        text = gettext("it changes its sign") + joined(known)
        text += f" ({together})" if (together := p_text(one.p_value)) else ""
    else:
        text = gettext("no change of sign")
    return context.worded(
        "{estimator}, effect by {moderator}: {where}; {said}.",
        one,
        where=joined(where) or gettext("nowhere significantly different from zero"),
        said=text,
    )


def value_text(levels: Sequence[str], value: str) -> str:
    """Return a value of the exposure as tables have it in words: a level, or a number."""
    return value if levels else plain(float(value))


def _values(study: StudyRecord, one: contrasts.Contrast) -> str:
    high, low = (value_text(study.levels, value) for value in (one.exposure_to, one.exposure_from))
    return gettext("{high} rather than {low}").format(high=high, low=low)


def _subset(study: StudyRecord, one: contrasts.Contrast) -> str:
    """Return which rows a contrast is over, or at which moderator value; empty for all rows as they are."""
    if one.by:
        return f"{study.label(one.by)} {one.group}"
    if not one.moderator:
        return ""
    return f"{study.label(one.moderator)} {in_unit(plain(one.moderator_at), study.unit(one.moderator))}"


def contrast(context: Context, one: contrasts.Contrast) -> str:
    """Return what one value of the exposure rather than another changes."""
    study = context.study
    exposure = f"{study.label(study.exposure)} {_values(study, one)}"
    subject = (study.estimator_label(context.estimator), exposure, _subset(study, one))
    number = in_unit(with_interval(*one.estimate), study.unit(context.outcome))
    return context.filled(
        "{subject}: {number}{said}.",
        subject=listed(filter(None, subject)),
        number=number,
        said=_open(is_significant=one.is_significant),
    )


def group_difference(context: Context, one: contrasts.GroupDifference) -> str:
    """Return what the effect in one group is more than in another; the p-value is adjusted."""
    adjusted = p_text(one.p_value)
    return context.worded(
        "{estimator}, effect by {by}: {group} less {other} {difference}{adjusted}{said}.",
        one,
        adjusted=context.filled(" ({p} adjusted)", p=adjusted) if adjusted else "",
        said=_open(is_significant=one.is_significant),
        difference=context.effect(one.difference, context.study.exposure_of(one.scenario)),
    )


def for_whom(context: Context, one: whom.ForWhom) -> str:
    """Return for whom the effect differs, by which estimator, and how many estimators were asked.

    A difference that is not significant is not named: draws of a network need not centre on its fit, so that
    the clearest of many can lie outside of its interval.
    """
    along = marked("Along moderators, {n_changing} of {n_along} effects change their sign significantly.")
    if one.n_changing == 0:
        along = marked("Along moderators, none of {n_along} effects changes its sign significantly.")
    groups = marked(
        "No estimator finds a significant difference of the effect between groups ({n_differences} by "
        "{n_estimators} estimators{adjusted})."
    )
    if one.is_significant:
        groups = marked(
            "By {estimator} the effect differs by {by}: {group} less {other} {difference}{adjusted}; "
            "significant are {n_significant} of {n_differences} differences by {n_estimators} estimators."
        )
    # A small one says nothing where the interval holds zero.
    is_said = one.is_significant or one.p_adjusted >= size_of(context.study.level)
    together = p_text(one.p_adjusted) if is_said else ""
    least = marked(", adjusted {p}") if one.is_significant else marked("; the least adjusted {p}")
    adjusted = context.filled(least, p=together) if together else ""
    difference = context.effect(one.difference, context.study.exposure_of(one.scenario))
    shown = {"difference": difference, "adjusted": adjusted}
    parts = [context.worded(groups, one, **shown)] if one.n_differences else []
    return " ".join([*parts, *([context.worded(along, one)] if one.n_along else [])])


TEXTS: Texts = {
    whom.ForWhom: for_whom,
    curves.ModelCurve: model_curve,
    curves.CurveBend: curve_bend,
    curves.CurveTurn: turning_point,
    curves.OfAModel: marked("It describes the model's predictions and is no effect."),
    moderators.SignChange: sign_change,
    contrasts.Contrast: contrast,
    contrasts.GroupDifference: group_difference,
    contrasts.OneEffect: marked(
        "{estimator} has one effect for all groups by {by}: its form allows no other."
    ),
    contrasts.OneOfContrasts: marked("One of {n_contrasts} contrasts; its interval allows for their number."),
    contrasts.OneOfPairs: marked(
        "One of {n_pairs} differences; the p-value allows for their number (Holm), the interval does not."
    ),
    moderators.ThresholdCount: marked(
        "{estimator}: thresholds in {moderator} by sequential tests: {n_thresholds} ({p_values}); the model "
        "has them at {positions}."
    ),
    moderators.LooksBroken: marked("An effect that changes smoothly looks like thresholds, too."),
    moderators.FriedmanH: marked(
        "{estimator}: Friedman's H of {exposure} and {moderator} is {h}; noise alone lifts it above zero."
    ),
    moderators.NoInteraction: marked(
        "{estimator}: no interaction of {exposure} and {moderator}; its form allows none."
    ),
}


def contrast_label(context: Context, one: contrasts.Contrast) -> str:
    """Return which values a contrast compares, and whose it is."""
    return f"{_values(context.study, one)}, {context.study.estimator_label(context.estimator)}"


LABELS: Texts = {
    curves.CurveBend: marked("Nonlinearity of the curve, {estimator}"),
    curves.ModelCurve: marked("Slope of the curve, {estimator}"),
    curves.CurveTurn: marked("Turning point ({kind}), {estimator}"),
    contrasts.Contrast: contrast_label,
    contrasts.GroupDifference: marked("{group} less {other}, {estimator}"),
    contrasts.OneEffect: marked("Difference between groups by {by}, {estimator}"),
    moderators.SignChange: marked("Change of sign along {moderator}, {estimator}"),
    moderators.ThresholdCount: marked("Thresholds in {moderator}, {estimator}"),
    moderators.FriedmanH: marked("Interaction with {moderator}, {estimator}"),
    moderators.NoInteraction: marked("Interaction with {moderator}, {estimator}"),
}
