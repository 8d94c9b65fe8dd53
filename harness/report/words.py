"""Words with emphasis, code and links in them, as blocks and tables of the report hold them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MARKS = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*|\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")
"""As Markdown has them: code, emphasis and links; in the place of where a link leads stands ``.look`` too."""


@dataclass(frozen=True)
class Phrase:
    """Words that stand out.

    Attributes
    ----------
    element : of HTML
    look : class of the style sheet
    href : where a link leads
    """

    text: str
    element: Literal["span", "strong", "em", "code", "a"] = "span"
    look: str = ""
    href: str = ""


Words = str | Phrase | tuple[str | Phrase, ...]
"""A text, or its parts; a line break within a text is one on the page."""


def parts_of(words: Words) -> tuple[str | Phrase, ...]:
    """Return the parts of words, one where they are a text alone."""
    return words if isinstance(words, tuple) else (words,)


def plain_words(words: Words) -> str:
    """Return words as one line of text."""
    text = "".join(part if isinstance(part, str) else part.text for part in parts_of(words))
    return " ".join(text.split(" ")).replace("\n", " ")


def rich(message: str, values: Mapping[str, str] | None = None) -> Words:
    """Return a message in words: ```code```, ``**emphasis**`` and ``[link](#anchor)`` in it stand out.

    Parameters
    ----------
    message : in the language in use
    values : for its named places; marks in these are plain characters
    """
    known = values or {}
    parts: list[str | Phrase] = []
    end = 0
    for found in MARKS.finditer(message):
        parts += [message[end : found.start()].format_map(known), _span(found, known)]
        end = found.end()
    parts.append(message[end:].format_map(known))
    return tuple(part for part in parts if part)


def _span(found: re.Match[str], values: Mapping[str, str]) -> Phrase:
    if found["code"]:
        return Phrase(found["code"].format_map(values), "code")
    if found["strong"]:
        return Phrase(found["strong"].format_map(values), "strong")
    text, target = found["text"].format_map(values), found["target"]
    return Phrase(text, look=target[1:]) if target.startswith(".") else Phrase(text, "a", href=target)
