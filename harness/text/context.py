"""What sentences on a study are about, and how what they hold is shown, by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.findings.sentence import (
    Count,
    Estimate,
    EstimatorId,
    Hundredths,
    MeasuredId,
    ProtocolId,
    PValue,
    Ratio,
    Reason,
    Sentence,
    Share,
    Statistic,
    VariableId,
    WholeShare,
    Word,
    hints_of,
)
from harness.language import rendered, topic
from harness.record.manifest import StudyRecord
from harness.study.spec.study import Variable
from harness.text.numbers import count, fixed, in_unit, p_text, percent, significant, with_interval
from harness.text.plain_text import joined, listed

gettext = topic("text.context")


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


# How what a sentence holds is shown, by its type; all else stands as it is given.
SHOWN: Mapping[Any, Callable[[StudyRecord, Any], str]] = {
    EstimatorId: StudyRecord.estimator_label,
    VariableId: StudyRecord.label,
    MeasuredId: StudyRecord.axis_label,
    ProtocolId: StudyRecord.protocol_title,
    tuple[ProtocolId, ...]: quoted,
    tuple[VariableId, ...]: lambda study, names: joined([study.label(name) for name in names]),
    tuple[str, ...]: lambda _, names: joined(names),
    **dict.fromkeys((Word, Reason), lambda _, text: rendered(text)),
    tuple[Word, ...]: lambda _, words: joined([rendered(word) for word in words]),
    Count: lambda _, n: count(n),
    PValue: lambda _, value: p_text(value),
    tuple[PValue, ...]: lambda _, values: listed(map(p_text, values)),
    Share: lambda _, share: percent(share),
    WholeShare: lambda _, share: percent(share, 0),
    Ratio: lambda _, value: significant(value, 3),
    Hundredths: lambda _, value: fixed(value, 2),
    Statistic: lambda _, value: fixed(value, 1),
    Estimate: lambda _, estimate: with_interval(*estimate),
    tuple[Estimate, ...]: lambda _, estimates: joined([with_interval(*one) for one in estimates]),
}


@dataclass(frozen=True)
class Context:
    """What a sentence is about: a study, and the outcome and estimator where it has one."""

    study: StudyRecord
    outcome: str = ""
    estimator: str = ""

    def filled(self, message: str, /, **given: object) -> str:
        """Return a message in the language in use, its fields filled with texts."""
        study = self.study
        known = {"entity": study.entity, "entities": entities(study)}
        known |= {"estimator": study.estimator_label(self.estimator), "outcome": study.label(self.outcome)}
        return rendered(message).format_map({**known, **given})

    def worded(self, message: str, sentence: Any, /, **given: object) -> str:  # noqa: ANN401 - a dataclass
        """Return a message, filled with the fields of a sentence as `SHOWN` says, and with texts."""
        shown = {
            name: SHOWN[hint](self.study, value) if hint in SHOWN else value
            for name, hint in hints_of(type(sentence)).items()
            for value in (getattr(sentence, name),)
        }
        return self.filled(message, **{**shown, **given})

    def effect(self, estimate: Estimate, exposure: str) -> str:
        """Return an effect in the outcome's unit per unit of the exposure; alone where neither has one."""
        unit = self.study.unit(self.outcome)
        number = in_unit(with_interval(*estimate), unit)
        return (
            self.filled("{number} per unit", number=number) if unit or self.study.unit(exposure) else number
        )


# The words of sentences by their class: a message, filled as types say, or what makes the text.
Texts = Mapping[type[Sentence], str | Callable[[Context, Any], str]]
