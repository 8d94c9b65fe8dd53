"""The sentences of the verdict, as the table of findings has them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from harness.findings.gain import nickell_caveat
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.featured import featured
from harness.tables.effects import EFFECTS
from harness.tables.findings import ERROR_RATES, FINDINGS, FindingRow
from harness.tables.preparation import WARNINGS
from harness.text.numbers import percent, percent_interval
from harness.text.plain_text import joined, sentences

GAIN, LOWEST = "gain", "lowest_error"
KINDS = {
    "gain": marked("gain"),
    "effect": marked("effect"),
    "nonlinearity": marked("nonlinearity"),
    "turning_point": marked("turning point"),
    "contrast": marked("contrast"),
    "group_difference": marked("group difference"),
    "sign_change": marked("sign change"),
    "threshold": marked("threshold"),
}
"""How kinds of findings are called."""


@dataclass(frozen=True)
class Said:
    """What is said of one outcome.

    Attributes
    ----------
    headlines : the verdict over each reference
    caveats : what stands against the verdict over each reference, where anything does
    gains : a sentence for each estimator over the study's reference, with what stands against it
    won : those of them that are established, without what stands against them
    known : what stands against gains and is no warning nor part of a verdict, each sentence once
    effects : debiased effects, and what is established of the curves, groups and moderators of the featured
        estimators, each with what a reader should know of it once, and why it is not established
    open : what is not established of these, kinds and numbers in one sentence; empty where all is
    """

    headlines: tuple[str, ...]
    caveats: tuple[str, ...]
    gains: tuple[tuple[str, str], ...]
    won: tuple[str, ...]
    known: tuple[str, ...]
    effects: tuple[tuple[str, str, str], ...]
    open: str


def said_of(run: Run, outcome: str) -> Said:
    """Return the sentences on one outcome."""
    rows = [row for row in run.rows(FINDINGS) if row.outcome == outcome]
    gains = [row for row in rows if row.finding == GAIN]
    told = {sentence for row in gains if not row.estimator for sentence in sentences(row.text)}
    warned = {note.message for note in run.rows(WARNINGS)}
    shown = ["", *(entry.id for entry in featured(run))]
    effects = [row for row in rows if row.finding not in {GAIN, LOWEST} and row.estimator in shown]
    general = (nickell_caveat(run, outcome), *(row.assumption for row in run.rows(EFFECTS)))
    known = frozenset(part for text in general for part in sentences(text))
    return Said(
        headlines=tuple(_with_rate(run, row) for row in gains if not row.estimator),
        caveats=tuple(row.caveats for row in gains if not row.estimator and row.caveats),
        gains=tuple(
            (_with_rate(run, row), row.caveats)
            for row in gains
            if row.estimator and row.about == run.manifest.study.reference
        ),
        won=tuple(
            _with_rate(run, row)
            for row in gains
            if row.estimator and row.about == run.manifest.study.reference and row.is_established
        ),
        known=tuple(
            dict.fromkeys(
                sentence
                for row in gains
                if row.estimator and row.about == run.manifest.study.reference
                for sentence in sentences(row.caveats)
                if sentence not in told and not any(message in sentence for message in warned)
            )
        ),
        effects=tuple(
            (_with_rate(run, row), *_parted(row, known))
            for row in effects
            if row.is_established or not row.estimator
        ),
        open=_open(row for row in effects if row.estimator and not row.is_established),
    )


def _parted(row: FindingRow, known: Collection[str]) -> tuple[str, str]:
    """Return the caveats of a finding, and apart from them the reasons for which it is not established.

    Parameters
    ----------
    known : sentences that are no reasons: what is assumed, and what holds for all effects of the outcome
    """
    if row.is_established:
        return row.caveats, ""
    parts = sentences(row.caveats)
    return (
        " ".join(part for part in parts if part in known),
        " ".join(part for part in parts if part not in known),
    )


def _open(rows: Iterable[FindingRow]) -> str:
    """Return what is not established, by kind; that it is not there does not follow."""
    numbers = Counter(gettext(KINDS.get(row.finding, row.finding)) for row in rows)
    kinds = [
        gettext("{kind} ({number})").format(kind=kind, number=number) if number > 1 else kind
        for kind, number in numbers.items()
    ]
    return (
        gettext("Not established, rows of findings.csv: {kinds}.").format(kinds=joined(kinds))
        if kinds
        else ""
    )


def _with_rate(run: Run, row: FindingRow) -> str:
    """Return the sentence; of what is established, with how often such a one was made where nothing is."""
    if not row.is_established or not math.isfinite(row.error_rate):
        return row.text
    key = (row.outcome, row.estimator, row.finding)
    (rate,) = (rate for rate in run.rows(ERROR_RATES) if (rate.outcome, rate.estimator, rate.finding) == key)
    share = f"{percent(rate.error_rate)} {percent_interval(rate.conf_low, rate.conf_high)}"
    return gettext(
        "{text} Where it is not there such a finding was made in {share} of {n_panels} panels."
    ).format(text=row.text, share=share, n_panels=rate.n_panels)
