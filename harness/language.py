"""In which language a report is written: catalogs of messages by gettext, and the one that is in use.

English texts in the code are the names of messages. A catalog is one file, ``locale/LANGUAGE.po``, beside the
module that a plugin is loaded from; that of the harness itself is ``harness/locale``. The language is set for
a stretch of code by `spoken` and is that of its thread alone; without it texts are English.
"""

from __future__ import annotations

import contextvars
import functools
import gettext as library
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

ENGLISH: Final = "en"
LOCALE: Final = "locale"
"""Folder of catalogs beside a plugin's module."""

OWN: Final = Path(__file__).parent / LOCALE
PLACE = re.compile(r"\{(\w+)[^{}]*\}|%\((\w+)\)s")
"""A named place in a message of Python, or of a template."""

LEAST_LETTERS: Final = 5
"""Of a message that a text is recognised by; with fewer, such as in “{before} and {last}”, names would be."""

JOINTS: Final = ("; ", ", while ")
"""What joins clauses; a place of a message holds more than one only where nothing else tells the text."""

AFTER_WIDE = re.compile(r"(?<=[。；：，、！？）]) +(?=\S)")

T = TypeVar("T")


def languages() -> tuple[str, ...]:
    """Return the languages that a report can be written in, English first."""
    return (ENGLISH, *sorted(path.stem for path in OWN.glob("*.po")))


@dataclass(frozen=True, eq=False)
class Messages:
    """The messages of one language.

    Attributes
    ----------
    translations : by English text
    composed : messages with named places, for texts that were composed in English before
    """

    translations: library.NullTranslations = field(default_factory=library.NullTranslations)
    composed: Sequence[tuple[re.Pattern[str], str]] = ()

    def reworded(self, text: str) -> str:
        """Return what a text that was composed in English is in this language, itself where it is unknown."""
        if not text:
            return ""
        whole = self.translations.gettext(text)
        if whole != text or not self.composed:
            return whole
        of_clauses = None
        for pattern, message in self.composed:
            found = pattern.fullmatch(text)
            if found and not any(joint in value for value in found.groupdict().values() for joint in JOINTS):
                return self._filled(message, found)
            if found and of_clauses is None:
                of_clauses = message, found
        told = self._by_parts(text)
        return self._filled(*of_clauses) if told == text and of_clauses is not None else told

    def _filled(self, message: str, found: re.Match[str]) -> str:
        """Return a message with what was found in its places."""
        values = {name: self.reworded(value) for name, value in found.groupdict().items()}
        return self.translations.gettext(message).format_map(values)

    def _by_parts(self, text: str) -> str:
        """Return a text put together of sentences, or of a place, a finding and a remedy."""
        words = self.translations
        for between, shown in (
            (". ", words.pgettext("between", ". ")),
            ("; ", words.pgettext("list", "; ")),
            (": ", words.pgettext("between", ": ")),
        ):
            if between not in text:
                continue
            parts = text.split(between)
            told = [self.reworded(part) for part in parts]
            if told != parts:
                return shown.join(part.removesuffix(shown) for part in told)
        names = text.split(" and ")
        told = [words.gettext(name) for name in names]
        is_known = (own != name or _is_number(name) for own, name in zip(told, names, strict=True))
        if len(names) > 1 and all(names) and all(is_known):
            return words.gettext("{before} and {last}").format(before=" and ".join(told[:-1]), last=told[-1])
        return text


IN_ENGLISH = Messages()
_IN_USE: contextvars.ContextVar[Messages] = contextvars.ContextVar("catalog", default=IN_ENGLISH)


@contextmanager
def spoken(language: str, catalogs: Iterable[Path] = ()) -> Iterator[None]:
    """Write texts in a language, and as before afterwards.

    Parameters
    ----------
    language : one of `languages`
    catalogs : folders of plugins, beside that of the harness; those without the language are passed over
    """
    before = _IN_USE.set(_read(language, (OWN, *catalogs)))
    try:
        yield
    finally:
        _IN_USE.reset(before)


@functools.cache
def _read(language: str, folders: tuple[Path, ...]) -> Messages:
    if language == ENGLISH:
        return IN_ENGLISH
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    whole: library.NullTranslations | None = None
    messages: list[str] = []
    for path in (folder / f"{language}.po" for folder in folders):
        if path.is_file():
            with path.open("rb") as file:
                own = read_po(file, locale=language)
            compiled = io.BytesIO()
            write_mo(compiled, own)
            compiled.seek(0)
            translations = library.GNUTranslations(compiled)
            if whole is None:
                whole = translations
            else:
                whole.add_fallback(translations)
            messages += [message.id for message in own if isinstance(message.id, str) and message.id]
    return Messages(whole or library.NullTranslations(), tuple(_composed(messages)))


def _composed(messages: Iterable[str]) -> Iterator[tuple[re.Pattern[str], str]]:
    """Yield what texts that messages with places were filled into look like; the longest first."""
    having = {message for message in messages if "{" in message and _n_letters(message) >= LEAST_LETTERS}
    for message in sorted(having, key=lambda message: (-len(PLACE.sub("", message)), message)):
        yield re.compile(_shape(message), re.DOTALL), message


def _is_number(text: str) -> bool:
    return not any(letter.isalpha() for letter in text)


def _n_letters(message: str) -> int:
    return sum(letter.isalpha() for letter in PLACE.sub("", message))


def _shape(message: str) -> str:
    """Return what a text is like that a message was filled to.

    A place beside another is empty, or starts where the other ends: with a comma, or a blank, not beside
    "and".
    """
    parts, end, names = [], 0, set()
    for found in re.finditer(r"\{(\w+)[^{}]*\}", message):
        is_beside = 0 < end == found.start()
        parts.append(re.escape(message[end : found.start()]))
        name, end = found[1], found.end()
        value = "(?:(?:,|(?<! and) (?!and )).*)?" if is_beside else ".*?"
        parts.append(f"(?P={name})" if name in names else f"(?P<{name}>{value})")
        names.add(name)
    return "".join([*parts, re.escape(message[end:])])


def gettext(message: str) -> str:
    """Return a message in the language in use; its named places are filled in afterwards."""
    return _IN_USE.get().translations.gettext(message) if message else ""


def ngettext(one: str, many: str, n: int) -> str:
    """Return the message for a number of things in the language in use."""
    return _IN_USE.get().translations.ngettext(one, many, n)


def pgettext(context: str, message: str) -> str:
    """Return a message that means something else elsewhere, in the language in use."""
    return _IN_USE.get().translations.pgettext(context, message)


def npgettext(context: str, one: str, many: str, n: int) -> str:
    """Return the message for a number of things, of a meaning of its own, in the language in use."""
    return _IN_USE.get().translations.npgettext(context, one, many, n)


def marked(message: str) -> str:
    """Return a message as it is; catalogs have it, and what shows it asks `gettext` for it."""
    return message


def reworded(text: str) -> str:
    """Return what a text that was composed in English, as tables have it, is in the language in use."""
    return _IN_USE.get().reworded(text)


def closed_up(text: str) -> str:
    """Return a text without the space of English after stops that are as wide as a letter."""
    return AFTER_WIDE.sub("", text) if _IN_USE.get() is not IN_ENGLISH else text


def in_language(values: Iterable[T]) -> Iterator[T]:
    """Return values, each made in the language in use now, whatever thread asks for it."""
    return _within(contextvars.copy_context(), iter(values))


def _within(context: contextvars.Context, values: Iterator[T]) -> Iterator[T]:
    end = object()
    while (value := context.run(next, values, end)) is not end:
        yield value  # type: ignore[misc]
