"""Why what is as published and what is as it should be differ: what the two do otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.language import gettext
from harness.record.study import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.report.text.plain_text import in_turn, listed
from harness.tables.claims import ClaimRow

NAME = "name"
"""Key under which a nested estimator has its name."""


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
