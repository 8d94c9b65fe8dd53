"""The first screen: which findings stand on it, in which order, and their words on page and terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.findings.run import Run
from harness.language import spaced, topic
from harness.record.manifest import StudyRecord
from harness.tables.decision import SIGNIFICANT
from harness.tables.findings import FINDINGS, FindingRow, Screen
from harness.text.render import caveat_texts

gettext = topic("text.screen")

# Most sentences of each part: of one outcome, and of cautions of the whole run.
MOST: Mapping[Screen, int] = {"prediction": 2, "effect": 3, "trust": 2, "caution": 3}

# Codes of the effect that a study declares, or that comes first of those asked for.
CHOSEN = frozenset({"debiased_effect", "no_effect"})


@dataclass(frozen=True)
class OutcomeScreen:
    """What the first screen says of one outcome."""

    outcome: str
    prediction: tuple[FindingRow, ...]
    effect: tuple[FindingRow, ...]
    trust: tuple[FindingRow, ...]

    @property
    def is_declared(self) -> bool:
        """Whether the effect that stands first is the study's own choice, or none is chosen among several."""
        return all(row.is_primary for row in self.effect if row.code in CHOSEN)


@dataclass(frozen=True)
class FirstScreen:
    """All sentences of the first screen: those on each outcome, and what to read first."""

    outcomes: tuple[OutcomeScreen, ...]
    cautions: tuple[FindingRow, ...]

    @property
    def rows(self) -> tuple[FindingRow, ...]:
        """Every row that stands on it, in the order of reading."""
        of_outcomes = (row for one in self.outcomes for row in (*one.prediction, *one.effect, *one.trust))
        return (*self.cautions, *of_outcomes)


def screen(rows: Iterable[FindingRow], outcomes: Sequence[str]) -> FirstScreen:
    """Return the first screen: by outcome and part the rows of lowest rank, then as the table has them.

    A caution that several outcomes share is given once.
    """
    parts: dict[tuple[str, str], list[FindingRow]] = {}
    for row in rows:
        parts.setdefault((row.screen, "" if row.screen == "caution" else row.outcome), []).append(row)

    def part(name: Screen, outcome: str = "") -> tuple[FindingRow, ...]:
        ranked = sorted(parts.get((name, outcome), ()), key=lambda row: row.rank or 0)
        once: dict[tuple[str, str], FindingRow] = {}
        for row in ranked:
            once.setdefault((row.code, row.params), row)
        return tuple(once.values())[: MOST[name]]

    of_outcomes = (
        OutcomeScreen(name, part("prediction", name), part("effect", name), part("trust", name))
        for name in outcomes
    )
    return FirstScreen(tuple(of_outcomes), part("caution"))


def first_screen(run: Run) -> FirstScreen:
    """Return the rows of the first screen of a run, their texts in the language in use."""
    return screen(run.rows(FINDINGS), run.manifest.study.outcomes)


def labelled(one: OutcomeScreen, study: StudyRecord) -> tuple[tuple[str, str], ...]:
    """Return what each text on an outcome is about, with the text, those that say something.

    A gain or a loss that is significant and not established, since another protocol contradicts, is followed
    by what keeps it from being so; of effects rows of their own say it.
    """
    effect = gettext("Effect") if one.is_declared else gettext("Effect (not declared beforehand)")
    parts = (
        (
            gettext("Prediction"),
            " ".join(text for row in one.prediction for text in _with_blocking(row, study)),
        ),
        (effect, _joined(one.effect)),
        (gettext("Trust"), _joined(one.trust)),
    )
    return tuple((label, text) for label, text in parts if text)


def _with_blocking(row: FindingRow, study: StudyRecord) -> Iterator[str]:
    yield row.text
    if row.decision in SIGNIFICANT:
        yield from (text for text, is_blocking in caveat_texts(row, study) if is_blocking)


def _joined(rows: Sequence[FindingRow]) -> str:
    return " ".join(row.text for row in rows)


def screen_text(run: Run) -> str:
    """Return what a run says of each outcome as lines for a terminal, spaced as the page is."""
    study = run.manifest.study
    parts = [
        "\n".join([study.label(one.outcome), *(f"  {label}. {text}" for label, text in labelled(one, study))])
        for one in first_screen(run).outcomes
    ]
    return spaced("\n\n".join(parts))
