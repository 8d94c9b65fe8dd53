"""Figures as SVG within a page: as text, which is shorter than base 64, without what no browser draws."""

from __future__ import annotations

import re
from urllib.parse import quote

UNDRAWN = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
BETWEEN = re.compile(r">\s+<")
SPACES = re.compile(r"\s+")
COMMAND = re.compile(r" ?\b([MLQCz])\b ?")
PATH = re.compile(r'(?<= d=")[^"]*')
UNCHANGED = " !$'()*+,-./;=?@_~"
"""Signs that may stand in an address within double quotes."""


def svg_text(svg: bytes) -> str:
    """Return an SVG drawing as an address carries it: on one line, percent-encoded where it must be.

    Parameters
    ----------
    svg : as matplotlib writes it, letters as outlines
    """
    drawn = SPACES.sub(" ", BETWEEN.sub("><", UNDRAWN.sub("", svg.decode("utf-8")))).strip()
    tight = PATH.sub(lambda path: COMMAND.sub(r"\1", path[0]), drawn)
    return quote(tight if "'" in tight else tight.replace('"', "'"), safe=UNCHANGED)
