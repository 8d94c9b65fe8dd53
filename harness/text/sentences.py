"""The sentence of every code that findings have, and the rows of findings that are told in such sentences."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from harness.record.study import StudyRecord
from harness.tables.findings import FindingRow
from harness.tables.table import NAN
from harness.text import effects, gains

# What makes the sentence of a code from a study and the parameters, by their names.
SENTENCES: Mapping[str, Callable[..., str]] = {
    make.__name__: make
    for make in (
        *(gains.headline, gains.estimator_verdict, gains.lowest_error, gains.levels_gain_more),
        *(gains.folds_disagree, gains.time_seen_once, gains.warned, gains.unseen_levels),
        *(gains.hopeless_reference, gains.nickell),
        *(effects.curve_effect, effects.curve_bend, effects.turning_point, effects.threshold),
        *(effects.sign_change, effects.contrast, effects.one_effect, effects.group_difference),
        *(effects.linearity, effects.debiased, effects.assumption),
    )
} | {code: partial(effects.plain_sentence, code) for code in effects.PLAIN}

FindingKind = Literal[
    "gain",
    "effect",
    "nonlinearity",
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
        return SENTENCES[self.code](study, **self.parameters)


def finding(
    kind: FindingKind,
    sentence: Sentence,
    *,
    outcome: str,
    about: str,
    is_established: bool,
    estimator: str = "",
    estimate: tuple[float, float, float] = (NAN, NAN, NAN),
    p_value: float = NAN,
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
        about=about,
        text="",
        is_established=is_established,
        estimate=estimate[0],
        conf_low=estimate[1],
        conf_high=estimate[2],
        p_value=p_value,
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
    taken = inspect.signature(SENTENCES[row.code]).parameters
    own = {
        name: value for name in ("outcome", "estimator") if name in taken and (value := getattr(row, name))
    }
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
