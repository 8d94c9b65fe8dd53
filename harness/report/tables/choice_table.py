"""The table of what each choice of a multiverse moves."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.reading.run import Run
from harness.report.words.choices import choice_label, level_label
from harness.report.words.digits import count, percent


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
    own = [row for row in run.choices if row.outcome == outcome]
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
