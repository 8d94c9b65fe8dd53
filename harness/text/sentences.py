"""The sentence of every code that findings have, and the rows of findings that are told in such sentences."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.language import gettext, marked, translated
from harness.record.study import StudyRecord
from harness.tables.findings import FindingRow
from harness.tables.table import NAN
from harness.text import answers, effects, gains
from harness.text.context import Context

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
        "“{protocol}” tests fewer than five periods: its intervals are conditional on them, and there is no "
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
    return translated(text)


def warned(_: Context, *, about: str, message: str) -> str:
    """Return a warning that bears on gains."""
    words = gettext("Few entities: {message}.") if about == "W-FEWENTITIES" else gettext("{message}.")
    return words.format(message=translated(message))


# What makes the sentence of a code from what it is about and the parameters, by their names.
SENTENCES: Mapping[str, Callable[..., str]] = {
    make.__name__: make
    for make in (
        *(gains.headline, gains.estimator_verdict, gains.lowest_error, gains.levels_gain_more),
        *(gains.hopeless_reference, warned, assumption),
        *(effects.model_curve, effects.curve_bend, effects.turning_point, effects.sign_change),
        *(effects.contrast, effects.group_difference, effects.linearity, effects.debiased),
        effects.indirect_effect,
        *(answers.only_estimator, answers.within_effect, answers.other_method, answers.no_within_effect),
        *(answers.signs_differ, answers.recognised, answers.pooled_apart, answers.fragile),
        answers.printed_contradict,
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
