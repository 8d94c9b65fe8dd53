"""Why what is as published and what is as it should be differ: what the two do otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.report.sections.claims.rows import ClaimRow
from harness.store.study_record import EstimatorRecord, ProtocolRecord, StudyRecord

NAME = "name"
"""Key under which a nested estimator has its name."""


def differences(study: StudyRecord, rows: Iterable[ClaimRow]) -> tuple[str, ...]:
    """Return a sentence for every two estimators, and every two protocols, that stand beside each other."""
    known = [row for row in rows if row.counterpart_estimator]
    estimators = dict.fromkeys((row.estimator, row.counterpart_estimator) for row in known)
    protocols = dict.fromkeys((row.protocol, row.counterpart_protocol) for row in known)
    return (
        *(text for pair in estimators if (text := _of_estimators(study, *pair))),
        *(text for pair in protocols if (text := _of_protocols(study, *pair))),
    )


def _of_estimators(study: StudyRecord, published: str, other: str) -> str:
    records = {entry.id: entry for entry in study.estimators}
    if published == other or not {published, other} <= records.keys():
        return ""
    first, second = records[published], records[other]
    changed = "; ".join(_changed(first, second)) or "nothing but their names"
    return f"{first.label} (as published) and {second.label} (as it should be) differ in {changed}."


def _changed(first: EstimatorRecord, second: EstimatorRecord) -> Iterator[str]:
    """Yield what differs between two estimators, option by option."""
    one = {"method": first.use, **dict(_flat(first.options))}
    two = {"method": second.use, **dict(_flat(second.options))}
    for key in dict.fromkeys((*one, *two)):
        if key in one and key in two and one[key] != two[key]:
            yield f"{key}, {_shown(one[key])} against {_shown(two[key])}"
        elif (key in one) != (key in two):
            owner, value = (first, one[key]) if key in one else (second, two[key])
            yield f"{key}, {_shown(value)} of {owner.label} alone"


def _flat(options: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield options by path; of a nested estimator its name, and its options if both estimators have them."""
    for key, value in options.items():
        path = f"{within}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}.")
        else:
            yield path, value


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _of_protocols(study: StudyRecord, published: str, other: str) -> str:
    records = {entry.id: entry for entry in study.protocols}
    if published == other or not {published, other} <= records.keys():
        return ""
    first, second = records[published], records[other]
    return f"{_told(first)} (as published); {_told(second)} (as it should be)."


def _told(protocol: ProtocolRecord) -> str:
    leaks = ", ".join(leak.text for leak in protocol.leaks)
    return f"{protocol.title}: {protocol.how.rstrip('.')}; {leaks or 'nothing of the test rows is known'}"
