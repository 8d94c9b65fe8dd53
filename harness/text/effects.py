"""Sentences on effects: debiased, indirect, within entities, and what would overturn them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.findings.finding import FewEntities
from harness.findings.rules import (
    agreement,
    effect,
    headline,
    linearity,
    mediation,
    sensitivity,
    sign,
    within,
)
from harness.findings.sentence import Estimate
from harness.language import marked, npgettext, rendered, topic
from harness.scenarios.effect.weak_instruments import set_in_words
from harness.tables.decision import OPEN, SIGNIFICANT
from harness.text.numbers import (
    NO_BREAK,
    all_of,
    fixed,
    in_unit,
    is_outside,
    p_text,
    percent,
    percent_interval,
    plain,
    significant,
)
from harness.text.numbers import estimate as rounded_estimate
from harness.text.plain_text import capitalised, in_turn, listed, ranged
from harness.text.render import Context, Texts, entity_word, sides
from harness.text.scale import changed, in_units, of_mean, scaled, scaled_estimate, step_text

gettext = topic("text.effects")

# How methods and forms are called.
METHODS: Mapping[str, str] = {
    "first_differences": marked("First differences"),
    "correlated_random_effects": marked("Correlated random effects"),
    "instrumented": marked("Instrumented"),
}
FORMS: Mapping[str, str] = {
    "line": marked("slope"),
    "contrast": marked("contrast"),
    "derivative": marked("mean derivative"),
    "curve": marked("curve"),
    "conditional": marked("conditional effect"),
    "binned": marked("effect in bins"),
    "interaction": marked("slope of the product"),
}


def debiased_effect(context: Context, one: effect.DebiasedEffect) -> str:
    """Return a debiased effect with its interval."""
    study = context.study
    by = gettext("double machine learning")
    if not one.is_primary:
        by = context.worded("double machine learning with {learner}", one)
    how = [rendered(one.method.replace("_", " ")), by]
    how += [gettext("in {group}").format(group=one.group)] * bool(one.group)
    how += _errors(one)
    if one.levels:
        text = _contrasts(context, one, one.levels, listed(how))
    elif one.is_line:
        along_moderator = marked("Debiased effect of {exposure} along {moderator}: {number} ({how}).")
        lines = {
            "curve": marked("Debiased curve of {exposure}: {number} ({how})."),
            **dict.fromkeys(("conditional", "binned"), along_moderator),
        }
        words = lines.get(one.form, marked("Debiased effect of {exposure}: {number} ({how})."))
        moderator = study.axis_label(one.moderator)
        text = context.worded(words, one, number=_along(context, one), how=listed(how), moderator=moderator)
    else:
        family = gettext("{n} outcomes") if one.is_primary else gettext("{n} secondary effects")
        late = _once_adjusted(one, one.estimate, family)
        text = moves(context, _movement(context, one), listed(how), one.estimate, one.is_significant, late)
    if math.isfinite(one.negligible):
        none = gettext(" It is negligible: its interval lies within ±{size}.")
        text += none.format(size=_stated_size(context, one.negligible, _steps(one), digits=4))
    elif not one.is_significant:
        text += _least(context, one.least_detectable, _steps(one))
    return text


def _least(context: Context, size: float, steps: Sequence[str]) -> str:
    """Return which size the test of an effect that is not significant finds with a chance of four in five."""
    if not math.isfinite(size):
        return ""
    least = gettext(" An effect of {size} had an 80% chance of being found.")
    return least.format(size=_stated_size(context, size, steps, digits=2))


def _stated_size(context: Context, size: float, steps: Sequence[str], *, digits: int) -> str:
    number = scaled(context.study, size, steps, context.outcome)
    return in_units(
        context.study, plain(number) if digits > 2 else significant(number, digits), context.outcome
    )


def indirect_effect(context: Context, one: mediation.IndirectEffect) -> str:
    """Return an effect through a mediator, and what would remove it where it is significant."""
    by = context.worded("double machine learning with {learner}", one)
    how = listed([rendered(one.method.replace("_", " ")), by])
    study, steps = context.study, (one.exposure,)
    is_there = study.scale(one.exposure).kind == "binary"
    change = study.label(one.exposure) if is_there else change_text(context, one.exposure)
    what = context.worded("through {mediator}, {change}", one, change=change)
    text = moves(context, Movement(steps, what), how, one.estimate, one.is_significant)
    if one.is_significant and math.isfinite(one.share):
        text += gettext(" That is {share} of the total effect.").format(share=percent(one.share, 0))
    if one.is_significant:
        removed = gettext(" It vanishes if the errors of mediator and outcome correlate by {rho}.")
        text += removed.format(rho=fixed(one.rho_zero, 2))
    return text


@dataclass(frozen=True)
class Movement:
    """What changes, and what that changes.

    Attributes
    ----------
    steps : exposures by whose steps a slope is stated; none for a difference
    what : changes, where that is not the first of these
    target : what it changes, where that is not the outcome
    """

    steps: tuple[str, ...]
    what: str = ""
    target: str = ""


def _steps(one: effect.DebiasedEffect) -> tuple[str, ...]:
    """Return the exposures by whose steps an effect is a slope."""
    if one.form == "interaction":
        return one.moderator, one.exposure
    return () if one.form == "contrast" and math.isfinite(one.at) else (one.exposure,)


def _movement(context: Context, one: effect.DebiasedEffect) -> Movement:
    """Return what changes, and what it changes, for forms that are a number."""
    if one.form == "interaction":
        words, outcome = (
            marked("the effect of {change} on {outcome}"),
            changed(context.study, context.outcome),
        )
        change = change_text(context, one.exposure)
        return Movement(_steps(one), target=context.filled(words, change=change, outcome=outcome))
    what = ""
    if not _steps(one):
        words = marked("{exposure} at {at} rather than at its least value")
        what = context.worded(words, one, at=plain(one.at))
    return Movement(_steps(one), what)


def change_text(context: Context, exposure: str) -> str:
    """Return by how much an exposure changes, ``one standard deviation more of X (0.12 within cities)``."""
    study, scale = context.study, context.study.scale(exposure)
    words = {
        "within": marked("one standard deviation more of {exposure} ({step} within {entities})"),
        "all": marked("one standard deviation more of {exposure} ({step})"),
        "spec": marked("{step} more of {exposure}"),
    }
    step = step_text(study, exposure)
    how = words["spec" if scale.kind == "log" else scale.step_of]
    label = changed(study, exposure)
    if scale.kind == "binary":
        return label
    return context.filled(how if step else marked("one unit more of {exposure}"), exposure=label, step=step)


def moves(
    context: Context, movement: Movement, how: str, estimate: Estimate, is_significant: bool, late: str = ""
) -> str:
    """Return that something raises or lowers the outcome, or that its effect is not established.

    Of an exposure that is there or not the outcome is told with it and without.

    Parameters
    ----------
    how : by which method
    late : for what an effect is not significant once adjusted
    """
    study, steps, is_stated = context.study, movement.steps, is_significant and context.is_established
    shown = scaled_estimate(study, estimate, steps, context.outcome)
    number, limits = number_and_limits(_size(shown) if is_stated else shown)
    share = "" if movement.target else of_mean(study, shown.value, context.outcome)
    given = {
        "what": movement.what or change_text(context, steps[0]),
        "outcome": movement.target or changed(study, context.outcome),
        "number": in_units(study, number, context.outcome),
        "limits": limits,
        "level": percent(study.level, 0),
        "how": how,
        "late": late,
    }
    if not movement.what and study.scale(steps[0]).kind == "binary":
        given["number"] += f" ({share})" * bool(share)
        neither = marked(
            "With {what}, {outcome} differs by {number} from that without ({level} CI {limits}; {how}), not "
            "significantly different from zero{late}."
        )
        blocked = marked(
            "With {what}, {outcome} differs by {number} from that without ({level} CI {limits}; {how}), "
            "significant but not robust.",
            code="With_what_outcome_differs_not_robust",
        )
        up, down = (
            marked("With {what}, {outcome} is {number} higher than without ({level} CI {limits}; {how})."),
            marked("With {what}, {outcome} is {number} lower than without ({level} CI {limits}; {how})."),
        )
    else:
        given["number"] = listed(filter(None, (given["number"], share)))
        neither = marked(
            "{what} changes {outcome} by {number} ({level} CI {limits}; {how}), not significantly different "
            "from zero{late}."
        )
        blocked = marked(
            "{what} changes {outcome} by {number} ({level} CI {limits}; {how}), significant but not robust."
        )
        up, down = (
            marked("{what} raises {outcome} by {number} ({level} CI {limits}; {how})."),
            marked("{what} lowers {outcome} by {number} ({level} CI {limits}; {how})."),
        )
    words = up if estimate[0] > 0.0 else down
    if not is_stated:
        words = blocked if is_significant else neither
    text = context.filled(words, **given)
    # A name stays as it is where a language begins with it.
    begins_with_name = bool(steps) and text.startswith(changed(study, steps[0]))
    return text if begins_with_name else capitalised(text)


# Effects with what a test found that their errors allow for, and a p-value adjusted for a family.
Tested = effect.DebiasedEffect | within.WithinEffect | headline.IdentifiedEffect


def _errors(one: Tested) -> list[str]:
    return [rendered(one.errors)] * bool(one.errors)


def _once_adjusted(one: Tested, estimate: Estimate, family: str) -> str:
    """Return for what an effect is not significant once adjusted; empty where that alone decides nothing."""
    if one.is_significant or one.n_family == 1 or not is_outside(0.0, *estimate[1:]):
        return ""
    words = gettext(" once adjusted for {family} ({p})")
    return words.format(family=family.format(n=one.n_family), p=p_text(one.p_adjusted))


def _size(estimate: Estimate) -> Estimate:
    """Return an effect without its sign."""
    value, low, high = estimate
    return estimate if value > 0.0 else Estimate(-value, -high, -low)


def number_and_limits(estimate: Estimate) -> tuple[str, str]:
    """Return a number and the limits of its interval in words, ``149 to 656``."""
    number, limits = rounded_estimate(*estimate)
    low, _, high = limits[1:-1].partition(f",{NO_BREAK}")
    return number, ranged(low, high)


def higher_or_lower(
    context: Context, estimate: Estimate, *, is_significant: bool, level: str = "", exposure: str = ""
) -> str:
    """Return ``540 × 10⁴ t lower (305 to 776)``, and that it is not significant or not established.

    Parameters
    ----------
    level : stands before the limits, such as ``95% CI``
    exposure : that the estimate is a slope of; empty for a difference
    """
    steps = (exposure,) if exposure else ()
    number, limits = number_and_limits(
        _size(scaled_estimate(context.study, estimate, steps, context.outcome))
    )
    words = gettext("{number} lower ({limits})")
    if estimate.value > 0.0:
        words = gettext("{number} higher ({limits})")
    limits = f"{level} {limits}".strip()
    said = words.format(number=in_units(context.study, number, context.outcome), limits=limits)
    if not is_significant:
        return said + gettext(", not significant")
    return said if context.is_established else said + gettext(", not robust")


def _contrasts(
    context: Context,
    one: effect.DebiasedEffect | headline.IdentifiedEffect,
    levels: Iterable[effect.LevelEffect],
    how: str,
) -> str:
    """Return what each level of a categorical exposure rather than the base changes."""
    level = gettext("{level} CI").format(level=percent(context.study.level, 0))
    return context.worded(
        "Compared with {base}, {outcome} is: {levels} ({exposure}; {how}).",
        one,
        base=context.study.levels[0],
        levels=in_turn(_each(context, levels, level=level)),
        how=how,
    )


def _together(one: within.WithinEffect | headline.IdentifiedEffect) -> list[effect.LevelEffect]:
    """Return slopes, none of which is significant where all of them together are not."""
    return [slope if one.is_significant else replace(slope, decision=OPEN) for slope in one.slopes]


def _each(
    context: Context, slopes: Iterable[effect.LevelEffect], *, level: str, exposure: str = ""
) -> Iterator[str]:
    """Yield each level with its effect, the effect alone where it is a slope of an exposure."""
    for one in slopes:
        stated = {"level": level, "exposure": "" if one.level else exposure}
        is_significant = one.decision in SIGNIFICANT
        shown = higher_or_lower(context, one.estimate, is_significant=is_significant, **stated)
        yield f"{one.level} {shown}".strip()


def _signed(context: Context, estimate: Estimate) -> str:
    """Return ``−156 × 10⁴ t (95% CI −259 to −54)``."""
    number, limits = number_and_limits(estimate)
    return gettext("{number} ({level} CI {limits})").format(
        number=in_unit(number, context.study.unit(context.outcome)),
        level=percent(context.study.level, 0),
        limits=limits,
    )


def _along(context: Context, one: effect.DebiasedEffect) -> str:
    """Return where a line differs from zero, a curve from its mean, and the clearest point."""
    unit = context.study.unit(one.moderator or one.exposure)
    if one.form == "curve":
        words = marked("above its mean {stretches}"), marked("below its mean {stretches}")
        nowhere = gettext("nowhere significantly different from its mean")
    else:
        words = marked("above zero {stretches}"), marked("below zero {stretches}")
        nowhere = gettext("nowhere significantly different from zero")
    where = sides(dict(zip(words, (one.above, one.below), strict=True)), unit)
    return gettext("{told}; {number} at {at}").format(
        told=listed(where) or nowhere,
        number=_signed(context, one.estimate),
        at=in_unit(plain(one.at), "" if where else unit),
    )


def truth_outside(context: Context, one: effect.TruthOutside) -> str:
    """Return the true effect that an interval does not hold."""
    truth = scaled(context.study, one.truth, filter(None, [one.exposure]), context.outcome)
    return gettext("The true effect, {truth}, lies outside it.").format(truth=significant(truth, 3))


def linearity_text(context: Context, one: linearity.Linearity) -> str:
    """Return whether a test rejects a straight line; one with entity means is of no estimator."""
    given = context.filled("{estimator}, ") if context.estimator else gettext("Given fixed effects, ")
    kept = gettext("is not rejected: no evidence of nonlinearity")
    adjusted = context.filled(", adjusted {p}", p=p_text(one.p_adjusted))
    return context.worded(
        "{given}a linear effect of {exposure} {said} ({p_value}{adjusted}).",
        one,
        given=given,
        said=gettext("is rejected") if one.is_significant else kept,
        adjusted=adjusted if one.p_adjusted > one.p_value else "",
    )


def signs_differ(_: Context, one: sign.SignsDiffer) -> str:
    """Return that all models have one sign, and the debiased effect or the truth has the other."""
    n = one.n_curves
    if one.is_significant and math.isfinite(one.truth):
        if (one.truth < 0.0) is one.do_rise:
            models = npgettext(
                "text.effects",
                "{every} model has the wrong sign here; only the debiased estimate has the right one.",
                "{every} models have the wrong sign here; only the debiased estimate has the right one.",
                n,
            )
        else:
            models = npgettext(
                "text.effects",
                "{every} model has the right sign here; the debiased estimate has the wrong one.",
                "{every} models have the right sign here; the debiased estimate has the wrong one.",
                n,
            )
        return models.format(every=all_of(n))
    rises = npgettext("text.effects", "{every} model says it rises", "{every} models say it rises", n)
    falls = npgettext("text.effects", "{every} model says it falls", "{every} models say it falls", n)
    if one.is_significant:
        ends = (
            gettext("; the debiased estimate says it falls."),
            gettext("; the debiased estimate says it rises."),
        )
    else:
        ends = (
            gettext("; the truth falls; the debiased estimate cannot tell."),
            gettext("; the truth rises; the debiased estimate cannot tell."),
        )
    words = f"{rises}{ends[0]}" if one.do_rise else f"{falls}{ends[1]}"
    return words.format(every=all_of(n))


def fragile(context: Context, one: sensitivity.Fragile) -> str:
    """Return what an omitted variable would have to explain to bring the effect to zero."""
    if not one.covariate:
        return fragility(one.robustness_value)
    return context.worded(
        "An omitted variable that explains {share} of what is left of exposure and outcome, {times} times as "
        "strong as {covariate}, would bring the effect to zero.",
        one,
        share=percent(one.robustness_value),
        times=plain(float(f"{one.times:.2g}")),
    )


def fragility(robustness_value: float) -> str:
    """Return what it would take to bring an effect to zero (Cinelli and Hazlett 2020)."""
    words = gettext(
        "An omitted variable that explains {share} of what is left of exposure and outcome would bring the "
        "effect to zero."
    )
    return words.format(share=percent(robustness_value))


def _of_log(context: Context) -> Context:
    """Return the context in which a slope is of the logarithm of the outcome's mean, stated in per cent."""
    study, outcome = context.study, context.outcome
    scale = replace(study.scale(outcome), kind="log", source="", mean=None)
    return replace(context, study=replace(study, scales={**study.scales, outcome: scale}))


def within_effect(context: Context, one: within.WithinEffect) -> str:
    """Return the effect that an estimator with effects of entities finds."""
    context = _of_log(context) if one.is_of_log else context
    study = context.study
    label, level = study.estimator_label(context.estimator), percent(study.level, 0)
    name, first = one.slopes[0].level, one.slopes[0].estimate
    if one.is_alone and not name:
        how, late = listed([label, *_errors(one)]), _once_adjusted(one, first, gettext("{n} outcomes"))
        return moves(context, Movement((one.exposure,)), how, first, one.is_significant, late)
    interval = gettext("{level} CI").format(level=level) if one.is_alone else ""
    slopes = in_turn(_each(context, _together(one), level=interval, exposure=one.exposure))
    if not (one.is_significant or name) and is_outside(0.0, *first[1:]):
        slopes += gettext(" once adjusted ({p})").format(p=p_text(one.p_adjusted))
    text = context.filled("{estimator}: {slopes}.", slopes=slopes)
    base = [context.filled("Compared with {base}.", base=study.levels[0])] if one.is_alone and name else []
    return " ".join([text, *base])


def identified_effect(context: Context, one: headline.IdentifiedEffect) -> str:
    """Return the headline effect, called by what it is of."""
    context = _of_log(context) if one.is_of_log else context
    study = context.study
    by = rendered(one.how) or study.estimator_label(context.estimator)
    how = listed([rendered(one.estimand), by, *_errors(one)])
    if one.slopes[0].level:
        return _contrasts(context, one, _together(one), how)
    movement, estimate = Movement((one.exposure,)), one.slopes[0].estimate
    if one.is_treatment and study.scale(one.exposure).kind != "binary":
        movement = Movement((), study.label(one.exposure))
    late = _once_adjusted(one, estimate, gettext("{n} outcomes"))
    text = moves(context, movement, how, estimate, one.is_significant, late)
    return text + _least(context, one.least_detectable, movement.steps)


def no_identified_effect(context: Context, one: headline.NoIdentifiedEffect) -> str:
    """Return why the headline effect has no number."""
    by = rendered(one.how) or context.study.estimator_label(context.estimator)
    how = listed([rendered(one.estimand), by])
    return context.worded("The headline effect ({how}) could not be estimated: {reason}.", one, how=how)


# What holds a set of slopes of Anderson and Rubin.
WithSet = headline.AndersonRubinSet | headline.InstrumentStrength


def _anderson_rubin(words: str) -> Callable[[Context, WithSet], str]:
    """Return what says which slopes a test that holds for weak instruments does not reject."""

    def rendered_set(context: Context, one: WithSet) -> str:
        # No end is NaN.
        ends = (
            (-math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high)
            for low, high in one.stretches
        )
        return context.worded(words, one, confidence_set=set_in_words(tuple(ends)))

    return rendered_set


def no_within_effect(context: Context, one: within.NoWithinEffect) -> str:
    """Return that nothing goes by differences within entities."""
    words = marked(
        "No estimator of this study removes what is constant in each {entity_label}: it reports no effect."
    )
    if one.is_pooled:
        words = marked(
            "No estimator of this study removes what is constant in each {entity_label}.",
            code="No_estimator_removes_what_is_constant",
        )
    return context.filled(words, entity_label=entity_word(context.study))


def other_method(context: Context, one: within.OtherMethod) -> str:
    """Return that another method finds another effect."""
    words = gettext("{method} find {found}, another effect ({p}): do not read one of them as the effect.")
    method = rendered(one.method.replace("_", " "))
    context = replace(context, is_established=True)
    result = higher_or_lower(context, one.estimate, is_significant=one.is_significant, exposure=one.exposure)
    return capitalised(words.format(method=method, found=result, p=p_text(one.p_value)))


def pooled_differs(context: Context, one: within.PooledDiffers) -> str:
    """Return that pooled and within estimates differ."""
    study = context.study
    words = (
        marked("Pooled and within-{entity_label} estimates differ by a factor of {factor}")
        if math.isfinite(one.factor)
        else marked("Pooled and within-{entity_label} estimates have opposite signs")
    )
    label = entity_word(study)
    text = context.filled(words, entity_label=label, factor=fixed(one.factor, 0))
    return text + context.filled(": differences between {entities} drive the pooled one.")


def columns_agree(context: Context, one: agreement.ColumnsAgree) -> str:
    """Return how often all columns agree without an effect, and with one."""
    without, with_effect = (
        f"{percent(share.value)} {percent_interval(share.low, share.high)}"
        for share in (one.without, one.with_effect)
    )
    return context.worded(
        "{outcome}, {estimator}: with no effect all columns agree in {without} of {n_draws} draws, with an "
        "effect of {effect} in {with_effect}.",
        one,
        without=without,
        with_effect=with_effect,
        effect=plain(one.effect),
    )


TEXTS: Texts = {
    agreement.ColumnsAgree: columns_agree,
    effect.DebiasedEffect: debiased_effect,
    mediation.IndirectEffect: indirect_effect,
    effect.TruthOutside: truth_outside,
    linearity.Linearity: linearity_text,
    sign.SignsDiffer: signs_differ,
    sensitivity.Fragile: fragile,
    headline.IdentifiedEffect: identified_effect,
    headline.NoIdentifiedEffect: no_identified_effect,
    headline.AndersonRubinSet: _anderson_rubin(
        marked("The Anderson–Rubin set, valid however weak they are, is {confidence_set}.")
    ),
    headline.InstrumentStrength: _anderson_rubin(
        marked(
            "The first stage has an effective F of {effective_f} (above {critical_f} the bias is less than a "
            "tenth of the worst case). The Anderson–Rubin set, valid however weak the instruments are, is "
            "{confidence_set}."
        )
    ),
    headline.FewClusters: marked(
        "Errors are clustered by {n_clusters} clusters, fewer than {least}: intervals are rough."
    ),
    sensitivity.WeakSelection: marked(
        "Selection on omitted variables {delta} times as strong as on the controls would bring the slope to "
        "zero (Oster's delta, below one)."
    ),
    within.WithinEffect: within_effect,
    within.NoWithinEffect: no_within_effect,
    within.OtherMethod: other_method,
    within.PooledDiffers: pooled_differs,
    effect.NoEffect: marked("The debiased effect could not be estimated: {reason}."),
    effect.Assumption: lambda _, one: rendered(one.text),
    effect.LooksInteracting: marked(
        "A nonlinear effect looks like an interaction with a correlated covariate, too."
    ),
    effect.OneMethod: marked("Only one method was asked: nothing tests its assumption."),
    effect.MethodsDiffer: marked(
        "First differences and correlated random effects find different effects ({p_value}): the assumption "
        "of at least one of them fails."
    ),
    effect.LearnersDiffer: marked("It differs from the effect by the first learner ({p_value})."),
    effect.ExploratoryCurve: marked(
        "The curve is exploratory: in simulations with this method, learner or number of entities, bands "
        "covered whole curves too rarely."
    ),
    effect.ExploratoryLearner: marked(
        "The effect is exploratory: in simulations with fewer than {least} {entities}, learners of this kind "
        "found effects too often where there were none."
    ),
    FewEntities: marked("With {n_entities} {entities}, fewer than {least}, its interval is rough."),
    effect.LittleResidualVariation: marked(
        "Only {residual_share} of the exposure's variation remains given the controls: little to learn from."
    ),
    effect.WeakInstruments: marked("The instruments are weak: their first-stage F is {first_stage_f}."),
    mediation.MediatorAsRandom: marked(
        "It takes the mediator to be as good as random, given exposure and controls."
    ),
    linearity.LooksNonlinear: marked(
        "An effect that differs along a correlated covariate looks nonlinear, too."
    ),
}


def effect_label(context: Context, one: effect.DebiasedEffect) -> str:
    """Return method and form of a debiased effect, and of what rows or along what it is."""
    study = context.study
    first = gettext("Primary effect") if one.is_primary else gettext("Effect")
    exposure = one.exposure if one.exposure != study.exposure else ""
    names = map(study.label, filter(None, (exposure, one.moderator)))
    how = [rendered(one.method.replace("_", " ")), rendered(one.form), study.estimator_label(one.learner)]
    return gettext("{effect}: {how}").format(
        effect=first, how=listed([*how, *names, *filter(None, [one.group])])
    )


LABELS: Texts = {
    effect.DebiasedEffect: effect_label,
    effect.NoEffect: marked("Debiased effect: {reason}"),
    linearity.Linearity: marked("Nonlinearity (test)"),
}
