"""Published numbers that cannot be right together, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.language import gettext, marked
from harness.report.sections.claims.rows import ClaimRow, published_text
from harness.report.text.plain_text import joined, listed
from harness.store.study_record import StudyRecord

INCONSISTENT, ASSUMING = "inconsistent", marked("inconsistent under assumption")


@dataclass(frozen=True)
class Contradiction:
    """Claims that cannot be right, and why; `assumption` is what that takes, empty for arithmetic."""

    claims: str
    reason: str
    assumption: str


def contradictions(study: StudyRecord, rows: Iterable[ClaimRow]) -> tuple[Contradiction, ...]:
    """Return the claims that cannot be right, those with the same reason together, arithmetic first."""
    same: dict[tuple[str, str], list[ClaimRow]] = {}
    for row in rows:
        if row.status in (INCONSISTENT, ASSUMING):
            same.setdefault((row.assumption, row.reason), []).append(row)
    return tuple(
        Contradiction(_named(study, same[key]), reason=key[1], assumption=key[0])
        for key in sorted(same, key=lambda key: bool(key[0]))
    )


def _named(study: StudyRecord, rows: Sequence[ClaimRow]) -> str:
    """Return one claim in words; of several their number, outcomes and sources."""
    outcomes = joined(list(dict.fromkeys(study.label(row.outcome) for row in rows)))
    sources = joined(list(dict.fromkeys(row.source for row in rows if row.source)))
    if len(rows) > 1:
        words = (
            gettext("{n_rows} numbers on {outcomes} of {sources}")
            if sources
            else gettext("{n_rows} numbers on {outcomes}")
        )
        return words.format(n_rows=len(rows), outcomes=outcomes, sources=sources)
    (row,) = rows
    told = listed([outcomes, row.about, published_text(row)])
    return gettext("{sources}: {told}").format(sources=sources, told=told) if sources else told
