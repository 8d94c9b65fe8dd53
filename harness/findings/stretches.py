"""Stretches of a grid in words."""

from __future__ import annotations

from itertools import groupby

from harness.arrays import Floats, Mask
from harness.language import gettext
from harness.report.text.numbers import plain
from harness.report.text.plain_text import joined


def stretches(at: Floats, places: Mask) -> str:
    """Return the stretches of a grid that are meant: ``from 2 to 5 and at 9``.

    Parameters
    ----------
    at : (n_grid,), increasing
    places : (n_grid,), any
    """
    found = []
    for is_meant, run in groupby(range(at.size), key=lambda place: bool(places[place])):
        if is_meant:
            own = list(run)
            first, last = plain(float(at[own[0]])), plain(float(at[own[-1]]))
            found.append(
                gettext("at {first}").format(first=first)
                if len(own) == 1
                else gettext("from {first} to {last}").format(first=first, last=last)
            )
    return joined(found)
