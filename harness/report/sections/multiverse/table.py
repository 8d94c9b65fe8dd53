"""The table of what each choice of a multiverse moves, and how choices and their levels are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.model.run import Run
from harness.report.sections.multiverse.rows import choices_of
from harness.report.text.numbers import count, percent
from harness.report.text.plain_text import capitalised

CHOICES: Mapping[str, str] = {
    "sample": marked("rows compared on"),
    "seed": marked("random seed"),
    "reference": marked("reference"),
    "protocol": marked("protocol"),
    "controls": marked("controls"),
}
SAMPLES: Mapping[str, str] = {
    "train": marked("training rows"),
    "test": marked("test rows"),
    "all": marked("all rows"),
}


@dataclass(frozen=True)
class LevelTableRow:
    """One level of a choice in words."""

    label: str
    n: str
    mean_gain: str


@dataclass(frozen=True)
class ChoiceGroup:
    """One choice in words."""

    heading: str
    share_of_variance: str
    rows: tuple[LevelTableRow, ...]


def choice_table(run: Run, outcome: str) -> tuple[ChoiceGroup, ...]:
    """Return the choices for one outcome that have more than one level, those that move most first."""
    study = run.manifest.study
    groups = []
    own = choices_of(run, outcome)
    shares = {row.choice: row.share_of_variance for row in own}
    for choice in sorted(shares, key=lambda name: -shares[name]):
        levels = [row for row in own if row.choice == choice]
        if len(levels) > 1:
            rows = tuple(
                LevelTableRow(level_label(study, choice, row.level), count(row.n), percent(row.mean_gain))
                for row in levels
            )
            groups.append(ChoiceGroup(choice_label(choice), percent(shares[choice]), rows))
    return tuple(groups)


def choice_label(choice: str) -> str:
    """Return how a choice is called; an option by its name."""
    return capitalised(gettext(CHOICES.get(choice, choice.replace("_", " "))))


def level_label(study: StudyRecord, choice: str, level: str) -> str:
    """Return how a level of a choice is called."""
    if choice == "reference":
        return study.estimator_label(level)
    if choice == "protocol":
        return study.protocol_title(level)
    return gettext(SAMPLES.get(level, level)) if choice == "sample" else level
