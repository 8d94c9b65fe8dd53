"""Names and sentences for print: file names, lists, footnotes."""

from __future__ import annotations

import hashlib
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from functools import partial
from string import ascii_lowercase
from typing import TYPE_CHECKING, Literal

from harness.language import CONTROLS, DIRECTION_MARKS, has_wide_letters, npgettext, pgettext, spaced, topic

if TYPE_CHECKING:
    from jinja2 import Environment

gettext = topic("text.plain_text")


# Terminal escapes: CSI sequences such as colours, and OSC sequences such as window titles.
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")

BRACKETED = re.compile(r"\([^()]*\)")
WHITESPACE = re.compile(r"[ \t\r\n\f\v]+")

LEFT_OUT = str.maketrans("", "", CONTROLS + DIRECTION_MARKS)

SLUG_LENGTH = 40


def printable(text: str) -> str:
    """Return `text` on one line, without terminal escapes, control characters or direction marks."""
    one_line = WHITESPACE.sub(" ", ANSI.sub("", text)).strip()
    return one_line.translate(LEFT_OUT)


def shortened(text: str, width: int) -> str:
    """Return printable `text` cut to `width` characters with an ellipsis; wide ones count twice."""
    clean = spaced(printable(text))
    room = _room(clean, width)
    return clean if len(clean) <= room else clean[: room - 1].rstrip() + "…"


def wrapped(text: str, width: int, *, lines: int) -> str:
    """Return printable `text` on at most `lines` lines of `width` characters; wide ones count twice."""
    clean = spaced(printable(text))
    return "\n".join(textwrap.wrap(clean, _room(clean, width), max_lines=lines, placeholder="…"))


def _room(text: str, width: int) -> int:
    """Return how many characters as wide as those of `text`, on average, fit into `width` narrow ones."""
    return max(2, width * len(text) // width_of(text)) if text else width


def width_of(text: str) -> int:
    """Return how many narrow characters `text` takes the room of; wide ones count twice."""
    return len(text) + sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)


def axis_lines(label: str, width: int, *, lines: int) -> str:
    """Return the label of an axis, such as ``GDP (yuan)``, on at most `lines` lines of `width` characters.

    The unit in brackets keeps together where it can, and a name that is too long is cut before its unit is.
    """
    whole = wrapped(label, width, lines=lines)
    name, _, unit = label.rpartition(" (")
    unit_lines = wrapped(f"({unit}", width, lines=lines)
    left = lines - 1 - unit_lines.count("\n")
    if "\n" not in whole or not name or not unit.endswith(")") or left < 1:
        return whole
    parted = f"{wrapped(name, width, lines=left)}\n{unit_lines}"
    return whole if "…" in parted and "…" not in whole else parted


def file_slug(name: str) -> str:
    """Return a file name of ``[a-z0-9_-]``; a hash is appended to changed names."""
    slug = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:SLUG_LENGTH]
    if slug and slug == name:
        return slug
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{slug}-{digest}" if slug else digest


def capitalised(text: str) -> str:
    """Return `text` with a capital first letter, as it is in a language without capitals."""
    return text if has_wide_letters() else text[:1].upper() + text[1:]


def joined(parts: Sequence[str], last: Literal["and", "or"] = "and") -> str:
    """Return "a, b and c" in the language in use, "a; b and c" where a part has a comma outside brackets."""
    if len(parts) < 2:
        return "".join(parts)
    words = gettext("{before} and {last}") if last == "and" else gettext("{before} or {last}")
    has_commas = any(", " in BRACKETED.sub("", part) for part in parts)
    return words.format(before=(in_turn if has_commas else listed)(parts[:-1]), last=parts[-1])


def listed(parts: Iterable[str]) -> str:
    """Return "a, b, c" in the language in use."""
    return pgettext("text.list", ", ").join(parts)


def in_turn(parts: Iterable[str]) -> str:
    """Return "a; b; c" in the language in use."""
    return pgettext("text.list", "; ").join(parts)


def ranged(low: str, high: str) -> str:
    """Return "low to high" in the language in use."""
    return gettext("{low} to {high}").format(low=low, high=high)


def footnote_marks(reasons: Iterable[str]) -> dict[str, str]:
    """Return the mark of each reason, in the order in which they first appear; none of an empty one."""
    return {reason: _letter(order) for order, reason in enumerate(dict.fromkeys(filter(None, reasons)))}


def _letter(place: int) -> str:
    """Return a, b, ..., z, aa, ab, ... for places from 0."""
    rest, last = divmod(place, len(ascii_lowercase))
    return (_letter(rest - 1) if rest else "") + ascii_lowercase[last]


# Context of the messages of templates.
PAGE = "report.page"


def translate_in(made: Environment) -> None:
    """Let templates hold messages, which are translated where they are rendered."""
    made.add_extension("jinja2.ext.i18n")
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]  # of an extension, not in Jinja's types
        topic(PAGE), partial(npgettext, PAGE), newstyle=True, pgettext=pgettext, npgettext=npgettext
    )


def text_templates(package: str) -> Environment:
    """Return what renders the templates next to a package's modules; a name that is not given is an error.

    Nothing is escaped, since no template here ends in ``.html``: filters of the caller quote what must be.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader(package, "."),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
