"""The first screen of a run in words: on the page, in a terminal, for scripts and assistants."""

from __future__ import annotations

from collections.abc import Sequence

from harness.findings.run import Run
from harness.findings.screen import FirstScreen, OutcomeScreen, screen
from harness.language import spaced, topic
from harness.tables.findings import FINDINGS, FindingRow

gettext = topic("text.screen")


def first_screen(run: Run) -> FirstScreen:
    """Return the rows of the first screen of a run, their texts in the language in use."""
    return screen(run.rows(FINDINGS), run.manifest.study.outcomes)


def labelled(one: OutcomeScreen) -> tuple[tuple[str, str], ...]:
    """Return what each text on an outcome is about, with the text, those that say something."""
    effect = gettext("Effect") if one.is_declared else gettext("Effect (not declared beforehand)")
    parts = (
        (gettext("Prediction"), _joined(one.prediction)),
        (effect, _joined(one.effect)),
        (gettext("Trust"), _joined(one.trust)),
    )
    return tuple((label, text) for label, text in parts if text)


def _joined(rows: Sequence[FindingRow]) -> str:
    return " ".join(row.text for row in rows)


def screen_text(run: Run) -> str:
    """Return what a run says of each outcome as lines for a terminal, spaced as the page is."""
    study = run.manifest.study
    parts = [
        "\n".join([study.label(one.outcome), *(f"  {label}. {text}" for label, text in labelled(one))])
        for one in first_screen(run).outcomes
    ]
    return spaced("\n\n".join(parts))
