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

    What is significant and not established is followed by what keeps it from being so, once for all.
    """
    effect = gettext("Effect") if one.is_declared else gettext("Effect (not declared beforehand)")
    parts = ((gettext("Prediction"), one.prediction), (effect, one.effect), (gettext("Trust"), one.trust))
    texts = ((label, " ".join(dict.fromkeys(_with_blocking(rows, study)))) for label, rows in parts)
    return tuple((label, text) for label, text in texts if text)


def _with_blocking(rows: Sequence[FindingRow], study: StudyRecord) -> Iterator[str]:
    """Yield texts, each with what blocks it, but where methods differ, of which a row tells more."""
    differ = any(row.code == "other_method" for row in rows)
    for row in rows:
        yield row.text
        if row.decision in SIGNIFICANT and not differ:
            yield from (text for text, is_blocking in caveat_texts(row, study) if is_blocking)


def screen_text(run: Run) -> str:
    """Return what a run says of each outcome as lines for a terminal, spaced as the page is."""
    study, shown, line = run.manifest.study, first_screen(run), gettext("{label}. {text}")
    parts = [row.text for row in shown.cautions if row.finding == "registration"]
    for one in shown.outcomes:
        lines = (line.format(label=label, text=text) for label, text in labelled(one, study))
        parts.append("\n  ".join([study.label(one.outcome), *lines]))
    return spaced("\n\n".join(parts))
