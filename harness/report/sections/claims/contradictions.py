"""Published numbers that cannot be right together, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.sections.claims.rows import published_text
from harness.report.text.plain_text import in_turn, joined, listed
from harness.tables.claims import ClaimRow

INCONSISTENT, ASSUMING = "inconsistent", marked("inconsistent under assumption")


PART = re.compile(r"[:;] |[：；]")


@dataclass(frozen=True)
class Contradiction:
    """Claims that cannot be right, and why.

    Attributes
    ----------
    assumption : what that takes, empty for arithmetic
    reason : without what the reason before it, of the same assumption, says too
    """

    claims: str
    reason: str
    assumption: str


def contradictions(study: StudyRecord, rows: Iterable[ClaimRow]) -> tuple[Contradiction, ...]:
    """Return the claims that cannot be right, those with the same reason together, arithmetic first."""
    same: dict[tuple[str, str], list[ClaimRow]] = {}
    for row in rows:
        if row.status in (INCONSISTENT, ASSUMING):
            same.setdefault((row.assumption, row.reason), []).append(row)
    known: dict[str, frozenset[str]] = {}
    found = []
    for assumption, reason in sorted(same, key=lambda key: bool(key[0])):
        before = known.get(assumption, frozenset())
        known[assumption] = before | set(PART.split(reason))
        claims = _named(study, same[assumption, reason])
        found.append(Contradiction(claims, _unsaid(reason, before), assumption))
    return tuple(found)


def _unsaid(reason: str, said: frozenset[str]) -> str:
    """Return a reason without the parts that were said, and that these hold too."""
    parts = PART.split(reason)
    new = [part for part in parts if part not in said]
    return reason if len(new) == len(parts) else gettext("likewise: {said}").format(said=in_turn(new))


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
