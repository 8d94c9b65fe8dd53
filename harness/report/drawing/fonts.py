"""Fonts for figures: DejaVu Sans, with whatever installed family covers Chinese, Japanese and Korean."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from matplotlib.font_manager import FontProperties, fontManager, get_font

from harness.data.note import Note
from harness.report.text.plain_text import axis_lines, printable, wrapped

BASE = "DejaVu Sans"

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
"""Families that cover Chinese, preferred ones first."""

SUBSTITUTE = "?"


@functools.cache
def families() -> tuple[str, ...]:
    """Return the base family and the installed ones that cover Chinese."""
    installed = {font.name for font in fontManager.ttflist}
    return (BASE, *(name for name in CJK if name in installed))


@functools.cache
def _covered() -> frozenset[int]:
    paths = (fontManager.findfont(FontProperties(family=[name])) for name in families())
    return frozenset().union(*(get_font(path).get_charmap() for path in paths))


def drawable(text: str) -> str:
    """Return printable `text` with every character that no font has replaced by a question mark."""
    covered = _covered()
    return "".join(letter if ord(letter) in covered else SUBSTITUTE for letter in printable(text))


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
            "W-FONT",
            text,
            f"No installed font has every character of this name; figures show “{drawable(text)}”.",
        )
        for text in dict.fromkeys(printable(name) for name in texts)
        if drawable(text) != text
    )
