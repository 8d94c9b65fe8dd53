"""A study reduced to the cells that its expected numbers rest on.

Every cell draws from random streams of its own, named by its place, so it gives the same numbers whatever
else a study holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from harness.study.expectations.expectation import AnyExpectation
from harness.study.spec.entry import Entry
from harness.study.spec.study import Study
from harness.tables.table import DETAILS, ResultTable

COMPARED = frozenset({"accuracy", "gain"})
OF_ALL_PROTOCOLS = frozenset({"decomposition", "recognition"})
OF_FITS = frozenset({"coefficients"})
OF_DATA = frozenset({"summary", "preparation", "interpolated"})

E = TypeVar("E", bound=Entry)

# Entries of a study, each by its kind and its id: ``("protocol", "forward")``.
Parts = frozenset[tuple[str, str]]


def narrowed(study: Study) -> Study:
    """Return the study with the estimators, protocols and scenarios that its expected numbers rest on.

    The references of the gains stay. The multiverse and the claims go, unless the whole study is needed.
    """
    needed: Parts = frozenset(("estimator", name) for name in study.evaluation.references)
    for expectation in study.expect:
        own = _needs(expectation, study)
        if own is None:
            return study
        needed |= own

    def kept(kind: str, entries: Iterable[E]) -> tuple[E, ...]:
        return tuple(entry for entry in entries if (kind, entry.id) in needed)

    protocols = kept("protocol", study.evaluation.protocols)
    return study.model_copy(
        update={
            "estimators": kept("estimator", study.estimators),
            "scenarios": kept("scenario", study.scenarios),
            "evaluation": study.evaluation.model_copy(update={"protocols": protocols}),
            "multiverse": None,
            "method_ladder": None,
            "claims": (),
        }
    )


def _needs(expectation: AnyExpectation, study: Study) -> Parts | None:
    """Return what one cell rests on; None where no rule below tells it apart from the whole study."""
    table, protocols = expectation.table, study.evaluation.protocols

    def named(kind: str, entries: Iterable[Entry]) -> Parts:
        """Return the entry that a row is found by, or all where it is found without one."""
        id_ = expectation.where.get(kind)
        return frozenset((kind, entry.id) for entry in entries if id_ in (None, entry.id))

    estimators = named("estimator", study.estimators)
    giving = named("scenario", (one for one in study.scenarios if _has(one.scenario.tables, table)))
    describing = named("scenario", (one for one in study.scenarios if _has(one.scenario.data_tables, table)))
    if table in OF_DATA:
        return frozenset()
    if describing and not giving:
        return describing
    if table in COMPARED:
        return estimators | named("protocol", protocols)
    if table in OF_ALL_PROTOCOLS:
        return estimators | {("protocol", entry.id) for entry in protocols}
    if table in OF_FITS or table.startswith(DETAILS):
        return estimators
    return estimators | giving if giving else None


def _has(tables: Iterable[ResultTable], name: str) -> bool:
    return any(table.name == name for table in tables)
