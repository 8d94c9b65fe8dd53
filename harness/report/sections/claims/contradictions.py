"""Published numbers that cannot be right together, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.report.sections.claims.rows import ClaimRow, published_text
from harness.store.study_record import StudyRecord

INCONSISTENT, ASSUMING = "inconsistent", "inconsistent under assumption"


@dataclass(frozen=True)
class Contradiction:
    """Claims that cannot be right, and why; `assumption` is what that takes, empty for arithmetic."""

    claims: str
    reason: str
    assumption: str


def contradictions(study: StudyRecord, rows: Iterable[ClaimRow]) -> tuple[Contradiction, ...]:
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
