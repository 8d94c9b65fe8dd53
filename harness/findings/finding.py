"""What a finding is: a sentence, its numbers, whether it is established, and what stands against it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

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
class StudyFinding:
    """One sentence of the verdict.

    Attributes
    ----------
    estimator : it is about; empty where it is about all
    about : what tells it from others of its kind: the reference of a gain, the curve of a turning point, the
        groups of a difference, the values of a contrast, the moderator of a change of sign
    text : the sentence
    is_established : whether it may be taken for something that is there
    estimate, conf_low, conf_high, p_value : what it rests on, in the unit of its kind; NaN where it is about
        many numbers
    error_rate : how often such a sentence is wrong on panels of this shape; NaN where that was not measured
    caveats : what a reader should know of it, in sentences
    """

    outcome: str
    estimator: str
    finding: FindingKind
    about: str
    text: str
    is_established: bool
    estimate: float = math.nan
    conf_low: float = math.nan
    conf_high: float = math.nan
    p_value: float = math.nan
    error_rate: float = math.nan
    caveats: str = ""
