"""What sentences on a study are about, and how what they hold is shown, by its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.study.spec.study import Variable
from harness.tables.findings import FindingRow
from harness.text.numbers import fixed, in_unit, p_text, percent, significant, with_interval
from harness.text.plain_text import joined, listed

gettext = topic("text.context")


# A number with the limits of its interval.
Estimate = tuple[float, float, float]


# Plurals of the study's word for its entities that no rule gives.
IRREGULAR = {"man": "men", "woman": "women", "person": "people", "child": "children"}


def entities(study: StudyRecord) -> str:
    """Return what the study calls its entities, such as ``cities``; ``entities`` where it has no word.

    A label in Latin letters has no plural in another language than English unless the study gives it.
    """
    variable = study.variables.get(study.entity, Variable())
    if variable.plural:
        return variable.plural
    word, general = variable.label, gettext("entities")
    if not word or (word.isascii() and general != "entities"):
        return general
    return _plural(word) if word.isascii() else word


def _plural(word: str) -> str:
    start, _, last = word.rpartition(" ")
    small = last.lower()
    if small in IRREGULAR:
        plural = IRREGULAR[small]
    elif small.endswith("y") and small[-2:-1] not in "aeiou":
        plural = f"{last[:-1]}ies"
    else:
        plural = last + ("es" if small.endswith(("s", "x", "z", "ch", "sh")) else "s")
    return f"{start} {plural}".strip()


def quoted(study: StudyRecord, protocols: Iterable[str], last: Literal["and", "or"] = "and") -> str:
    """Return the protocols' titles in quotation marks, as a list."""
    return joined([f"“{study.protocol_title(protocol)}”" for protocol in protocols], last)


# How what a message holds is shown, by the name of its place; all else stands as it is given.
SHOWN: Mapping[str, Callable[[StudyRecord, Any], str]] = {
    **dict.fromkeys(("estimator", "reference", "rival"), StudyRecord.estimator_label),
    **dict.fromkeys(("exposure", "by"), StudyRecord.label),
    "moderator": StudyRecord.axis_label,
    "protocol": StudyRecord.protocol_title,
    "protocols": quoted,
    "lagged": lambda _, names: joined(names),
    "periods": lambda _, names: joined(names) or gettext("few periods"),
    "outcomes": lambda study, names: joined([study.label(name) for name in names]),
    **dict.fromkeys(("message", "kind", "reason"), lambda _, text: rendered(text)),
    "p_value": lambda _, value: p_text(value),
    "share_of_draws": lambda _, share: percent(share, 0),
    **dict.fromkeys(("share_left", "gain", "most", "less"), lambda _, share: percent(share)),
    "first_stage_f": lambda _, value: fixed(value, 1),
    "h": lambda _, estimate: with_interval(*estimate),
    "places": lambda _, places: joined([with_interval(*place) for place in places]),
    "p_values": lambda _, values: listed(map(p_text, values)),
    "nmse": lambda _, value: significant(value, 3),
}


@dataclass(frozen=True)
class Context:
    """What a sentence is about: a study, and the outcome and estimator where it has one."""

    study: StudyRecord
    outcome: str = ""
    estimator: str = ""

    def filled(self, message: str, /, **given: object) -> str:
        """Return a message in the language in use, its places filled as `SHOWN` says."""
        study = self.study
        own = {"estimator": self.estimator, "entity": study.entity, "entities": entities(study)}
        given = {**own, **given}
        shown = {name: SHOWN[name](self.study, own) if name in SHOWN else own for name, own in given.items()}
        return rendered(message).format_map(shown)

    def effect(self, estimate: Estimate, exposure: str) -> str:
        """Return an effect in the outcome's unit per unit of the exposure; alone where neither has one."""
        unit = self.study.unit(self.outcome)
        number = in_unit(with_interval(*estimate), unit)
        return (
            self.filled("{number} per unit", number=number) if unit or self.study.unit(exposure) else number
        )


# By code of a finding; what it is of is in the parameters.
LABELS: Mapping[str, str] = {
    "no_effect": marked("Debiased effect: {reason}"),
    "linearity": marked("Nonlinearity (test)"),
    "curve_bend": marked("Nonlinearity of the curve, {estimator}"),
    "model_curve": marked("Slope of the curve, {estimator}"),
    "turning_point": marked("Turning point ({kind}), {estimator}"),
    "contrast": marked("{high} rather than {low}, {estimator}"),
    "group_difference": marked("{group} less {other}, {estimator}"),
    "sign_change": marked("Change of sign along {moderator}, {estimator}"),
    "threshold": marked("Thresholds in {moderator}, {estimator}"),
    "friedman_h": marked("Interaction with {moderator}, {estimator}"),
    "no_interaction": marked("Interaction with {moderator}, {estimator}"),
    "one_effect": marked("Difference between groups by {by}, {estimator}"),
}

# Parameters that these hold.
NAMED = ("reason", "kind", "high", "low", "group", "other", "moderator", "by")


def finding_label(row: FindingRow, study: StudyRecord) -> str:
    """Return what a finding is about, in the language in use."""
    parameters = json.loads(row.parameters)
    context = Context(study, row.outcome, row.estimator)
    if row.code == "debiased":
        return _effect(context, parameters, is_primary=row.is_primary)
    if row.code not in LABELS:
        return row.text
    return context.filled(LABELS[row.code], **{name: parameters.get(name, "") for name in NAMED})


def _effect(context: Context, parameters: Mapping[str, Any], *, is_primary: bool) -> str:
    """Return method and form of a debiased effect, and of what rows or along what it is."""
    study = context.study
    first = gettext("Primary effect") if is_primary else gettext("Effect")
    method, form = parameters["method"].replace("_", " "), parameters["form"]
    exposure = parameters["exposure"] if parameters["exposure"] != study.exposure else ""
    names = map(study.label, filter(None, (exposure, parameters.get("moderator"))))
    of = [*names, *filter(None, [parameters.get("group")])]
    return gettext("{effect}: {how}").format(
        effect=first,
        how=listed([rendered(method), rendered(form), study.estimator_label(parameters["learner"]), *of]),
    )
