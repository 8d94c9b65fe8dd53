"""Why numbers differ: estimators and protocols that do otherwise, published numbers that cannot be right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.language import gettext, marked
from harness.record.study import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.report.sections.claims.rows import published_text
from harness.tables.claims import ClaimRow
from harness.text.plain_text import in_turn, joined, listed


def differing_estimators(study: StudyRecord, rows: Iterable[ClaimRow]) -> tuple[str, ...]:
    """Return a sentence for every two estimators that stand beside each other."""
    pairs = dict.fromkeys(
        (row.estimator, row.counterpart_estimator) for row in rows if row.counterpart_estimator
    )
    return tuple(text for pair in pairs if (text := _of_estimators(study, *pair)))


def differing_protocols(study: StudyRecord, rows: Iterable[ClaimRow]) -> tuple[str, ...]:
    """Return a sentence for every two protocols that stand beside each other."""
    pairs = dict.fromkeys(
        (row.protocol, row.counterpart_protocol) for row in rows if row.counterpart_estimator
    )
    return tuple(text for pair in pairs if (text := _of_protocols(study, *pair)))


def _of_estimators(study: StudyRecord, published: str, other: str) -> str:
    records = {entry.id: entry for entry in study.estimators}
    if published == other or not {published, other} <= records.keys():
        return ""
    first, second = records[published], records[other]
    changed = in_turn(_changed(first, second)) or gettext("nothing but their names")
    return gettext("{label} (as published) and {label_2} (as it should be) differ in {changed}.").format(
        label=first.label, label_2=second.label, changed=changed
    )


def _changed(first: EstimatorRecord, second: EstimatorRecord) -> Iterator[str]:
    """Yield what differs between two estimators, option by option."""
    one = {gettext("method"): first.use, **dict(_flat(first.options))}
    two = {gettext("method"): second.use, **dict(_flat(second.options))}
    for key in dict.fromkeys((*one, *two)):
        if key in one and key in two and one[key] != two[key]:
            yield gettext("{key}, {shown} against {shown_2}").format(
                key=key, shown=_shown(one[key]), shown_2=_shown(two[key])
            )
        elif (key in one) != (key in two):
            words = (
                gettext("{key}, {shown} as published alone")
                if key in one
                else gettext("{key}, {shown} as it should be alone")
            )
            yield words.format(key=key, shown=_shown(one[key] if key in one else two[key]))


def _flat(options: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield options by path; of a nested estimator its name, and its options if both estimators have them."""
    for key, value in options.items():
        path = f"{within}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}.")
        else:
            yield path, value


def _shown(value: object) -> str:
    return (listed(map(str, value)) or gettext("none")) if isinstance(value, list | tuple) else str(value)


def _of_protocols(study: StudyRecord, published: str, other: str) -> str:
    records = {entry.id: entry for entry in study.protocols}
    if published == other or not {published, other} <= records.keys():
        return ""
    first, second = records[published], records[other]
    return gettext("{told} (as published); {told_2} (as it should be).").format(
        told=_told(first), told_2=_told(second)
    )


def _told(protocol: ProtocolRecord) -> str:
    leaks = listed(leak.text for leak in protocol.leaks)
    return gettext("{title}: {how}; {leaks}").format(
        title=protocol.title,
        how=protocol.how.rstrip(".。"),
        leaks=leaks or gettext("nothing of the test rows is known"),
    )


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
        claims = _claims(study, same[assumption, reason])
        found.append(Contradiction(claims, _unsaid(reason, before), assumption))
    return tuple(found)


def _unsaid(reason: str, said: frozenset[str]) -> str:
    """Return a reason without the parts that were said, and that these hold too."""
    parts = PART.split(reason)
    new = [part for part in parts if part not in said]
    return reason if len(new) == len(parts) else gettext("likewise: {said}").format(said=in_turn(new))


def _claims(study: StudyRecord, rows: Sequence[ClaimRow]) -> str:
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
