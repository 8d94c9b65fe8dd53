"""What a failed replication test says."""

from __future__ import annotations

import math

from harness.expectations.check import Reproduction
from harness.spec.expectation import ExpectedNumber

ORIGINS = {"publication": "published", "run": "pinned"}
"""What an expected value is called, by its origin."""


class NotReproduced(Exception):  # noqa: N818 - what it says is what happened
    """A run gives another number than the expected one, or none.

    Parameters
    ----------
    found : whose status is not ``reproduced``
    """

    def __init__(self, found: Reproduction) -> None:
        super().__init__(message(found))


def message(found: Reproduction) -> str:
    """Return what was expected, what was obtained and how far apart they may be, a line each."""
    expectation = found.expectation
    lines = [
        (ORIGINS[expectation.from_], expectation.written),
        ("obtained", "nothing" if found.obtained is None else str(found.obtained)),
    ]
    if math.isfinite(found.difference):
        lines.append(("difference", f"{found.difference:+.6g}"))
    else:
        lines.append(("because", found.reason))
    if isinstance(expectation, ExpectedNumber):
        lines.append(("tolerance", _tolerance(expectation)))
    lines += [("source", expectation.source), ("reason", expectation.reason)]
    told = [f"  {what:<11}{text}" for what, text in lines if text]
    return "\n".join([f"{expectation.path}: {found.status}", *told])


def _tolerance(expectation: ExpectedNumber) -> str:
    """Return how far a run's number may be off, and what that is taken from."""
    if expectation.absolute is not None:
        return f"{expectation.absolute:g}"
    if expectation.relative is not None:
        return f"{expectation.tolerance:.4g}, {expectation.relative:g} of the value"
    return f"{expectation.half_unit:g}, half a unit of the last printed digit"
