"""A study reduced to the cells that its expected numbers rest on.

Every cell draws from random streams of its own, named by its place, so it gives the same numbers whatever
else a study holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.study.expectations.expectation import AnyExpectation
from harness.study.spec.study import Study
from harness.tables.table import DETAILS

COMPARED = frozenset({"accuracy", "gain"})
OF_ALL_PROTOCOLS = frozenset({"decomposition"})
OF_FITS = frozenset({"coefficients"})
OF_DATA = frozenset({"summary", "preparation", "interpolated"})

Ids = frozenset[str]
NOTHING: Ids = frozenset()


@dataclass(frozen=True)
class Needs:
    """Ids of the parts of a study that numbers rest on."""

    estimators: Ids = NOTHING
    protocols: Ids = NOTHING
    scenarios: Ids = NOTHING

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.estimators | other.estimators,
            self.protocols | other.protocols,
            self.scenarios | other.scenarios,
        )


def narrowed(study: Study) -> Study:
    """Return the study with the estimators, protocols and scenarios that its expected numbers rest on.

    The references of the gains stay. The multiverse and the claims go, unless the whole study is needed.
    """
    everything = _everything(study)
    needs = Needs(estimators=frozenset(study.evaluation.references))
    for expectation in study.expect:
        needs |= _needs(expectation, study, everything)
    if needs == everything:
        return study
    protocols = tuple(entry for entry in study.evaluation.protocols if entry.id in needs.protocols)
    return study.model_copy(
        update={
            "estimators": tuple(entry for entry in study.estimators if entry.id in needs.estimators),
            "scenarios": tuple(entry for entry in study.scenarios if entry.id in needs.scenarios),
            "evaluation": study.evaluation.model_copy(update={"protocols": protocols}),
            "multiverse": None,
            "claims": (),
        }
    )


def _everything(study: Study) -> Needs:
    parts = (study.estimators, study.evaluation.protocols, study.scenarios)
    return Needs(*(frozenset(entry.id for entry in entries) for entries in parts))


def _needs(expectation: AnyExpectation, study: Study, everything: Needs) -> Needs:
    """Return what one cell rests on; what no rule below tells apart rests on everything."""
    table = expectation.table
    estimators = _named(expectation, "estimator", everything.estimators)
    scenarios = _named(expectation, "scenario", everything.scenarios)
    giving = scenarios & frozenset(
        entry.id for entry in study.scenarios if table in {own.name for own in entry.scenario.tables}
    )
    describing = scenarios & frozenset(
        entry.id for entry in study.scenarios if table in {own.name for own in entry.scenario.data_tables}
    )
    if table in OF_DATA:
        return Needs()
    if describing and not giving:
        return Needs(scenarios=describing)
    if table in COMPARED:
        return Needs(estimators, protocols=_named(expectation, "protocol", everything.protocols))
    if table in OF_ALL_PROTOCOLS:
        return Needs(estimators, protocols=everything.protocols)
    if table in OF_FITS or table.startswith(DETAILS):
        return Needs(estimators)
    return Needs(estimators, scenarios=giving) if giving else everything


def _named(expectation: AnyExpectation, column: str, known: Iterable[str]) -> Ids:
    """Return the id that a row is found by, or all where it is found without one."""
    key = expectation.where.get(column)
    return frozenset(known) if key is None else frozenset({str(key)})
