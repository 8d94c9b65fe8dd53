"""What the parts of a spec must agree on, checked on the text's values so that no other mistake hides it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from harness.data.name import fold_name, near_columns
from harness.errors import near_names
from harness.registry.catalog import USE, Catalogs
from harness.study.spec.document import Document
from harness.study.spec.entry import entry_ids
from harness.study.spec.expectation_check import Names, check_claims, check_expectations, tables_offered
from harness.study.spec.ladder import expand_ladder
from harness.study.spec.node import Loc, Mistake, Place

_LISTS: tuple[Loc, ...] = (
    ("estimators",),
    ("evaluation", "protocols"),
    ("evaluation", "metrics"),
    ("scenarios",),
)

_LISTS_OF_ESTIMATORS: tuple[Loc, ...] = (
    ("evaluation", "further_references"),
    ("multiverse", "references"),
    ("report", "featured"),
)


@dataclass(frozen=True)
class _Named:
    place: Place
    id: str


def cross_check(document: Document, catalogs: Catalogs) -> Iterator[Mistake]:
    """Yield ids that are given twice, and names that nothing in the study has."""
    ids = {loc: _ids(document, loc, catalogs) for loc in _LISTS}
    for named in ids.values():
        yield from _repeated(named)
    known = {loc: tuple(dict.fromkeys(entry.id for entry in named)) for loc, named in ids.items()}
    estimators = known["estimators",]
    for loc in _estimators_named(document):
        yield from _unknown_estimator(document, loc, estimators)
    yield from _same_reference(document)
    names = Names.of(document, estimators=estimators, protocols=known["evaluation", "protocols"])
    yield from _unknown_moderators(document, names)
    yield from _estimators_columns(document, names)
    yield from check_claims(document, names)
    ids_in = {
        "outcome": names.outcomes,
        "estimator": estimators,
        "reference": estimators,
        "protocol": names.protocols,
        "moderator": names.moderators,
        "scenario": known["scenarios",],
    }
    yield from check_expectations(document, ids_in, tables_offered(catalogs))


def _ids(document: Document, loc: Loc, catalogs: Catalogs) -> list[_Named]:
    """Return the ids of a list's entries that have a readable one, as `Entry` would name them."""
    written = _value(document, loc)
    if loc == ("estimators",):
        written = expand_ladder(written, catalogs["estimator"].members)
    ids = entry_ids(written)
    places = [document.find((*loc, at, "id")) for at in range(len(ids))]
    return [_Named(place, name) for place, name in zip(places, ids, strict=True) if isinstance(name, str)]


def _repeated(ids: list[_Named]) -> Iterator[Mistake]:
    first: dict[str, Place] = {}
    for named in ids:
        earlier = first.setdefault(named.id, named.place)
        if earlier is not named.place:
            what = f"the id '{named.id}' is taken by the entry at {earlier.mark}"
            yield Mistake(named.place, what, "each id once", "give this entry an `id:` of its own")


def _estimators_named(document: Document) -> Iterator[Loc]:
    """Yield the places outside the list of estimators that name one of them."""
    yield ("evaluation", "reference")
    yield ("multiverse", "estimator")
    scenarios = _value(document, ("scenarios",))
    learners = [
        ("scenarios", at, "learners") for at in range(len(scenarios) if isinstance(scenarios, list) else 0)
    ]
    for loc in (*_LISTS_OF_ESTIMATORS, *learners):
        named = _value(document, loc)
        yield from ((*loc, at) for at in range(len(named) if isinstance(named, list) else 0))


def _value(document: Document, loc: Loc) -> object:
    """Return what is written at a place; None where nothing is."""
    value: object = document.data
    for key in loc:
        if isinstance(value, Mapping):
            value = value.get(str(key))
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key]
        else:
            return None
    return value


def _unknown_estimator(document: Document, loc: Loc, known: Collection[str]) -> Iterator[Mistake]:
    name = _value(document, loc)
    if isinstance(name, str) and known and name not in known:
        hint = near_names(name, known) or "name one of the estimators"
        yield Mistake(document.find(loc), f"no estimator has the id '{name}'", ", ".join(known), hint)


def _same_reference(document: Document) -> Iterator[Mistake]:
    """Yield further references that are named before."""
    named = _value(document, ("evaluation", "further_references"))
    before = [_value(document, ("evaluation", "reference"))]
    for at, name in enumerate(named if isinstance(named, list) else ()):
        if isinstance(name, str) and name in before:
            place = document.find(("evaluation", "further_references", at))
            yield Mistake(place, f"'{name}' is a reference already", "each reference once", "remove it here")
        before.append(name)


def _estimators_columns(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield columns of estimators that are no regressors, and references on rows of their own."""
    roles, entries = _value(document, ("roles",)), _value(document, ("estimators",))
    if not isinstance(entries, list) or not isinstance(roles, Mapping):
        return
    controls = roles.get("controls") or []
    known = {"controls": [controls] if isinstance(controls, str) else controls}
    known["exposure"] = [*([roles["exposure"]] if "exposure" in roles else []), *names.held]
    for at, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            continue
        for key, columns in known.items():
            written = entry.get(key)
            listed = written if isinstance(written, list) else [written]
            for place, name in enumerate(listed):
                if isinstance(name, str) and fold_name(name) not in map(fold_name, columns):
                    loc: Loc = ("estimators", at, key, *([place] if isinstance(written, list) else []))
                    what = f"'{name}' is no {'control' if key == 'controls' else 'regressor'} of the study"
                    hint = near_columns(name, columns) or "name one of them, or add it to roles.controls"
                    yield Mistake(document.find(loc), what, ", ".join(columns), hint)
    yield from _on_other_rows(document, entries)


def _on_other_rows(document: Document, entries: list[object]) -> Iterator[Mistake]:
    """Yield references and estimators of the multiverse that have columns or rows of their own."""
    own = {
        str(entry.get("id", entry.get(USE))): key
        for entry in entries
        if isinstance(entry, Mapping)
        for key in ("controls", "exposure", "rows")
        if key in entry
    }
    rows = {name for name, key in own.items() if key == "rows"}
    further = _value(document, ("evaluation", "further_references"))
    references: list[Loc] = [("evaluation", "reference")]
    references += [
        ("evaluation", "further_references", at)
        for at in range(len(further) if isinstance(further, list) else 0)
    ]
    for loc in references:
        name = _value(document, loc)
        if isinstance(name, str) and name in rows:
            what = f"'{name}' is fitted on rows of its own, and gains are over the same rows"
            yield Mistake(document.find(loc), what, "an estimator on all rows", "name another")
    name = _value(document, ("multiverse", "estimator"))
    if isinstance(name, str) and name in own:
        what = f"'{name}' has `{own[name]}` of its own, and a universe has those of the study"
        hint = "vary an entry without, or `multiverse.controls`"
        yield Mistake(document.find(("multiverse", "estimator")), what, "an estimator without", hint)


def _unknown_moderators(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield moderators, and exposures of their own, of scenarios that are no regressors of the study."""
    scenarios = _value(document, ("scenarios",))
    places = [
        ("scenarios", at, key)
        for at in range(len(scenarios) if isinstance(scenarios, list) else 0)
        for key in ("moderator", "exposure")
    ]
    for loc in places:
        name = _value(document, loc)
        if isinstance(name, str) and names.held and fold_name(name) not in map(fold_name, names.held):
            what = f"'{name}' is no moderator or control of the study"
            hint = near_columns(name, names.held) or "name one of them, or add it to roles.moderators"
            yield Mistake(document.find(loc), what, ", ".join(names.held), hint)
