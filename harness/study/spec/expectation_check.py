"""What claims, identities and expected numbers name must exist; checked on the text's values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.data.name import fold_name, near_columns
from harness.errors import near_names
from harness.registry.catalog import Catalogs
from harness.study.expectations.expectation import EXPECTED_OF_NONE
from harness.study.spec.document import Document
from harness.study.spec.node import Loc, Mistake
from harness.tables.gain import MULTIVERSE
from harness.tables.registry import with_own
from harness.tables.table import DETAILS, ResultTable


@dataclass(frozen=True)
class Names:
    """What a claim or an expected number can name, as far as the text can be read.

    Attributes
    ----------
    estimators, protocols, scenarios : ids
    outcomes, moderators, controls : columns, folded
    """

    estimators: tuple[str, ...]
    protocols: tuple[str, ...]
    scenarios: tuple[str, ...]
    outcomes: tuple[str, ...]
    moderators: tuple[str, ...]
    controls: tuple[str, ...]

    @classmethod
    def of(
        cls,
        document: Document,
        *,
        estimators: tuple[str, ...],
        protocols: tuple[str, ...],
        scenarios: tuple[str, ...],
    ) -> Names:
        """Return the names of a document whose ids are known."""
        roles = (document.texts(("roles", key)) for key in ("outcomes", "moderators", "controls"))
        return cls(estimators, protocols, scenarios, *(tuple(map(fold_name, columns)) for columns in roles))

    @property
    def held(self) -> tuple[str, ...]:
        """Columns that are held fixed when the exposure changes."""
        return (*self.moderators, *self.controls)


def check_claims(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield unknown names, gains of the reference, and identities that tie no curves."""
    reference = document.value(("evaluation", "reference"))
    for claim in document.entries(("claims",)):
        yield from _unknown_names(document, claim, names)
        is_gain, estimator = document.value((*claim, "quantity")) == "gain", (*claim, "estimator")
        if is_gain and isinstance(reference, str) and document.value(estimator) == reference != "":
            yield Mistake(
                document.find(estimator),
                f"'{reference}' is the reference that gains are over, so it has no gain",
                ", ".join(other for other in names.estimators if other != reference),
                "name another estimator, or change evaluation.reference",
            )
    for identity in document.entries(("identities",)):
        yield from _untied(document, identity, names)
    yield from _unknown_counterparts(document, names)


def _unknown_names(document: Document, claim: Loc, names: Names) -> Iterator[Mistake]:
    for key, known in (
        ("outcome", names.outcomes),
        ("estimator", names.estimators),
        ("protocol", names.protocols),
        ("moderator", names.moderators),
    ):
        name = document.value((*claim, key))
        if isinstance(name, str) and known and fold_name(name) not in known:
            hint = near_columns(name, known) or f"name one of the study's {key}s, or add this one to them"
            what = f"no {key} is called '{name}'"
            yield Mistake(document.find((*claim, key)), what, ", ".join(known), hint)


def _untied(document: Document, identity: Loc, names: Names) -> Iterator[Mistake]:
    """Yield why an identity says nothing about curves: they share a slope only if all else in it is held."""
    product, factors = document.value((*identity, "product")), document.texts((*identity, "of"))
    if not isinstance(product, str) or not factors or not names.outcomes:
        return
    if fold_name(product) not in names.outcomes:
        what = f"no outcome is called '{product}'"
        hint = near_columns(product, names.outcomes) or "name one of the study's outcomes"
        yield Mistake(document.find((*identity, "product")), what, ", ".join(names.outcomes), hint)
    folded = tuple(map(fold_name, factors))
    outcomes = [name for name in folded if name in names.outcomes]
    if len(outcomes) != 1 or outcomes == [fold_name(product)]:
        what = f"{len(outcomes)} factors are outcomes: {', '.join(outcomes) or 'none'}"
        expected = "one factor that is another outcome, the others moderators or controls"
        hint = "write the product with one other outcome"
        yield Mistake(document.find((*identity, "of")), what, expected, hint)
    for at, name in enumerate(folded):
        if name not in names.outcomes and name not in names.held:
            what = f"'{name}' is not held fixed: it is no moderator and no control"
            hint = near_columns(name, names.held) or "make it a control, or remove the identity"
            yield Mistake(document.find((*identity, "of", at)), what, ", ".join(names.held), hint)


def _unknown_counterparts(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield counterparts, or what they stand next to, that the study does not have."""
    for kind, known in (("estimators", names.estimators), ("protocols", names.protocols)):
        written = document.value(("counterparts", kind))
        for published, name in written.items() if isinstance(written, Mapping) else ():
            for candidate in dict.fromkeys((published, name)):
                if isinstance(candidate, str) and known and candidate not in known:
                    hint = (
                        near_columns(candidate, known) or f"name one of the study's {kind}, or add this one"
                    )
                    what = f"no {kind.removesuffix('s')} is called '{candidate}'"
                    place = document.find(("counterparts", kind, published))
                    yield Mistake(place, what, ", ".join(known), hint)


def tables_offered(catalogs: Catalogs) -> Mapping[str, ResultTable]:
    """Return the tables in CSV files that a run may have: the harness's own, and those of all scenarios."""
    declared = (
        table
        for scenario in catalogs["scenario"].members.values()
        for table in (*getattr(scenario, "tables", ()), *getattr(scenario, "data_tables", ()))
    )
    return with_own(declared)


def check_expectations(
    document: Document, names: Names, tables: Mapping[str, ResultTable]
) -> Iterator[Mistake]:
    """Yield tables, columns and ids that do not exist, columns that prove nothing, and cells named twice.

    Parameters
    ----------
    tables : in CSV files, by name
    """
    first: dict[str, Loc] = {}
    for loc in document.entries(("expect",)):
        where = document.value((*loc, "where"))
        keys = dict(where) if isinstance(where, Mapping) else {}
        yield from _unknown_table(document, loc, tables)
        yield from _unknown_columns(document, loc, (*keys,), tables)
        yield from _unknown_ids(document, loc, keys, names)
        said = [document.value((*loc, name)) for name in ("table", "column", "from", "source")]
        is_entry = isinstance(document.value(loc), Mapping)
        earlier = first.setdefault(repr((said, sorted(keys.items()))), loc) if is_entry else loc
        if earlier is not loc:
            what = f"this cell is expected at {document.find(earlier).mark} already"
            hint = "remove one of the two"
            yield Mistake(document.find(loc), what, "each cell once from each source", hint)


def _unknown_table(document: Document, loc: Loc, tables: Mapping[str, ResultTable]) -> Iterator[Mistake]:
    name, known = document.value((*loc, "table")), [table for table in tables if table != EXPECTED_OF_NONE]
    if isinstance(name, str) and name not in known and not name.startswith(DETAILS):
        hint = near_names(name, known) or "name one of the result tables"
        expected = f"{', '.join(known)}, {DETAILS}NAME"
        yield Mistake(document.find((*loc, "table")), f"there is no result table '{name}'", expected, hint)


def _unknown_columns(
    document: Document, loc: Loc, keys: tuple[str, ...], tables: Mapping[str, ResultTable]
) -> Iterator[Mistake]:
    table, column = document.value((*loc, "table")), document.value((*loc, "column"))
    declared = tables.get(table) if isinstance(table, str) else None
    if declared is None:
        return
    # The multiverse has a column for each choice as well, whatever these are called.
    columns = declared.columns if declared != MULTIVERSE else ()
    named = [((*loc, "where", key), key) for key in keys]
    named += [((*loc, "column"), column)] if isinstance(column, str) else []
    for place, name in named if columns else ():
        if name not in columns:
            hint = near_columns(name, columns) or "name one of the table's columns"
            what = f"'{table}' has no column '{name}'"
            yield Mistake(document.find(place), what, ", ".join(columns), hint)
    if column in declared.study_wide:
        what = f"'{column}' depends on all other cells of the study"
        hint = "expect the gain, its interval or its p_value"
        yield Mistake(document.find((*loc, "column")), what, "a column that belongs to its row", hint)


def _unknown_ids(document: Document, loc: Loc, keys: Mapping[str, object], names: Names) -> Iterator[Mistake]:
    ids_in = {
        "outcome": names.outcomes,
        "estimator": names.estimators,
        "reference": names.estimators,
        "protocol": names.protocols,
        "moderator": names.moderators,
        "scenario": names.scenarios,
    }
    for column, key in keys.items():
        ids = ids_in.get(column, ())
        if isinstance(key, str) and ids and key not in ids:
            hint = near_columns(key, ids) or f"name one of the study's {column}s"
            what = f"no {column} is called '{key}'"
            yield Mistake(document.find((*loc, "where", column)), what, ", ".join(ids), hint)
