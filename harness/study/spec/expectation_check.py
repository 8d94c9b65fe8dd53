"""What claims, identities and expected numbers name must exist; checked on the text's values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
    """What a claim can name, as far as the text can be read.

    Attributes
    ----------
    estimators, protocols : ids
    reference : of the evaluation; empty where there is none
    outcomes, held : outcomes; moderators and controls
    moderators : among those held
    """

    estimators: Collection[str]
    protocols: Collection[str]
    reference: str
    outcomes: Collection[str]
    moderators: Collection[str]
    held: Collection[str]

    @classmethod
    def of(cls, document: Document, *, estimators: Collection[str], protocols: Collection[str]) -> Names:
        """Return the names of a document whose ids are known."""
        roles, evaluation = (_mapping(document.data.get(key)) for key in ("roles", "evaluation"))
        outcomes, moderators, controls = (
            _texts(roles.get(key)) for key in ("outcomes", "moderators", "controls")
        )
        reference = evaluation.get("reference")
        return cls(
            estimators=estimators,
            protocols=protocols,
            reference=reference if isinstance(reference, str) else "",
            outcomes=outcomes,
            moderators=moderators,
            held=(*moderators, *controls),
        )


def check_claims(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield unknown names, gains of the reference, and identities that tie no curves."""
    for at, claim in enumerate(_mappings(document.data.get("claims"))):
        yield from _unknown_names(document, claim, names, loc=("claims", at))
        if claim.get("quantity") == "gain" and claim.get("estimator") == names.reference != "":
            yield Mistake(
                document.find(("claims", at, "estimator")),
                f"'{names.reference}' is the reference that gains are over, so it has no gain",
                ", ".join(estimator for estimator in names.estimators if estimator != names.reference),
                "name another estimator, or change evaluation.reference",
            )
    for at, identity in enumerate(_mappings(document.data.get("identities"))):
        yield from _untied(document, identity, names, loc=("identities", at))
    yield from _unknown_counterparts(document, names)


def _unknown_counterparts(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield counterparts, or what they stand beside, that the study does not have."""
    beside = _mapping(document.data.get("counterparts"))
    for kind, known in (("estimators", names.estimators), ("protocols", names.protocols)):
        for published, name in _mapping(beside.get(kind)).items():
            loc = ("counterparts", kind, published)
            for candidate in dict.fromkeys((published, name)):
                if isinstance(candidate, str) and known and candidate not in known:
                    hint = (
                        near_columns(candidate, known) or f"name one of the study's {kind}, or add this one"
                    )
                    what = f"no {kind.removesuffix('s')} is called '{candidate}'"
                    yield Mistake(document.find(loc), what, ", ".join(known), hint)


def _unknown_names(
    document: Document, claim: Mapping[str, Any], names: Names, *, loc: Loc
) -> Iterator[Mistake]:
    for key, known in (
        ("outcome", names.outcomes),
        ("estimator", names.estimators),
        ("protocol", names.protocols),
        ("moderator", names.moderators),
    ):
        name = claim.get(key)
        if isinstance(name, str) and known and fold_name(name) not in known:
            hint = near_columns(name, known) or f"name one of the study's {key}s, or add this one to them"
            yield Mistake(document.find((*loc, key)), f"no {key} is called '{name}'", ", ".join(known), hint)


def _untied(document: Document, identity: Mapping[str, Any], names: Names, *, loc: Loc) -> Iterator[Mistake]:
    """Yield why an identity says nothing about curves: they share a slope only if all else in it is held."""
    product, factors = identity.get("product"), _texts(identity.get("of"))
    if not isinstance(product, str) or not factors or not names.outcomes:
        return
    if fold_name(product) not in names.outcomes:
        what = f"no outcome is called '{product}'"
        hint = near_columns(product, names.outcomes) or "name one of the study's outcomes"
        yield Mistake(document.find((*loc, "product")), what, ", ".join(names.outcomes), hint)
    outcomes = [name for name in factors if name in names.outcomes]
    if len(outcomes) != 1 or outcomes == [fold_name(product)]:
        what = f"{len(outcomes)} factors are outcomes: {', '.join(outcomes) or 'none'}"
        expected = "one factor that is another outcome, the others moderators or controls"
        yield Mistake(document.find((*loc, "of")), what, expected, "write the product with one other outcome")
    for at, name in enumerate(factors):
        if name not in names.outcomes and name not in names.held:
            what = f"'{name}' is not held fixed: it is no moderator and no control"
            hint = near_columns(name, names.held) or "make it a control, or remove the identity"
            yield Mistake(document.find((*loc, "of", at)), what, ", ".join(names.held), hint)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the entries of a list, those that are no mappings as empty ones."""
    return [_mapping(entry) for entry in value] if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    """Return the column names in a list, folded; others are left out."""
    return (
        tuple(fold_name(name) for name in value if isinstance(name, str)) if isinstance(value, list) else ()
    )


Known = Mapping[str, Collection[str]]
"""Ids by the column of result tables that holds them; columns that hold no ids are not there."""


def tables_offered(catalogs: Catalogs) -> Mapping[str, ResultTable]:
    """Return the tables in CSV files that a run may have: the harness's own, and those of all scenarios."""
    declared = (
        table
        for scenario in catalogs["scenario"].members.values()
        for table in (*getattr(scenario, "tables", ()), *getattr(scenario, "data_tables", ()))
    )
    return with_own(declared)


def check_expectations(
    document: Document, known: Known, tables: Mapping[str, ResultTable]
) -> Iterator[Mistake]:
    """Yield tables, columns and ids that do not exist, columns that prove nothing, and cells named twice.

    Parameters
    ----------
    known : ids of the study
    tables : in CSV files, by name
    """
    written = document.data.get("expect")
    first: dict[str, Loc] = {}
    for at, entry in enumerate(written if isinstance(written, list) else ()):
        if not isinstance(entry, Mapping):
            continue
        loc: Loc = ("expect", at)
        where = entry.get("where")
        keys = dict(where) if isinstance(where, Mapping) else {}
        yield from _unknown_table(document, loc, entry, tables)
        yield from _unknown_columns(document, loc, entry, keys, tables)
        yield from _unknown_ids(document, loc, keys, known)
        said = [entry.get(name) for name in ("table", "column", "from", "source")]
        earlier = first.setdefault(repr((said, sorted(keys.items()))), loc)
        if earlier is not loc:
            what = f"this cell is expected at {document.find(earlier).mark} already"
            yield Mistake(
                document.find(loc), what, "each cell once from each source", "remove one of the two"
            )


def _unknown_table(
    document: Document, loc: Loc, entry: Mapping[str, Any], tables: Mapping[str, ResultTable]
) -> Iterator[Mistake]:
    name, known = entry.get("table"), [table for table in tables if table != EXPECTED_OF_NONE]
    if isinstance(name, str) and name not in known and not name.startswith(DETAILS):
        hint = near_names(name, known) or "name one of the result tables"
        expected = f"{', '.join(known)}, {DETAILS}NAME"
        yield Mistake(document.find((*loc, "table")), f"there is no result table '{name}'", expected, hint)


def _unknown_columns(
    document: Document,
    loc: Loc,
    entry: Mapping[str, Any],
    keys: Mapping[str, Any],
    tables: Mapping[str, ResultTable],
) -> Iterator[Mistake]:
    table, column = entry.get("table"), entry.get("column")
    declared = tables.get(table) if isinstance(table, str) else None
    # The multiverse has a column for each choice as well, whatever these are called.
    columns = declared.columns if declared is not None and declared != MULTIVERSE else ()
    named = [((*loc, "where", key), key) for key in keys]
    named += [((*loc, "column"), column)] if isinstance(column, str) else []
    for place, name in named if columns else ():
        if name not in columns:
            hint = near_columns(name, columns) or "name one of the table's columns"
            what = f"'{table}' has no column '{name}'"
            yield Mistake(document.find(place), what, ", ".join(columns), hint)
    if declared is not None and column in declared.study_wide:
        what = f"'{column}' depends on all other cells of the study"
        hint = "expect the gain, its interval or its p_value"
        yield Mistake(document.find((*loc, "column")), what, "a column that belongs to its row", hint)


def _unknown_ids(document: Document, loc: Loc, keys: Mapping[str, Any], known: Known) -> Iterator[Mistake]:
    for column, key in keys.items():
        ids = known.get(column, ())
        if isinstance(key, str) and ids and key not in ids:
            hint = near_columns(key, ids) or f"name one of the study's {column}s"
            what = f"no {column} is called '{key}'"
            yield Mistake(document.find((*loc, "where", column)), what, ", ".join(ids), hint)
