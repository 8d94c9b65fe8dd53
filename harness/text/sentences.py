"""The sentence of every code that findings have, and the rows of findings that are told in such sentences."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.tables.findings import FindingRow
from harness.tables.table import NAN
from harness.text import effects, gains
from harness.text.context import Context, Estimate
from harness.text.effects import fragility, higher_or_lower, moves, one_more
from harness.text.numbers import fixed, is_outside, p_text, percent, plain
from harness.text.plain_text import capitalised, in_turn, joined

gettext = topic("text.sentences")


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
    return capitalised(
        words.format(method=rendered(method.replace("_", " ")), found=found, p=p_text(p_value))
    )


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
    """Return in what printed numbers disagree with each other.

    Parameters
    ----------
    gains : outcomes whose printed gain is not that of the printed errors
    medians : outcomes whose printed medians of groups are not those of one fit
    moderators : those of which printed values and medians are not in one system of units
    """
    clauses = (
        (gettext("the printed gain in {names} does not follow from the printed errors"), gains),
        (gettext("the printed medians of {names} cannot all come from one fit"), medians),
        (gettext("the printed values of {names} and the medians cannot be in the same units"), moderators),
    )
    parts = [
        words.format(names=joined([context.study.label(name) for name in names]))
        for words, names in clauses
        if names
    ]
    return gettext("The printed numbers disagree with each other: {parts}.").format(parts=in_turn(parts))


# Sentences that are a message alone, by code; the context knows how what they hold is shown.
MESSAGES: Mapping[str, str] = {
    "time_seen_once": marked(
        "Fewer than five test periods under {protocols}: the interval is conditional on them, and there is "
        "no p-value."
    ),
    "unseen_levels": marked("{estimator} under “{protocol}”: {message}."),
    "nickell": marked(
        "{lagged} is the outcome of an earlier period: next to fixed effects of {entity} its coefficient is "
        "biased by about 1/T (T = {n_periods}; Nickell 1981), and so are those of correlated regressors."
    ),
    "one_effect": marked("{estimator} has one effect for all groups by {by}: its form allows no other."),
    "one_of_contrasts": marked("One of {n_contrasts} contrasts; its interval allows for their number."),
    "one_of_pairs": marked(
        "One of {n_pairs} differences; the p-value allows for their number (Holm), the interval does not."
    ),
    "no_effect": marked("The effect {about} could not be estimated: {reason}."),
    "of_note": marked("{message}."),
    "no_result": marked("{estimator} has no result: {reason}."),
    "selected_on_test_rows": marked(
        "Under “{protocol}”, the protocol of the printed gains, test rows took part in selecting the models."
    ),
    "printed_contradict_if": marked(
        "Some printed numbers contradict each other under assumptions that “Published numbers” names."
    ),
    "few_periods": marked(
        "“{protocol}” tests {periods} alone: its intervals are conditional on these periods, and there is no "
        "p-value."
    ),
    "few_in_all": marked("With {n_entities} {entities} intervals are rough."),
    "no_first_effect": marked("The debiased effect could not be estimated: {reason}."),
    "threshold": marked(
        "{estimator}: sequential tests find {n_found} thresholds in {moderator} ({p_values}); those of the "
        "model are at {places}."
    ),
    "friedman_h": marked(
        "{estimator}: Friedman's H of {exposure} and {moderator} is {h}; noise alone lifts it above zero."
    ),
    "no_interaction": marked(
        "{estimator}: no interaction of {exposure} and {moderator}; its form allows none."
    ),
    "of_a_model": marked("It describes the model's predictions and is no effect."),
    "bends": marked("An effect that differs along a correlated covariate looks nonlinear, too."),
    "breaks": marked("An effect that changes smoothly looks like thresholds, too."),
    "products": marked("A nonlinear effect looks like an interaction with a correlated covariate, too."),
    "few_entities": marked("With {n_entities} {entities}, fewer than {least}, its interval is rough."),
    "exploratory_curve": marked(
        "The curve is exploratory: in simulations with this method, learner or number of entities, bands "
        "covered whole curves too rarely."
    ),
    "exploratory_learner": marked(
        "The effect is exploratory: in simulations with fewer than {least} {entities}, learners of this kind "
        "found effects too often where there were none."
    ),
    "methods_part": marked(
        "First differences and correlated random effects find different effects ({p_value}): the assumption "
        "of at least one of them fails."
    ),
    "learners_part": marked("It differs from the effect by the first learner ({p_value})."),
    "one_method": marked("Only one method was asked: nothing tests its assumption."),
    "mediator_as_random": marked(
        "It takes the mediator to be as good as random, given exposure and controls."
    ),
    "little_left": marked(
        "Only {share_left} of the exposure's variation remains given the controls: little to learn from."
    ),
    "weak_instruments": marked("The instruments are weak: their first-stage F is {first_stage_f}."),
}


def assumption(_: Context, *, text: str) -> str:
    """Return what an effect assumes, as its table says it."""
    return rendered(text)


def warned(_: Context, *, about: str, message: str) -> str:
    """Return a warning that bears on gains."""
    words = gettext("Few entities: {message}.") if about == "W-FEWENTITIES" else gettext("{message}.")
    return words.format(message=rendered(message))


# What makes the sentence of a code from what it is about and the parameters, by their names.
SENTENCES: Mapping[str, Callable[..., str]] = {
    make.__name__: make
    for make in (
        *(gains.headline, gains.estimator_verdict, gains.lowest_error, gains.levels_gain_more),
        *(gains.hopeless_reference, warned, assumption),
        *(effects.model_curve, effects.curve_bend, effects.turning_point, effects.sign_change),
        *(effects.contrast, effects.group_difference, effects.linearity, effects.debiased),
        effects.indirect_effect,
        *(only_estimator, within_effect, other_method, no_within_effect),
        *(signs_differ, recognised, pooled_apart, fragile),
        printed_contradict,
    )
}

FindingKind = Literal[
    "gain",
    "effect",
    "mediation",
    "model_curve",
    "nonlinearity",
    "interaction",
    "turning_point",
    "contrast",
    "group_difference",
    "sign_change",
    "threshold",
    "lowest_error",
]


@dataclass(frozen=True)
class Sentence:
    """A sentence before it is put into words.

    Attributes
    ----------
    code : one of `SENTENCES`
    parameters : numbers, ids and texts that the sentence holds; what is missing is left out
    """

    code: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def said(self, study: StudyRecord) -> str:
        """Return it in the language in use."""
        about = {name: own for name, own in self.parameters.items() if name in ("outcome", "estimator")}
        rest = {name: own for name, own in self.parameters.items() if name not in about}
        context = Context(study, **about)
        return (
            context.filled(MESSAGES[self.code], **rest)
            if self.code in MESSAGES
            else SENTENCES[self.code](context, **rest)
        )


def finding(
    kind: FindingKind,
    sentence: Sentence,
    *,
    outcome: str,
    about: str,
    is_established: bool,
    estimator: str = "",
    is_primary: bool = False,
    estimate: tuple[float, float, float] = (NAN, NAN, NAN),
    p_value: float = NAN,
    p_adjusted: float = NAN,
    least_detectable: float = NAN,
    against: Sequence[Sentence] = (),
) -> FindingRow:
    """Return a finding that is not put into words.

    Parameters
    ----------
    sentence : its parameters without outcome and estimator, which are the finding's own
    estimate : what it rests on, with the limits of its interval
    against : what stands against it
    """
    row = FindingRow(
        outcome=outcome,
        estimator=estimator,
        finding=kind,
        is_primary=is_primary,
        about=about,
        text="",
        is_established=is_established,
        estimate=estimate[0],
        conf_low=estimate[1],
        conf_high=estimate[2],
        p_value=p_value,
        p_adjusted=p_adjusted,
        least_detectable=least_detectable,
        code=sentence.code,
        parameters=_as_json({**sentence.parameters, CAVEATS: []}),
    )
    return with_caveats(row, against)


# Among the parameters of a finding: code and parameters of each sentence that stands against it.
CAVEATS = "caveats"


def with_caveats(row: FindingRow, against: Sequence[Sentence]) -> FindingRow:
    """Return a finding with more that stands against it."""
    parameters = json.loads(row.parameters)
    parameters[CAVEATS] += [[one.code, one.parameters] for one in against]
    return replace(row, parameters=_as_json(parameters))


def worded(row: FindingRow, study: StudyRecord) -> FindingRow:
    """Return a finding with its text and caveats in the language in use, from code and parameters alone."""
    parameters = _from_json(json.loads(row.parameters))
    caveats = [Sentence(*one).said(study) for one in parameters.pop(CAVEATS)]
    own = {"outcome": row.outcome, "estimator": row.estimator}
    return replace(row, text=Sentence(row.code, own | parameters).said(study), caveats=" ".join(caveats))


def _as_json(parameters: Mapping[str, Any]) -> str:
    """Return parameters as JSON, null for a number that there is not."""
    return json.dumps(_without_nan(parameters), ensure_ascii=False)


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - plain data
    if isinstance(value, Mapping):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if value != value else value


def _from_json(value: Any) -> Any:  # noqa: ANN401 - plain data
    if isinstance(value, dict):
        return {name: _from_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_from_json(one) for one in value]
    return NAN if value is None else value
