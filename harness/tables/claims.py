"""Numbers that a run is held to: published ones, and those that the spec expects."""

from __future__ import annotations

from dataclasses import dataclass

from harness.language import marked
from harness.tables.accuracy import CELL
from harness.tables.table import NAN, typed

# Status of a number that contradicts others of the publication, at all or under an assumption.
INCONSISTENT, ASSUMING = marked("inconsistent"), marked("inconsistent under assumption")
# The same if numbers were rounded; they may have been truncated.
IF_ROUNDED = marked("inconsistent if rounded, possible if truncated")
CONTRADICTING = (INCONSISTENT, IF_ROUNDED, ASSUMING)

# What a method does with a printed statement, by the truth of simulated data: it has what is true, lacks it,
# or has what is not true; without a truth, or where neither has it, nothing follows.
FINDS, MISSES = marked("finds it"), marked("misses it")
INVENTS, UNJUDGED = marked("finds what is not there"), marked("cannot be judged")
VERDICTS = (FINDS, MISSES, INVENTS, UNJUDGED)


@dataclass(frozen=True, kw_only=True)
class ClaimRow:
    """One published number and how it stands.

    Attributes
    ----------
    digits : decimals it was printed with
    counterpart : what this run gives when corrected, by `counterpart_estimator` under
        `counterpart_protocol`, or why it gives none
    reference : that a gain is over
    headline : whether the spec marks it for the first screen
    truth : what the truth behind simulated data gives
    verdict, counterpart_verdict : one of `VERDICTS`, of the method as published and corrected
    """

    outcome: str
    quantity: str
    published: float
    recomputed: float
    this_run: float
    status: str
    reason: str
    reason_code: str = ""
    check: str = ""
    assumption: str = ""
    assumption_code: str = ""
    recomputed_low: float = NAN
    recomputed_high: float = NAN
    about: str
    about_code: str = ""
    source: str
    note: str
    estimator: str
    protocol: str = ""
    reference: str = ""
    sample: str = ""
    kind: str = ""
    at: str = ""
    to: str = ""
    bound: str = ""
    by: str = ""
    group: str = ""
    moderator: str = ""
    digits: int | None = None
    tolerance: float = NAN
    counterpart: float = NAN
    counterpart_reason: str = ""
    counterpart_reason_code: str = ""
    counterpart_estimator: str = ""
    counterpart_protocol: str = ""
    headline: bool = False
    truth: float = NAN
    verdict: str = ""
    counterpart_verdict: str = ""


@dataclass(frozen=True)
class ExpectationRow:
    """One expected number and what the run gives for it, both as written in the table."""

    table: str
    where: str
    column: str
    expected: str
    obtained: str
    difference: float
    tolerance: float
    origin: str
    source: str
    status: str
    reason: str
    note: str
    digits: int | None = None
    reason_code: str = ""


CLAIMS = typed(
    "claims",
    ClaimRow,
    (*CELL, "reference", "sample", "quantity", "about"),
    "published numbers next to those implied by each other and those of this run",
)
EXPECTATIONS = typed(
    "expectations",
    ExpectationRow,
    ("table", "where", "column", "origin", "source"),
    "expected numbers of the spec next to those of this run",
)
