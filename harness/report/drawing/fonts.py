"""Fonts for figures: DejaVu Sans, with an installed family that covers Chinese, Japanese and Korean."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from matplotlib.font_manager import FontProperties, findSystemFonts, fontManager, get_font

from harness.language import topic
from harness.tables.preparation import Note
from harness.text.plain_text import axis_lines, printable, wrapped

gettext = topic("report.fonts")

# A family without bold letters is drawn in the weight that it has; matplotlib would tell every reader so.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

BASE = "DejaVu Sans"

# Code of the warning that a name has characters of no installed font.
FONT_CODE = "W-FONT"

# Families that cover Chinese, preferred ones first.
CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans CJK JP",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)

# Hexadecimal digits that stand for letters without a font.
DIGITS = 4


@functools.cache
def families() -> tuple[str, ...]:
    """Return the base family and the first installed one that covers Chinese.

    matplotlib looks every family up for every text that it draws, and further ones add hardly a character.
    The list that it keeps is made once: it may be older than a font, or know one that is gone.
    """
    installed = _installed()
    if installed.isdisjoint(CJK):
        _take_in_new_fonts()
        installed = _installed()
    return (BASE, *[name for name in CJK if name in installed][:1])


def _installed() -> frozenset[str]:
    return frozenset(font.name for font in fontManager.ttflist if Path(font.fname).is_file())


def _take_in_new_fonts() -> None:
    """Tell matplotlib of the font files that it does not know; files that hold no font are left out."""
    known = {font.fname for font in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - known):
        with contextlib.suppress(OSError, RuntimeError):
            fontManager.addfont(path)


@functools.cache
def _covered() -> frozenset[int]:
    paths = (fontManager.findfont(FontProperties(family=[name])) for name in families())
    return frozenset().union(*(get_font(path).get_charmap() for path in paths))


def drawable(text: str) -> str:
    """Return printable `text` with every stretch of characters that no font has replaced by a short code.

    The code is made of the characters, ``[3f0a]``, so that different names stay different.
    """
    covered = _covered()
    parts = groupby(printable(text), key=lambda letter: ord(letter) in covered)
    return "".join("".join(letters) if has_font else _code("".join(letters)) for has_font, letters in parts)


def _code(letters: str) -> str:
    return f"[{hashlib.sha256(letters.encode()).hexdigest()[:DIGITS]}]"


def drawable_lines(text: str, width: int) -> str:
    """Return `text` on at most two lines of `width` characters, as the fonts can show it."""
    return "\n".join(drawable(line) for line in wrapped(text, width, lines=2).split("\n"))


def drawable_label(label: str, width: int, *, lines: int = 2) -> str:
    """Return the label of an axis on lines of `width` characters, as the fonts can show it."""
    return "\n".join(drawable(line) for line in axis_lines(label, width, lines=lines).split("\n"))


def font_notes(texts: Iterable[str]) -> tuple[Note, ...]:
    """Return a warning for each text that the figures cannot show as it is."""
    return tuple(
        Note(
            FONT_CODE,
            text,
            gettext("No installed font has every character of this name; figures show “{shown}”.").format(
                shown=drawable(text)
            ),
        )
        for text in dict.fromkeys(printable(name) for name in texts)
        if drawable(text) != text
    )
