"""Sentences of the first screen: effects by other methods, and what to think of an effect and of gains."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.language import gettext, marked
from harness.tables.table import NAN
from harness.text.context import Context, Estimate
from harness.text.effects import fragility, higher_or_lower, moves, one_more
from harness.text.numbers import fixed, is_outside, p_text, percent, plain
from harness.text.plain_text import capitalised, in_turn, joined


def only_estimator(context: Context) -> str:
    """Return that nothing is compared."""
    return context.filled("{estimator} is the only estimator: nothing is compared.")


def within_effect(
    context: Context, *, exposure: str, slopes: Sequence[tuple[str, Estimate]], is_alone: bool
) -> str:
    """Return the effect that an estimator with effects of entities finds.

    Parameters
    ----------
    slopes : the level of a categorical exposure, empty for a slope, with the estimate
    is_alone : whether no debiased effect stands before it
    """
    study = context.study
    label, level = study.estimator_label(context.estimator), percent(study.level, 0)
    name, first = slopes[0]
    if is_alone and not name:
        what, target = one_more(context, exposure), study.label(context.outcome)
        is_significant = is_outside(0.0, *first[1:])
        return moves(context, what, target, first, label, is_significant=is_significant)
    interval = gettext("{level} CI").format(level=level) if is_alone else ""
    each = [f"{level} {higher_or_lower(context, one, level=interval)}".strip() for level, one in slopes]
    said = context.filled("{estimator}: {slopes}.", slopes=in_turn(each))
    base = [context.filled("Compared with {base}.", base=study.levels[0])] if is_alone and name else []
    return " ".join([said, *base])


def other_method(context: Context, *, method: str, estimate: Estimate, p_value: float) -> str:
    """Return that another method finds another effect."""
    found = higher_or_lower(context, estimate)
    words = gettext("{method} find {found}, another effect ({p}): do not read one of them as the effect.")
    return capitalised(words.format(method=gettext(method.replace("_", " ")), found=found, p=p_text(p_value)))


def no_within_effect(context: Context) -> str:
    """Return that nothing goes by differences within entities."""
    return context.filled(
        "No estimator of this study removes what is constant in each {entity_label}: it reports no effect.",
        entity_label=context.study.label(context.study.entity),
    )


def signs_differ(
    _: Context, *, n_curves: int, do_rise: bool, is_significant: bool, truth: float = NAN
) -> str:
    """Return that the curves of all models go where the debiased effect does not, and whither the true one.

    Parameters
    ----------
    do_rise : whether the curves of the models rise
    is_significant : whether the interval of the debiased effect excludes zero
    truth : the true effect; NaN where it is not known
    """
    rise, fall = gettext("All {n} models' curves rise"), gettext("All {n} models' curves fall")
    if n_curves == 1:
        rise, fall = gettext("The model's curve rises"), gettext("The model's curve falls")
    curves = (rise if do_rise else fall).format(n=n_curves)
    if is_significant:
        debiased = gettext("the debiased effect falls") if do_rise else gettext("the debiased effect rises")
    else:
        debiased = gettext("the debiased interval excludes their slopes")
    is_alike = (truth < 0.0) is do_rise
    true = ""
    if math.isfinite(truth) and is_significant:
        true = gettext(", as the true effect does") if is_alike else gettext(", unlike the true effect")
    elif math.isfinite(truth):
        rises, falls = gettext(", and the true effect rises"), gettext(", and the true effect falls")
        true = rises if truth > 0.0 else falls
    return gettext("{curves}; {debiased}{true}.").format(curves=curves, debiased=debiased, true=true)


def recognised(context: Context, *, share: float, gain: float) -> str:
    """Return how much of a gain on random rows comes from recognising entities.

    Parameters
    ----------
    share : of the gain, 1 and more where none of it remains
    """
    all_of_it = marked(
        "All of the {gained} that {estimator} gains on random rows comes from recognising {entities}."
    )
    part = marked(
        "{share} of the gain of {estimator} on random rows ({gained}) comes from recognising {entities}."
    )
    return context.filled(
        all_of_it if share >= 1.0 else part, share=percent(share, 0), gained=percent(gain, 0)
    )


def pooled_apart(context: Context, *, factor: float) -> str:
    """Return that pooled and within estimates differ.

    Parameters
    ----------
    factor : the larger over the smaller; NaN where their signs differ
    """
    study = context.study
    words = (
        marked("Pooled and within-{entity_label} estimates differ by a factor of {factor}")
        if math.isfinite(factor)
        else marked("Pooled and within-{entity_label} estimates have opposite signs")
    )
    said = context.filled(words, entity_label=study.label(study.entity), factor=fixed(factor, 0))
    return said + context.filled(": differences between {entities} drive the pooled one.")


def fragile(context: Context, *, robustness_value: float, covariate: str = "", times: float = NAN) -> str:
    """Return what a confounder would have to explain to overturn the effect, and how strong that is."""
    if not covariate:
        return fragility(robustness_value)
    words = gettext(
        "A confounder that explains {share} of the remaining variation of exposure and outcome, "
        "{times} times as strong as {covariate}, would overturn the effect."
    )
    return words.format(
        share=percent(robustness_value),
        times=plain(float(f"{times:.2g}")),
        covariate=context.study.label(covariate),
    )


def printed_contradict(
    context: Context, *, gains: Sequence[str], medians: Sequence[str], moderators: Sequence[str]
) -> str:
    """Return what printed numbers say against each other, and under which assumption.

    Parameters
    ----------
    gains : outcomes whose printed gain is not that of the printed errors
    medians : outcomes whose printed medians of groups are not those of one fit
    moderators : those of which printed values and medians are not in one system of units
    """
    clauses = (
        (gettext("the printed gain in {names} does not follow from the printed errors"), gains),
        (
            gettext("if one fit gave all of them, the printed medians of {names} contradict each other"),
            medians,
        ),
        (
            gettext(
                "if all are in one system of units, the printed values of {names} contradict the medians"
            ),
            moderators,
        ),
    )
    parts = [
        words.format(names=joined([context.study.label(name) for name in names]))
        for words, names in clauses
        if names
    ]
    return gettext("Without any data: {parts}.").format(parts=in_turn(parts))
