"""The language of a report: catalogs of messages, and the one in use.

Messages are the English texts in the code. A catalog is one file, ``locale/LANGUAGE.po``, next to the module
of a plugin; that of the harness is in ``harness/locale``. `spoken` sets the language for a block of code and
its thread; the default is English.

Every message has a context. That of a text which is shown at once is the `topic` of its module. A reason, a
warning or a title is kept as a `Coded`, whose context is its code: tables hold its English text and, in a
column next to it, its code with its values, from which it is rendered in any language.
"""

from __future__ import annotations

import contextvars
import functools
import gettext as library
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ENGLISH: Final = "en"
LOCALE: Final = "locale"
OWN: Final = Path(__file__).parent / LOCALE
# Letters of Chinese, and spaces that are none: after its stops, and between two of its letters.
HAN = "\u3400-\u9fff"
AFTER_WIDE = re.compile(r"(?<=[。；：，、！？）]) +(?=\S)")
BETWEEN_HAN = re.compile(rf"(?<=[{HAN}]) (?=[{HAN}])")
# Between a letter of Chinese and one, a digit or a bracket of English, either first; not in code and scripts.
CODE = re.compile(r"(<code\b.*?</code>|<script\b.*?</script>|`[^`\n]*`)", re.DOTALL)
BESIDE_HAN = re.compile(rf"(?<=[{HAN}])(?=[A-Za-z0-9(\[−])|(?<=[A-Za-z0-9%)\]²³⁴])(?=[{HAN}])")

# The characters of Unicode's category of controls.
CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))

# Marks that change the direction of the text around them, so that it reads as something else.
DIRECTION_MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

# What the context of a topic has and a code has not.
TOPIC: Final = "."

# Words of a message that make up its code, where it is given none.
CODE_WORDS: Final = 12

# Code of a text that is no message of ours, such as that of a foreign exception.
QUOTED: Final = "quoted"


class Coded(str):
    """A message in English that keeps its code and values, so that it can be rendered in any language.

    Parameters
    ----------
    template : message with named fields, as in the catalogs, or the result of `marked`
    values : of the fields: formatted numbers, names, or other messages

    Attributes
    ----------
    code : context of the message in the catalogs; the first words of its template unless `marked` gave one
    values : of the fields
    """

    __slots__ = ("code", "values")
    code: str
    values: Mapping[str, str]

    def __new__(cls, template: str, /, **values: object) -> Coded:
        """Fill in the fields."""
        texts = {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
        code = template.code if isinstance(template, Coded) else code_of(template)
        return cls.of(template.format_map(texts) if texts else template, code, texts)

    @classmethod
    def of(cls, text: str, code: str, values: Mapping[str, str]) -> Coded:
        """Return the message of a code that has this English text."""
        made = super().__new__(cls, text)
        made.code, made.values = code, values
        return made

    def __reduce__(self) -> tuple[Callable[..., Coded], tuple[str, str, Mapping[str, str]]]:
        return self.of, (str(self), self.code, self.values)


def code_of(template: str) -> str:
    """Return the code of a message that is given none: its first words, with its own first letter."""
    return "_".join(_WORD.findall(template[:1] + template[1:].lower())[:CODE_WORDS])


_WORD = re.compile("[A-Za-z0-9]+")


def marked(message: str, /, *, code: str = "") -> str:
    """Return a message for the catalogs, rendered where it is shown; its fields, if any, are not filled in.

    Parameters
    ----------
    code : where another message has the same first words
    """
    return Coded.of(message, code or code_of(message), {})


def quoted(text: str) -> Coded:
    """Return a text with a code: that of a message, or of words of another's, which stay as they are."""
    return text if isinstance(text, Coded) else Coded.of(text, QUOTED, {})


def to_json(text: str) -> str:
    """Return code and values of a message as JSON; empty for a text without them."""
    return json.dumps(message_data(text), ensure_ascii=False) if isinstance(text, Coded) and text else ""


def message_data(text: Coded) -> dict[str, object]:
    """Return code and values of a message as plain data."""
    values = {
        name: {"text": str(value), **message_data(value)} if isinstance(value, Coded) else value
        for name, value in text.values.items()
    }
    return {"code": text.code, "values": values}


@functools.lru_cache(maxsize=4096)
def from_json(text: str, coded: str) -> str:
    """Return the message with this English text and the code in `coded`; the text itself where that is empty.

    Raises
    ------
    ValueError
        Where `coded` is not what `to_json` writes.
    """
    return message_of({"text": text, **json.loads(coded)}) if coded else text


def message_of(value: object) -> str:
    """Return the text, or the message, that plain data with its text, code and values hold.

    Raises
    ------
    ValueError
        Where the data hold something else.
    """
    match value:
        case str():
            return value
        case {"text": str(text), "code": str(code), "values": dict(values)}:
            return Coded.of(text, code, {str(name): message_of(one) for name, one in values.items()})
    message = f"no code with values: {value!r:.100}"
    raise ValueError(message)


LINES = marked("{before}\n{last}", code="on_lines")
DOTS = marked("{before} · {last}", code="dots")
COMMAS = marked("{before}, {last}", code="commas")
SERIES = marked("{before}; {last}")
ALL = marked("{before} and {last}")
ANY = marked("{before} or {last}")


def chained(parts: Iterable[str], link: str) -> str:
    """Return parts one after the other, each of which is translated on its own.

    Neighbours are joined, then neighbours of these, so that thousands of parts are nested a dozen deep.

    Parameters
    ----------
    parts : at least one
    link : such as `LINES`
    """
    joined = list(parts)
    while len(joined) > 1:
        pairs = zip(joined[::2], joined[1::2], strict=False)
        last = joined[len(joined) - len(joined) % 2 :]
        joined = [*(Coded(link, before=before, last=after) for before, after in pairs), *last]
    return joined[0]


def in_series(parts: Iterable[str]) -> str:
    """Return "a; b; c" of the parts that are not empty, each of which is translated on its own."""
    return chained([part for part in parts if part] or [""], SERIES)


def all_of(parts: Iterable[str]) -> str:
    """Return "a and b" of the parts, each of which is translated on its own."""
    return chained(list(parts) or [""], ALL)


def any_of(parts: Iterable[str]) -> str:
    """Return "a or b" of the parts, each of which is translated on its own."""
    return chained(list(parts) or [""], ANY)


def languages() -> tuple[str, ...]:
    """Return the languages that a report can be written in, English first."""
    return (ENGLISH, *sorted(path.stem for path in OWN.glob("*.po")))


@dataclass(frozen=True, eq=False)
class LanguageInUse:
    """The translations into one language.

    Attributes
    ----------
    translations : of messages, by context and English text
    by_code : of coded messages, by code
    by_text : of coded messages, by English text
    """

    language: str = ENGLISH
    translations: library.NullTranslations = field(default_factory=library.NullTranslations)
    by_code: Mapping[str, str] = field(default_factory=dict)
    by_text: Mapping[str, str] = field(default_factory=dict)


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
    before = _IN_USE.set(_read(language, (OWN, *catalogs)))
    try:
        yield
    finally:
        _IN_USE.reset(before)


def language_in_use() -> str:
    """Return the language that texts are written in."""
    return _IN_USE.get().language


@functools.cache
def _read(language: str, folders: tuple[Path, ...]) -> LanguageInUse:
    if language == ENGLISH:
        return IN_ENGLISH
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    whole = library.NullTranslations()
    by_code: dict[str, str] = {}
    by_text: dict[str, str] = {}
    for path in (folder / f"{language}.po" for folder in folders):
        if path.is_file():
            compiled = io.BytesIO()
            with path.open("rb") as file:
                catalog = read_po(file, locale=language)
            write_mo(compiled, catalog)
            compiled.seek(0)
            whole.add_fallback(library.GNUTranslations(compiled))
            coded = [one for one in catalog if one.context and TOPIC not in one.context]
            by_code = {str(one.context): str(one.string) for one in coded if one.string} | by_code
            by_text = {str(one.id): str(one.string) for one in coded if one.string} | by_text
    return LanguageInUse(language, whole, by_code, by_text)


def topic(context: str) -> Callable[[str], str]:
    """Return the function that gives the messages of a topic in the language in use.

    Parameters
    ----------
    context : in the catalogs, such as ``report.accuracy``; its dot distinguishes it from the codes
    """
    return functools.partial(pgettext, context)


def pgettext(context: str, message: str) -> str:
    """Return a message with a context in the language in use."""
    return _IN_USE.get().translations.pgettext(context, message)


def npgettext(context: str, one: str, many: str, n: int) -> str:
    """Return the message for a number of things, with a context, in the language in use."""
    return _IN_USE.get().translations.npgettext(context, one, many, n)


def rendered(text: str) -> str:
    """Return a coded message, or a word of a table, in the language in use; as it is if unknown."""
    language = _IN_USE.get()
    if language is IN_ENGLISH:
        return text
    if not isinstance(text, Coded):
        return language.by_text.get(text, text)
    if text.code == QUOTED:
        return text
    made = language.by_code.get(text.code, "")
    if made and text.values:
        try:
            made = made.format_map({name: rendered(value) for name, value in text.values.items()})
        except KeyError:  # the message of another version, which has other fields
            return text
    return made or language.by_text.get(text, text)


def has_wide_letters() -> bool:
    """Return whether the language in use has letters as wide as high, without capitals, such as Chinese."""
    return pgettext("language.facts", "narrow letters") == "wide letters"


def spaced(text: str) -> str:
    """Return a text with the spaces of its language, whatever was filled into its places.

    A language of wide letters has none among its own letters and stops, and one between its letters and
    English ones.
    """
    if not has_wide_letters():
        return text
    parts = CODE.split(AFTER_WIDE.sub("", text))
    parts[::2] = (BESIDE_HAN.sub(" ", BETWEEN_HAN.sub("", part)) for part in parts[::2])
    return "".join(parts)
