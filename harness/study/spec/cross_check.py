"""What the parts of a spec must agree on, checked on the text's values so that no other mistake hides it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

_REFERENCE: Loc = ("evaluation", "reference")
_FURTHER: Loc = ("evaluation", "further_references")
_VARIED: Loc = ("multiverse", "estimator")


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
    names = Names.of(
        document,
        estimators=known["estimators",],
        protocols=known["evaluation", "protocols"],
        scenarios=known["scenarios",],
    )
    yield from _unknown_estimators(document, names)
    yield from _same_reference(document)
    yield from _unknown_moderators(document, names)
    yield from _estimators_columns(document, names)
    yield from _on_other_rows(document)
    yield from check_claims(document, names)
    yield from check_expectations(document, names, tables_offered(catalogs))


def _ids(document: Document, loc: Loc, catalogs: Catalogs) -> list[_Named]:
    """Return the ids of a list's entries that have a readable one, as `Entry` would name them."""
    written = document.value(loc)
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


def _unknown_estimators(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield names of estimators, outside their list, that none has."""
    places = [_REFERENCE, _VARIED]
    for loc in (_FURTHER, ("multiverse", "references"), ("report", "featured")):
        places += document.entries(loc)
    for scenario in document.entries(("scenarios",)):
        places += document.entries((*scenario, "learners"))
    known = names.estimators
    for loc in places:
        name = document.value(loc)
        if isinstance(name, str) and known and name not in known:
            hint = near_names(name, known) or "name one of the estimators"
            yield Mistake(document.find(loc), f"no estimator has the id '{name}'", ", ".join(known), hint)


def _same_reference(document: Document) -> Iterator[Mistake]:
    """Yield further references that are named before."""
    before = [document.value(_REFERENCE)]
    for loc in document.entries(_FURTHER):
        name = document.value(loc)
        if isinstance(name, str) and name in before:
            what = f"'{name}' is a reference already"
            yield Mistake(document.find(loc), what, "each reference once", "remove it here")
        before.append(name)


def _estimators_columns(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield columns of estimators that are no regressors of the study."""
    if not isinstance(document.value(("roles",)), Mapping):
        return
    controls, exposure = document.value(("roles", "controls")), document.value(("roles", "exposure"))
    known = {
        "controls": (controls,) if isinstance(controls, str) else document.texts(("roles", "controls")),
        "exposure": (*([exposure] if isinstance(exposure, str) else []), *names.held),
    }
    for entry in document.entries(("estimators",)):
        for key, columns in known.items():
            for loc in document.entries((*entry, key)) or [(*entry, key)]:
                name = document.value(loc)
                if isinstance(name, str) and fold_name(name) not in map(fold_name, columns):
                    what = f"'{name}' is no {'control' if key == 'controls' else 'regressor'} of the study"
                    hint = near_columns(name, columns) or "name one of them, or add it to roles.controls"
                    yield Mistake(document.find(loc), what, ", ".join(columns), hint)


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
    for loc in (_REFERENCE, *document.entries(_FURTHER)):
        name = document.value(loc)
        if isinstance(name, str) and own.get(name) == "rows":
            what = f"'{name}' is fitted on rows of its own, and gains are over the same rows"
            yield Mistake(document.find(loc), what, "an estimator on all rows", "name another")
    name = document.value(_VARIED)
    if isinstance(name, str) and name in own:
        what = f"'{name}' has `{own[name]}` of its own, and a universe has those of the study"
        hint = "vary an entry without, or `multiverse.controls`"
        yield Mistake(document.find(_VARIED), what, "an estimator without", hint)


def _unknown_moderators(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield moderators, and exposures of their own, of scenarios that are no regressors of the study."""
    scenarios = document.entries(("scenarios",))
    for loc in ((*scenario, key) for scenario in scenarios for key in ("moderator", "exposure")):
        name = document.value(loc)
        if isinstance(name, str) and names.held and fold_name(name) not in names.held:
            what = f"'{name}' is no moderator or control of the study"
            hint = near_columns(name, names.held) or "name one of them, or add it to roles.moderators"
            yield Mistake(document.find(loc), what, ", ".join(names.held), hint)
