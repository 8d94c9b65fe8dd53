"""The sentence of every code that findings have, made from its parameters in the language in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.record.study import StudyRecord
from harness.text import effects, gains

SENTENCES: Mapping[str, Callable[..., str]] = {
    make.__name__: make
    for make in (
        *(gains.headline, gains.estimator_verdict, gains.lowest_error, gains.levels_gain_more),
        *(gains.folds_disagree, gains.time_seen_once, gains.warned, gains.unseen_levels),
        *(gains.hopeless_reference, gains.nickell),
        *(effects.curve_effect, effects.curve_bend, effects.turning_point, effects.threshold),
        *(effects.sign_change, effects.contrast, effects.one_of_contrasts, effects.one_of_pairs),
        *(effects.one_effect, effects.group_difference, effects.linearity, effects.debiased),
        *(effects.assumption, effects.few_entities, effects.few_effective, effects.little_left),
        effects.weak_instruments,
    )
}
"""What makes the sentence of a code from a study and the parameters, by their names."""


@dataclass(frozen=True)
class Sentence:
    """A sentence before it is put into words.

    Attributes
    ----------
    code : one of `SENTENCES`
    parameters : numbers, ids and texts that the sentence holds; what is missing is left out
    """

    code: str
    parameters: Mapping[str, Any]

    def said(self, study: StudyRecord) -> str:
        """Return it in the language in use."""
        return SENTENCES[self.code](study, **self.parameters)
