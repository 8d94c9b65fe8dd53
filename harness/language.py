"""The language of a report: gettext catalogs of messages, and the one in use.

Messages are the English texts in the code. A catalog is one file, ``locale/LANGUAGE.po``, next to the module
of a plugin; that of the harness is in ``harness/locale``. `spoken` sets the language for a block of code and
its thread; the default is English.

Tables are stored in English. A text with numbers or names is a `Message`; the run folder stores its template
and values by text, so that `translated` renders it in the language in use.
"""

from __future__ import annotations

import contextvars
import functools
import gettext as library
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ENGLISH: Final = "en"
LOCALE: Final = "locale"
OWN: Final = Path(__file__).parent / LOCALE
AFTER_WIDE = re.compile(r"(?<=[。；：，、！？）]) +(?=\S)")
# Between a letter of Chinese and one, a digit or a bracket of English, either first; not in code and scripts.
HAN = "\u3400-\u9fff"
CODE = re.compile(r"(<code\b.*?</code>|<script\b.*?</script>|`[^`\n]*`)", re.DOTALL)
BESIDE_HAN = re.compile(rf"(?<=[{HAN}])(?=[A-Za-z0-9(\[−])|(?<=[A-Za-z0-9%)\]²³⁴])(?=[{HAN}])")

# The characters of Unicode's category of controls.
CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))

# Marks that change the direction of the text around them, so that it reads as something else.
DIRECTION_MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

# A message with named places, and what was filled into them.
Filled = tuple[str, Mapping[str, str]]

# What this process knows of composed texts: a column of a table holds texts and no `Message`.
_MADE: dict[str, Filled] = {}


class Message(str):
    """A text in English that remembers its template and values, for translation.

    Parameters
    ----------
    template : message with named fields, as in the catalogs
    values : of the fields: formatted numbers, names, or other messages
    """

    __slots__ = ()

    def __new__(cls, template: str, /, **values: object) -> Message:
        """Fill the places."""
        texts = {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
        made = super().__new__(cls, template.format_map(texts))
        _MADE[str(made)] = template, texts
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], Mapping[str, str]]:
        template, values = _MADE[self]
        return (template,), values


def in_series(parts: Iterable[str]) -> str:
    """Return "a; b; c" of the parts that are not empty, each of which is translated on its own."""
    whole, *others = [part for part in parts if part] or [""]
    for part in others:
        whole = Message("{before}; {last}", before=whole, last=part)
    return whole


def all_of(parts: Iterable[str]) -> str:
    """Return "a and b" of the parts, each of which is translated on its own."""
    whole, *others = list(parts) or [""]
    for part in others:
        whole = Message("{before} and {last}", before=whole, last=part)
    return whole


def messages_in(values: Iterable[object]) -> dict[str, Filled]:
    """Return what was composed in this process among texts and plain data of texts, by text.

    Messages that were filled into others are among it.
    """
    found: dict[str, Filled] = {}
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, str) and value in _MADE and value not in found:
            found[str(value)] = _MADE[value]
            waiting += _MADE[value][1].values()
    return found


def remember(messages: Mapping[str, Filled]) -> None:
    """Take in what another process composed: a worker, or the run whose folder is read."""
    _MADE.update(messages)


def languages() -> tuple[str, ...]:
    """Return the languages that a report can be written in, English first."""
    return (ENGLISH, *sorted(path.stem for path in OWN.glob("*.po")))


@dataclass(frozen=True, eq=False)
class LanguageInUse:
    """The translations into one language, by English text."""

    language: str = ENGLISH
    translations: library.NullTranslations = field(default_factory=library.NullTranslations)


IN_ENGLISH = LanguageInUse()
_IN_USE: contextvars.ContextVar[LanguageInUse] = contextvars.ContextVar("catalog", default=IN_ENGLISH)


@contextmanager
def spoken(language: str, catalogs: Iterable[Path] = ()) -> Iterator[None]:
    """Write texts in a language, and as before afterwards.

    Parameters
    ----------
    language : one of `languages`
    catalogs : folders of plugins, next to that of the harness; those without the language are passed over
    """
    before = _IN_USE.set(LanguageInUse(language, _read(language, (OWN, *catalogs))))
    try:
        yield
    finally:
        _IN_USE.reset(before)


@functools.cache
def _read(language: str, folders: tuple[Path, ...]) -> library.NullTranslations:
    whole = library.NullTranslations()
    if language == ENGLISH:
        return whole
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for path in (folder / f"{language}.po" for folder in folders):
        if path.is_file():
            compiled = io.BytesIO()
            with path.open("rb") as file:
                write_mo(compiled, read_po(file, locale=language))
            compiled.seek(0)
            whole.add_fallback(library.GNUTranslations(compiled))
    return whole


def gettext(message: str) -> str:
    """Return a message in the language in use; its fields are filled in afterwards."""
    return _IN_USE.get().translations.gettext(message) if message else ""


def ngettext(one: str, many: str, n: int) -> str:
    """Return the singular or plural message in the language in use."""
    return _IN_USE.get().translations.ngettext(one, many, n)


def pgettext(context: str, message: str) -> str:
    """Return a message with a context in the language in use."""
    return _IN_USE.get().translations.pgettext(context, message)


def npgettext(context: str, one: str, many: str, n: int) -> str:
    """Return the message for a number of things, of a meaning of its own, in the language in use."""
    return _IN_USE.get().translations.npgettext(context, one, many, n)


def marked(message: str) -> str:
    """Return a message unchanged: marked for the catalogs, translated where it is shown."""
    return message


def translated(text: str) -> str:
    """Return a stored text in the language in use; unchanged if no catalog has its message."""
    if not text or _IN_USE.get().language == ENGLISH:
        return text
    message, values = _MADE.get(text, (text, {}))
    own = gettext(message)
    if own == message:
        return text
    return own.format_map({name: translated(value) for name, value in values.items()}) if values else own


def spaced(text: str) -> str:
    """Return a text with the spaces of its language, whatever was filled into its places.

    Chinese has none after stops that are as wide as a letter, and one between its letters and English ones.
    """
    if _IN_USE.get().language == ENGLISH:
        return text
    parts = CODE.split(AFTER_WIDE.sub("", text))
    return "".join(part if at % 2 else BESIDE_HAN.sub(" ", part) for at, part in enumerate(parts))
