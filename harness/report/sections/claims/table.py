"""The table of claims: published, recomputed, found here, and how each stands; grouped by source."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from harness.report.model.run import Run
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import MISSING, NO_BREAK, fixed, percent, significant
from harness.store.study_record import StudyRecord

INCONSISTENT, ASSUMING = "inconsistent", "inconsistent under assumption"

FRACTIONS = frozenset(
    {
        *("gain", "direction", "pace", "band", "order", "effect_sign", "effect_trend", "shape"),
        *("level_range", "choice"),
    }
)
"""Quantities that are shares, shown in per cent."""

SYMBOLS = {
    "inconsistent": "✗",
    "inconsistent under assumption": "?",
    "differs": "≠",
    "reproduced": "=",
    "consistent": "✓",
    "not comparable": "",
}
"""What says the same as the word beside it."""

MEANINGS = (
    ("inconsistent", "cannot be right together with the other published numbers, by arithmetic"),
    (
        "inconsistent under assumption",
        "cannot be right together with them if what is named there is assumed",
    ),
    ("differs", "this run gives another number than the published one, beyond its rounding"),
    ("reproduced", "this run's number rounds to the published one, or lies within the declared tolerance"),
    ("consistent", "follows from the other published numbers, as far as they were printed"),
    ("not comparable", "these data are not the published ones, or this run gives no such number"),
)


@dataclass(frozen=True)
class ClaimRow:
    """One published number and how it stands.

    Attributes
    ----------
    digits : decimals it was printed with
    counterpart : what this run gives as it should be done, by `counterpart_estimator` under
        `counterpart_protocol`, or why it gives none
    """

    outcome: str
    quantity: str
    published: float
    recomputed: float
    this_run: float
    status: str
    reason: str
    about: str
    source: str
    note: str
    estimator: str
    assumption: str = ""
    digits: int | None = None
    recomputed_low: float = float("nan")
    recomputed_high: float = float("nan")
    protocol: str = ""
    counterpart: float = float("nan")
    counterpart_reason: str = ""
    counterpart_estimator: str = ""
    counterpart_protocol: str = ""


@dataclass(frozen=True)
class ClaimTableRow:
    """One claim in words; `mark` is of the footnote with the reason."""

    outcome: str
    about: str
    estimator: str
    published: str
    recomputed: str
    recomputed_range: str
    this_run: str
    status: str
    symbol: str
    mark: str
    note: str


@dataclass(frozen=True)
class ClaimGroup:
    """The claims from one source, those that cannot be right first."""

    source: str
    rows: tuple[ClaimTableRow, ...]


@dataclass(frozen=True)
class Contradiction:
    """Claims that cannot be right, and why; `assumption` is what that takes, empty for arithmetic."""

    claims: str
    reason: str
    assumption: str


@dataclass(frozen=True)
class ClaimTable:
    """All claims.

    Attributes
    ----------
    counts : status and number of claims, of those statuses that occur
    """

    counts: tuple[tuple[str, int], ...]
    contradictions: tuple[Contradiction, ...]
    groups: tuple[ClaimGroup, ...]
    footnotes: tuple[tuple[str, str], ...]

    @property
    def n_claims(self) -> int:
        """How many published numbers there are."""
        return sum(number for _, number in self.counts)


def claim_rows(run: Run) -> tuple[ClaimRow, ...]:
    """Return the rows of the table ``claims``."""
    return run.rows("claims", ClaimRow)


def claim_table(run: Run) -> ClaimTable:
    """Return the claims by source, sources with a contradiction first, otherwise as in the spec."""
    study, claims = run.manifest.study, claim_rows(run)
    footnotes = Footnotes()
    sources = dict.fromkeys(row.source for row in claims)
    own = {source: [row for row in claims if row.source == source] for source in sources}
    ordered = sorted(own, key=lambda source: all(row.status != INCONSISTENT for row in own[source]))
    return ClaimTable(
        counts=tuple(
            (status, number)
            for status, _ in MEANINGS
            if (number := sum(row.status == status for row in claims))
        ),
        contradictions=_contradictions(study, claims),
        groups=tuple(
            ClaimGroup(
                source or "no source given",
                tuple(_row(study, row, footnotes) for row in _inconsistent_first(own[source])),
            )
            for source in ordered
        ),
        footnotes=footnotes.listed(),
    )


def _inconsistent_first(rows: Iterable[ClaimRow]) -> list[ClaimRow]:
    worst = (INCONSISTENT, ASSUMING)
    return sorted(rows, key=lambda row: worst.index(row.status) if row.status in worst else len(worst))


def _contradictions(study: StudyRecord, rows: Iterable[ClaimRow]) -> tuple[Contradiction, ...]:
    """Return the claims that cannot be right, those with the same reason together, arithmetic first."""
    named: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.status in (INCONSISTENT, ASSUMING):
            source = f"{row.source}: " if row.source else ""
            text = f"{source}{study.label(row.outcome)}, {row.about}, {published_text(row)}"
            named.setdefault((row.assumption, row.reason), []).append(text)
    return tuple(
        Contradiction("; ".join(named[key]), reason=key[1], assumption=key[0])
        for key in sorted(named, key=lambda key: bool(key[0]))
    )


def _row(study: StudyRecord, row: ClaimRow, footnotes: Footnotes) -> ClaimTableRow:
    return ClaimTableRow(
        outcome=study.label(row.outcome),
        about=row.about,
        estimator=study.estimator_label(row.estimator),
        published=published_text(row),
        recomputed=claim_number(row, row.recomputed),
        recomputed_range=_range(row),
        this_run=claim_number(row, row.this_run),
        status=row.status,
        symbol=SYMBOLS.get(row.status, ""),
        mark=footnotes.mark(row.reason),
        note=row.note,
    )


def published_text(row: ClaimRow) -> str:
    """Return the published number with the decimals it was printed with."""
    if row.quantity in FRACTIONS:
        return percent(row.published, max(0, row.digits - 2) if row.digits is not None else 0)
    if row.digits is None:
        return significant(row.published)
    return fixed(row.published, max(0, row.digits))


def claim_number(row: ClaimRow, value: float) -> str:
    """Return another number of a claim's kind, such as this run's."""
    if not math.isfinite(value):
        return MISSING
    return percent(value, 2) if row.quantity in FRACTIONS else significant(value)


def _range(row: ClaimRow) -> str:
    """Return what rounding allows the recomputed number to be."""
    low, high = row.recomputed_low, row.recomputed_high
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{claim_number(row, low)} to{NO_BREAK}{claim_number(row, high)}"
