"""What the parts of a spec must agree on, checked on the text's values so that no other mistake hides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from harness.data.name import fold_name, near_columns
from harness.language import Coded, marked, quoted
from harness.registry.catalog import USE, Catalogs
from harness.study.expectations.expectation import EXPECTED_OF_NONE
from harness.study.spec.document import Document
from harness.study.spec.entry import entry_ids, expand_ladder
from harness.study.spec.reader import Loc, Mistake
from harness.tables.registry import TABLES
from harness.tables.table import DETAILS, ResultTable

# Where the estimators are named that gains are over.
_REFERENCES = ("evaluation.reference", "evaluation.further_references.*")

# A path of a spec, and the name that stands there.
Named = tuple[Loc, str]


def tables_offered(catalogs: Catalogs) -> Mapping[str, ResultTable]:
    """Return the tables in CSV files that a run may have: the harness's own, and those of all scenarios."""
    scenarios = catalogs["scenario"].members.values()
    declared = (
        table
        for scenario in scenarios
        for table in (*getattr(scenario, "tables", ()), *getattr(scenario, "data_tables", ()))
    )
    return {**{table.name: table for table in declared}, **TABLES}


def cross_check(document: Document, catalogs: Catalogs) -> Iterator[Mistake]:
    """Yield ids that are given twice, names that nothing in the study has, and what they contradict."""
    lists: tuple[Loc, ...] = (
        ("estimators",),
        ("evaluation", "protocols"),
        ("scenarios",),
        ("evaluation", "metrics"),
    )
    ids = [_ids(document, loc, catalogs) for loc in lists]
    for named in ids:
        what = marked("the id '{name}' is taken by the entry at {spot}")
        hint = marked("give this entry an `id:` of its own")
        yield from _repeated(document, named.items(), what, "each id once", hint)
    columns = (document.texts(f"roles.{part}.*") for part in ("outcomes", "moderators", "controls"))
    names = _Names(
        document,
        *(tuple(dict.fromkeys(named.values())) for named in ids[:3]),
        *(tuple(fold_name(name) for _, name in named) for named in columns),
    )
    what = marked("'{name}' is a reference already")
    references = document.texts(*_REFERENCES)
    yield from _repeated(document, references, what, "each reference once", "remove it here")
    yield from _unknown_names(names)
    yield from _on_other_rows(document)
    yield from _further_primaries(document)
    for claim in document.entries(("claims",)):
        yield from _gain_of_reference(names, claim)
    for identity in document.entries(("identities",)):
        yield from _untied(names, identity)
    yield from _counterparts(names)
    yield from _conclusions(names)
    yield from _expectations(names, tables_offered(catalogs))


@dataclass(frozen=True)
class _Names:
    """What the parts of a spec can name, as far as its text can be read.

    Attributes
    ----------
    estimators, protocols, scenarios : ids
    outcomes, moderators, controls : columns, folded
    """

    document: Document
    estimators: tuple[str, ...]
    protocols: tuple[str, ...]
    scenarios: tuple[str, ...]
    outcomes: tuple[str, ...]
    moderators: tuple[str, ...]
    controls: tuple[str, ...]

    @property
    def held(self) -> tuple[str, ...]:
        """Columns that are held fixed when the exposure changes."""
        return (*self.moderators, *self.controls)

    def columns_at(self, *patterns: str, within: Loc = ()) -> list[Named]:
        """Return the names of columns at some paths, folded; see `Document.texts`."""
        return [(loc, fold_name(name)) for loc, name in self.document.texts(*patterns, within=within)]

    def unknown(
        self, named: Iterable[Named], known: Sequence[str], what: str, otherwise: str, *, also: str = ""
    ) -> Iterator[Mistake]:
        """Yield the names that are none of those known; without any known, nothing is said.

        Parameters
        ----------
        what : is wrong, with ``{name}`` for the name
        otherwise : the hint where no known name is near
        also : what may stand there as well
        """
        for loc, name in named:
            if known and name not in known:
                hint = near_columns(name, known) or otherwise
                expected = ", ".join([*known, *filter(None, [also])])
                yield Mistake(self.document.find(loc), Coded(what, name=quoted(name)), expected, hint)


def _ids(document: Document, loc: Loc, catalogs: Catalogs) -> dict[Loc, str]:
    """Return the readable ids of a list's entries, as `Entry` would name them, by their paths."""
    written = document.value(loc)
    if loc == ("estimators",):
        written = expand_ladder(written, catalogs["estimator"].members)
    return {(*loc, at, "id"): name for at, name in enumerate(entry_ids(written)) if isinstance(name, str)}


MESSAGES = (
    *(marked("no estimator is called '{name}'"), marked("no reference is called '{name}'")),
    *(marked("no protocol is called '{name}'"), marked("no scenario is called '{name}'")),
    *(marked("no moderator is called '{name}'"), marked("no claim has the source '{name}'")),
    *(marked("no claim has the quantity '{name}'"), marked("no claim has the outcome '{name}'")),
    *(marked("name one of the study's estimators"), marked("name one of the study's references")),
    *(marked("name one of the study's protocols"), marked("name one of the study's scenarios")),
    *(
        marked("name one of the study's moderators"),
        marked("name one of the study's outcomes, or add this one to them"),
    ),
    *(
        marked("name one of the study's moderators, or add this one to them"),
        marked("name one of the study's estimators, or add this one to them"),
        marked("name one of the study's protocols, or add this one to them"),
    ),
    marked("name one of the study's estimators, or add this one"),
    marked("name one of the study's protocols, or add this one"),
)


def _repeated(
    document: Document, named: Iterable[Named], what: str, expected: str, hint: str
) -> Iterator[Mistake]:
    """Yield the names that were given before.

    Parameters
    ----------
    what : is wrong, with ``{name}`` for the name and ``{spot}`` for where it was given first
    """
    first: dict[str, Loc] = {}
    for loc, name in named:
        earlier = first.setdefault(name, loc)
        if earlier != loc:
            problem = Coded(what, name=quoted(name), spot=document.find(earlier).spot)
            yield Mistake(document.find(loc), problem, expected, hint)


def _unknown_names(names: _Names) -> Iterator[Mistake]:
    """Yield ids, regressors, and names in claims that nothing in the study has."""
    texts, columns = names.document.texts, names.columns_at
    asked = ("multiverse.estimator", "multiverse.references.*", "report.featured.*", "scenarios.*.learners.*")
    what, otherwise = marked("no estimator has the id '{name}'"), marked("name one of the estimators")
    yield from names.unknown(texts(*_REFERENCES, *asked), names.estimators, what, otherwise)
    ladder = texts("method_ladder.protocol", "method_ladder.unseen")
    changes = dict(texts("method_ladder.changes.*.change"))
    values = texts("method_ladder.changes.*.to")
    ladder += [(loc, name) for loc, name in values if changes.get((*loc[:-1], "change")) == "protocol"]
    what, otherwise = marked("no protocol has the id '{name}'"), marked("name one of evaluation.protocols")
    yield from names.unknown(ladder, names.protocols, what, otherwise)
    what = marked("no scenario has the id '{name}'")
    otherwise = marked("name one of the scenarios; [] is none of them")
    yield from names.unknown(texts("estimators.*.scenarios.*"), names.scenarios, what, otherwise)
    of_scenarios = columns("scenarios.*.moderator", "scenarios.*.exposure")
    what = marked("'{name}' is no moderator or control of the study")
    otherwise = "name one of them, or add it to roles.moderators"
    yield from names.unknown(of_scenarios, names.held, what, otherwise)
    controls, exposures = columns("estimators.*.controls.*"), columns("estimators.*.exposure")
    otherwise = "name one of them, or add it to roles.controls"
    yield from names.unknown(controls, names.controls, "'{name}' is no control of the study", otherwise)
    known = (*(name for _, name in columns("roles.exposure")), *names.held)
    yield from names.unknown(exposures, known, "'{name}' is no regressor of the study", otherwise)
    further = (name for _, name in texts(*_REFERENCES))
    what = marked("'{name}' is no reference of the study")
    otherwise = marked("add it to evaluation.further_references")
    yield from names.unknown(texts("claims.*.reference"), tuple(further), what, otherwise)
    for key, named, known in (
        ("outcome", columns("claims.*.outcome", "method_ladder.outcomes.*"), names.outcomes),
        ("moderator", columns("claims.*.moderator"), names.moderators),
        ("estimator", texts("claims.*.estimator"), names.estimators),
        ("protocol", texts("claims.*.protocol"), names.protocols),
    ):
        otherwise = marked(f"name one of the study's {key}s, or add this one to them")
        yield from names.unknown(named, known, marked(f"no {key} is called '{{name}}'"), otherwise)


def _on_other_rows(document: Document) -> Iterator[Mistake]:
    """Yield references and estimators of the multiverse that have columns or rows of their own."""
    entries = [entry for loc in document.entries(("estimators",)) if (entry := document.value(loc))]
    own = {
        str(entry.get("id", entry.get(USE))): key
        for entry in entries
        if isinstance(entry, Mapping)
        for key in ("controls", "exposure", "rows")
        if key in entry
    }
    for loc, name in document.texts(*_REFERENCES):
        if own.get(name) == "rows":
            what = Coded("'{name}' is fitted on rows of its own, and gains are over the same rows", name=name)
            yield Mistake(
                document.find(loc), what, marked("an estimator on all rows"), marked("name another")
            )
    for loc, name in document.texts("multiverse.estimator"):
        if name in own:
            what = Coded(
                "'{name}' has `{own}` of its own, and a universe has those of the study",
                name=name,
                own=own[name],
            )
            hint = marked("vary an entry without, or `multiverse.controls`")
            yield Mistake(document.find(loc), what, marked("an estimator without"), hint)


def _further_primaries(document: Document) -> Iterator[Mistake]:
    """Yield the estimators and scenarios that are declared primary after the first one."""
    listed = (document.entries((key,)) for key in ("scenarios", "estimators"))
    places = [(*loc, "primary") for loc in chain.from_iterable(listed)]
    declared = [loc for loc in places if document.value(loc) is True]
    for loc in declared[1:]:
        what = Coded(
            "a study has one primary effect, and {spot} declares it", spot=document.find(declared[0]).spot
        )
        yield Mistake(
            document.find(loc), what, marked("`primary: true` once"), marked("remove it from one of the two")
        )


def _gain_of_reference(names: _Names, claim: Loc) -> Iterator[Mistake]:
    """Yield a claim about the gain of the reference over itself."""
    document, estimator = names.document, (*claim, "estimator")
    own, first = document.value((*claim, "reference")), document.value(("evaluation", "reference"))
    reference = own or first
    is_gain = document.value((*claim, "quantity")) == "gain"
    if is_gain and isinstance(reference, str) and document.value(estimator) == reference != "":
        what = Coded(
            "'{reference}' is the reference that gains are over, so it has no gain", reference=reference
        )
        others = ", ".join(other for other in names.estimators if other != reference)
        hint = marked("name another estimator, or another reference")
        yield Mistake(document.find(estimator), what, others, hint)


def _untied(names: _Names, identity: Loc) -> Iterator[Mistake]:
    """Yield why an identity says nothing about curves: they share a slope only if all else in it is held."""
    product, factors = (names.columns_at(key, within=identity) for key in ("product", "of.*"))
    if not product or not factors or not names.outcomes:
        return
    what, otherwise = marked("no outcome is called '{name}'"), marked("name one of the study's outcomes")
    yield from names.unknown(product, names.outcomes, what, otherwise)
    outcomes = [name for _, name in factors if name in names.outcomes]
    if len(outcomes) != 1 or outcomes == [name for _, name in product]:
        what = Coded(
            "{n} factors are outcomes: {outcomes}", n=len(outcomes), outcomes=", ".join(outcomes) or "none"
        )
        expected = marked("one factor that is another outcome, the others moderators or controls")
        place = names.document.find((*identity, "of"))
        yield Mistake(place, what, expected, marked("write the product with one other outcome"))
    others = [(loc, name) for loc, name in factors if name not in names.outcomes]
    what = marked("'{name}' is not held fixed: it is no moderator and no control")
    yield from names.unknown(others, names.held, what, marked("make it a control, or remove the identity"))


def _counterparts(names: _Names) -> Iterator[Mistake]:
    """Yield counterparts, or what they stand next to, that the study does not have."""
    for kind, known in (("estimators", names.estimators), ("protocols", names.protocols)):
        written = names.document.value(("counterparts", kind))
        for published, name in written.items() if isinstance(written, Mapping) else ():
            loc = ("counterparts", kind, published)
            named = [(loc, one) for one in dict.fromkeys((published, name)) if isinstance(one, str)]
            what = marked(f"no {kind.removesuffix('s')} is called '{{name}}'")
            otherwise = marked(f"name one of the study's {kind}, or add this one")
            yield from names.unknown(named, known, what, otherwise)


def _conclusions(names: _Names) -> Iterator[Mistake]:
    """Yield sources, quantities and outcomes of conclusions that no claim has."""
    texts = names.document.texts
    for key, column in (("sources", "source"), ("quantities", "quantity"), ("outcomes", "outcome")):
        known = list(dict.fromkeys(name for _, name in texts(f"claims.*.{column}"))) or [""]
        what = marked(f"no claim has the {column} '{{name}}'")
        otherwise = marked("add the claim, or leave this out")
        yield from names.unknown(texts(f"conclusions.*.{key}.*"), known, what, otherwise)


def _expectations(names: _Names, tables: Mapping[str, ResultTable]) -> Iterator[Mistake]:
    """Yield tables, columns and ids that do not exist, columns that prove nothing, and cells named twice.

    Parameters
    ----------
    tables : in CSV files, by name
    """
    document = names.document
    ids_in = {
        "outcome": names.outcomes,
        "estimator": names.estimators,
        "reference": names.estimators,
        "protocol": names.protocols,
        "moderator": names.moderators,
        "scenario": names.scenarios,
    }
    cells: list[Named] = []
    for loc in document.entries(("expect",)):
        where = document.value((*loc, "where"))
        keys = dict(where) if isinstance(where, Mapping) else {}
        yield from _table_and_columns(names, loc, tuple(keys), tables)
        for column, name in keys.items():
            what = marked(f"no {column} is called '{{name}}'")
            otherwise = marked(f"name one of the study's {column}s")
            named = [((*loc, "where", column), name)] if isinstance(name, str) else []
            yield from names.unknown(named, ids_in.get(column, ()), what, otherwise)
        if isinstance(document.value(loc), Mapping):
            cell = [document.value((*loc, name)) for name in ("table", "column", "from", "source")]
            cells.append((loc, repr((cell, sorted(keys.items())))))
    what = marked("this cell is expected at {spot} already")
    expected = marked("each cell once from each source")
    yield from _repeated(document, cells, what, expected, marked("remove one of the two"))


def _table_and_columns(
    names: _Names, loc: Loc, keys: Sequence[str], tables: Mapping[str, ResultTable]
) -> Iterator[Mistake]:
    document = names.document
    table, column = document.value((*loc, "table")), document.value((*loc, "column"))
    if not isinstance(table, str) or table.startswith(DETAILS):
        return
    known = [name for name in tables if name != EXPECTED_OF_NONE]
    what, otherwise = marked("there is no result table '{name}'"), marked("name one of the result tables")
    yield from names.unknown([((*loc, "table"), table)], known, what, otherwise, also=f"{DETAILS}NAME")
    if table not in tables:
        return
    columns = [*(((*loc, "where", key), key) for key in keys), *document.texts("column", within=loc)]
    what, otherwise = marked(f"'{table}' has no column '{{name}}'"), marked("name one of the table's columns")
    yield from names.unknown(columns, tables[table].columns, what, otherwise)
    if column in tables[table].study_wide:
        what = Coded("'{column}' depends on all other cells of the study", column=column)
        hint = marked("expect the gain, its interval or its p_value")
        yield Mistake(document.find((*loc, "column")), what, marked("a column that belongs to its row"), hint)
