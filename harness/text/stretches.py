"""Stretches of a grid in words."""

from __future__ import annotations

from collections.abc import Mapping

from harness.findings.sentence import Stretches
from harness.language import rendered, topic
from harness.text.numbers import in_unit, plain
from harness.text.plain_text import joined

gettext = topic("text.stretches")


def stretches_text(stretches: Stretches) -> str:
    """Return stretches of a grid in words: ``from 2 to 5 and at 9``."""
    one, several = gettext("at {first}"), gettext("from {first} to {last}")
    parts = [(one if first == last else several, plain(first), plain(last)) for first, last in stretches]
    return joined([words.format(first=first, last=last) for words, first, last in parts])


def sides(stretches: Mapping[str, Stretches], unit: str = "") -> list[str]:
    """Return each side, a message, that holds anywhere, with its stretches."""
    return [
        rendered(words).format(stretches=in_unit(stretches_text(side), unit))
        for words, side in stretches.items()
        if side
    ]
