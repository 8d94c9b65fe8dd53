"""What rules on rows give: findings, a code with parameters each, before they are put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from harness.arrays import Floats, Mask
from harness.record.study import StudyRecord
from harness.tables.findings import FindingRow
from harness.tables.table import NAN
from harness.text.effects import Stretch
from harness.text.sentences import Sentence

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


@dataclass(frozen=True, kw_only=True)
class StudyFinding(FindingRow):
    """A row of findings, with its sentence and caveats before they are put into words.

    Attributes
    ----------
    sentence : its code and parameters
    against : what stands against it
    """

    sentence: Sentence
    against: tuple[Sentence, ...] = ()

    def worded(self, study: StudyRecord) -> FindingRow:
        """Return the finding with its text and caveats in the language in use."""
        caveats = " ".join(one.said(study) for one in self.against)
        return replace(self, text=self.sentence.said(study), caveats=caveats)


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
) -> StudyFinding:
    """Return a finding that is not put into words.

    Parameters
    ----------
    estimate : what it rests on, with the limits of its interval
    """
    return StudyFinding(
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
        sentence=sentence,
        against=tuple(against),
    )


def stretches(at: Floats, positions: Mask) -> tuple[Stretch, ...]:
    """Return first and last point of the stretches of a grid that are meant.

    Parameters
    ----------
    at : (n_grid,), increasing
    positions : (n_grid,), any
    """
    found = []
    for is_meant, run in groupby(range(at.size), key=lambda position: bool(positions[position])):
        if is_meant:
            own = list(run)
            found.append((float(at[own[0]]), float(at[own[-1]])))
    return tuple(found)
