"""Whether two fits agree: to the last digits, or as closely as the estimator agrees with itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.arrays import Floats
from harness.conformance.case import FIRST, Case
from harness.conformance.verdict import Broken

STREAMS = ("second", "third", "fourth")
"""Labels of the streams that show how far randomness alone moves an estimator."""

SLACK = 2.0
"""How many times as far apart two fits may be as fits from different streams are."""


def gap(one: Floats, other: Floats, *, scale: float) -> float:
    """Return the root mean squared difference of predictions of equal shape, over `scale` > 0."""
    return float(np.sqrt(np.mean((one - other) ** 2))) / scale


def require_equal(found: Floats, expected: Floats, *, case: Case, what: str) -> str:
    """Return in words that predictions are equal up to rounding.

    Raises
    ------
    Broken
        Where they are not.
    """
    apart = gap(found, expected, scale=case.scale)
    if apart > case.tight:
        raise Broken(f"{what}: predictions differ by {apart:.2g} standard deviations of the outcome")
    return "equal up to rounding"


def require_agreement(found: Floats, expected: Callable[[str], Floats], *, case: Case, what: str) -> str:
    """Return in words that predictions agree.

    An estimator that draws from its stream may draw other numbers for the same question put in another way.
    It may then be as far off as its own fits from different streams are from each other; one that draws
    nothing may not be off at all.

    Parameters
    ----------
    expected : predictions of the fit in question, by the label of its stream

    Raises
    ------
    Broken
        Where predictions differ by more.
    """
    first = expected(FIRST)
    apart = gap(found, first, scale=case.scale)
    if apart <= case.tight:
        return "equal up to rounding"
    spread = max(gap(expected(label), first, scale=case.scale) for label in STREAMS)
    if apart > SLACK * spread:
        by_streams = f", and by {spread:.2g} from one stream to another" if spread > case.tight else ""
        raise Broken(
            f"{what}: predictions differ by {apart:.2g} standard deviations of the outcome{by_streams}"
        )
    return f"apart by {apart:.2g} standard deviations of the outcome, as are fits of other streams"
