"""A study reduced to the cells that its expected numbers rest on.

Every cell draws from random streams of its own, named by its place, so it gives the same numbers whatever
else a study holds.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.study.expectations.expectation import AnyExpectation
from harness.study.spec.study import Study
from harness.tables.table import DETAILS, ResultTable

COMPARED = frozenset({"accuracy", "gain"})
OF_ALL_PROTOCOLS = frozenset({"decomposition"})
OF_FITS = frozenset({"coefficients"})
OF_DATA = frozenset({"summary", "preparation", "interpolated"})

# Entries of a study, each by its kind and its id: ``("protocol", "forward")``.
Parts = frozenset[tuple[str, str]]


def narrowed(study: Study) -> Study:
    """Return the study with the estimators, protocols and scenarios that its expected numbers rest on.

    The references of the gains stay. The multiverse and the claims go, unless the whole study is needed.
    """
    entries = {
        "estimator": study.estimators,
        "protocol": study.evaluation.protocols,
        "scenario": study.scenarios,
    }
    everything = frozenset((kind, entry.id) for kind, listed in entries.items() for entry in listed)
    needed: Parts = frozenset(("estimator", name) for name in study.evaluation.references)
    for expectation in study.expect:
        needed |= _needs(expectation, study, everything)
    if needed == everything:
        return study
    kept = {
        kind: tuple(entry for entry in listed if (kind, entry.id) in needed)
        for kind, listed in entries.items()
    }
    return study.model_copy(
        update={
            "estimators": kept["estimator"],
            "scenarios": kept["scenario"],
            "evaluation": study.evaluation.model_copy(update={"protocols": kept["protocol"]}),
            "multiverse": None,
            "claims": (),
        }
    )


def _needs(expectation: AnyExpectation, study: Study, everything: Parts) -> Parts:
    """Return what one cell rests on; what no rule below tells apart rests on everything."""
    table, where = expectation.table, expectation.where

    def named(kind: str) -> Parts:
        """Return the entry that a row is found by, or all where it is found without one."""
        id_ = where.get(kind)
        return frozenset(part for part in everything if part[0] == kind and id_ in (None, part[1]))

    estimators, scenarios = named("estimator"), named("scenario")
    giving = scenarios & {("scenario", one.id) for one in study.scenarios if _has(one.scenario.tables, table)}
    describing = scenarios & {
        ("scenario", one.id) for one in study.scenarios if _has(one.scenario.data_tables, table)
    }
    if table in OF_DATA:
        return frozenset()
    if describing and not giving:
        return describing
    if table in COMPARED:
        return estimators | named("protocol")
    if table in OF_ALL_PROTOCOLS:
        return estimators | {part for part in everything if part[0] == "protocol"}
    if table in OF_FITS or table.startswith(DETAILS):
        return estimators
    return estimators | giving if giving else everything


def _has(tables: Iterable[ResultTable], name: str) -> bool:
    return any(table.name == name for table in tables)
