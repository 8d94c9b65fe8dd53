"""How the choices of a multiverse and their levels are called."""

from __future__ import annotations

from collections.abc import Mapping

from harness.report.words.text import capitalised
from harness.store.study_record import StudyRecord

CHOICES: Mapping[str, str] = {"sample": "rows compared on", "seed": "random seed"}
SAMPLES: Mapping[str, str] = {"train": "training rows", "test": "test rows", "all": "all rows"}


def choice_label(choice: str) -> str:
    """Return how a choice is called; an option by its name."""
    return capitalised(CHOICES.get(choice, choice.replace("_", " ")))


def level_label(study: StudyRecord, choice: str, level: str) -> str:
    """Return how a level of a choice is called."""
    if choice == "reference":
        return study.estimator_label(level)
    if choice == "protocol":
        return study.protocol_title(level)
    return SAMPLES.get(level, level) if choice == "sample" else level
