"""A spec file to a study, with all of its mistakes in one error."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, core_schema

from harness.data.name import as_entries
from harness.errors import near_names
from harness.language import Coded, marked, quoted
from harness.registry.catalog import UNKNOWN, USE, Catalogs
from harness.study.spec.cross_check import cross_check
from harness.study.spec.document import EXPECT, Document, WrittenSpec, read_spec, with_overrides
from harness.study.spec.entry import LINEAR, entry_ids, expand_ladder, ladder_places
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.printed import decimals
from harness.study.spec.reader import Loc, Mistake, Node, Place, Scalar, kind_of, read_scalar, spec_error
from harness.study.spec.schema_text import Expected
from harness.study.spec.study import SPEC_VERSION, STANDARD, Study

# What a name may be of.
MESSAGES = (
    *(
        marked("estimator", code="kind_estimator"),
        marked("protocol"),
        marked("scenario"),
        marked("step"),
        marked("dataset"),
    ),
    *(marked("simulation"), marked("metric"), marked("option"), marked("name")),
)

# Characters of a wrong text that a message repeats.
MAX_SHOWN = 60

# Keys by what others call them.
_ALSO_CALLED = {
    other: key
    for key, others in {
        "path": "file filename source",
        "outcomes": "dependent y",
        "exposure": "treatment independent x",
        "controls": "covariates",
        "entity": "id unit",
        "time": "year period",
        "reference": "baseline",
        "protocols": "splits",
        "estimators": "models",
        "from": "min since start after",
        "to": "max until end before",
        "include": "is in equals keep only",
        "exclude": "not drop without",
    }.items()
    for other in others.split()
}

_NUMBER = re.compile(r"\s*[+-]?[0-9]+(\.[0-9]*)?\s*", re.ASCII)
_TAG_FAULTS = ("union_tag_invalid", "union_tag_not_found")
_PYDANTIC_FAULTS = frozenset(get_args(core_schema.ErrorType))


def mistakes_of(errors: Iterable[ErrorDetails], document: Document, expected: Expected) -> list[Mistake]:
    """Return one mistake for each thing that is wrong.

    A value that fits no branch of a union is one fault a branch to pydantic; here it is one mistake. Where
    a mapping or list is nearly right, what is wrong inside is told, and not that other kinds were possible.
    """
    specific: list[Mistake] = []
    wrong: list[Mistake] = []
    for error in errors:
        place = document.find(error["loc"])
        if error["type"] in _REWORD:
            specific.append(_REWORD[error["type"]](error, place, expected))
        elif error["type"] in _TAG_FAULTS:
            specific.append(_wrong_tag(error, document, expected))
        elif error["type"] in _PYDANTIC_FAULTS:
            wrong.append(_wrong_value(error, place, expected))
        else:
            specific.append(_own_fault(error, place))
    specified = [mistake.place.path for mistake in specific]
    found = [mistake.place.path for mistake in wrong]
    return specific + [
        mistake for mistake in wrong if not _is_told_within(mistake.place.path, specified, found)
    ]


def _is_told_within(path: Loc, specified: Iterable[Loc], found: Iterable[Loc]) -> bool:
    """Whether another mistake says more closely what is wrong with the value at `path`."""
    closer = [*specified, *(other for other in found if len(other) > len(path))]
    return any(other[: len(path)] == path for other in closer)


def _unknown_key(error: ErrorDetails, place: Place, expected: Expected) -> Mistake:
    key = str(error["loc"][-1])
    parent = place.path[:-1] if place.path[-1:] == (key,) else place.path
    keys = expected.keys(parent)
    meant = _ALSO_CALLED.get(key.casefold())
    hint = (
        Coded("write `{key}:`", key=meant)
        if meant in keys
        else near_names(key, keys) or marked("remove it, or write it where it belongs")
    )
    return Mistake(place, Coded("unknown key '{key}'", key=quoted(key)), ", ".join(keys), hint)


def _missing(error: ErrorDetails, place: Place, expected: Expected) -> Mistake:
    key = str(error["loc"][-1])
    written = quoted(key)
    what, hint = Coded("the key '{key}' is missing", key=written), Coded("add `{key}:`", key=written)
    return Mistake(place, what, expected.words((*place.path, key)), hint)


def _wrong_value(error: ErrorDetails, place: Place, expected: Expected) -> Mistake:
    value = error["input"]
    words = expected.words(place.path) or error["msg"].removeprefix("Input should be ")
    return Mistake(place, Coded("found {value}", value=_shown(value)), words, _hint(value, place, expected))


def _hint(value: object, place: Place, expected: Expected) -> str:
    if isinstance(value, float) and value.is_integer() and "whole number" in expected.words(place.path):
        return Coded("write {value}", value=int(value))
    if isinstance(value, bool | int | float) and expected.words(place.path).startswith("a text"):
        return Coded('write it in quotes: "{value}"', value=_shown(value))
    if isinstance(value, str) and _NUMBER.fullmatch(value) and "number" in expected.words(place.path):
        return Coded("write it without quotes: {value}", value=value.strip())
    if isinstance(value, str) and (near := near_names(value, expected.values(place.path))):
        return near
    if isinstance(value, list) and value and expected.is_one_value(place.path):
        if len(value) > 1:
            return marked("one is meant: write one of them, without brackets")
        written = f"{place.path[-1]}: {value[0]}" if isinstance(place.path[-1], str) else str(value[0])
        return Coded("one is meant: write `{value}`", value=written)
    default = expected.default(place.path)
    if default:
        return Coded("write an allowed value, or leave the key out for {default}", default=repr(default))
    return marked("write an allowed value")


def _wrong_tag(error: ErrorDetails, document: Document, expected: Expected) -> Mistake:
    """Tell that the key which says what kind of mapping this is has no such kind, or is missing."""
    key = error["ctx"]["discriminator"].strip("'")
    place = document.find((*error["loc"], key))
    if place.path[-1:] != (key,):
        missing = _missing({**error, "loc": (*error["loc"], key)}, place, expected)
        moved = _moved_tag(key, error["input"], expected.values((*place.path, key)))
        return replace(missing, hint=moved) if moved else missing
    tag = error["ctx"]["tag"]
    hint = near_names(tag, expected.values(place.path)) or marked("write one of the allowed names")
    what = "name" if key == USE else key
    return Mistake(
        place, Coded("unknown {kind} '{name}'", kind=what, name=quoted(tag)), expected.words(place.path), hint
    )


def _moved_tag(key: str, given: object, known: Iterable[str]) -> str:
    """Return the hint for a kind that was written under another key; empty if none was."""
    pairs = given.items() if isinstance(given, dict) else ()
    other, value = next(((name, value) for name, value in pairs if value in known), ("", ""))
    return f"write `{key}: {value}` instead of `{other}: {value}`" if other else ""


def _refused(error: ErrorDetails, place: Place, _: Expected) -> Mistake:
    """Tell what a type's own check said."""
    return Mistake(place, str(error["ctx"]["error"]), hint=marked("change one of the values"))


def _own_fault(error: ErrorDetails, place: Place) -> Mistake:
    """Tell what a fault says that is not pydantic's own; it may name what is allowed and a hint."""
    context: dict[str, Any] = error.get("ctx", {})
    expected = context.get("expected", "")
    known, form = marked("write one of the allowed names"), marked("write it in this form")
    hint, what = context.get("hint") or (known if expected else form), error["msg"]
    if error["type"] == UNKNOWN:
        what = Coded("unknown {kind} '{name}'", kind=context["kind"], name=quoted(context["name"]))
        near = near_names(context["name"], expected.split(", "))
        hint = near if near == hint else hint  # pydantic keeps no code
    return Mistake(place, what, expected, hint)


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            clipped = value if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]}..."
            return f"the text {clipped!r}"
        case list() | tuple():
            return f"a list of {len(value)}"
        case dict():
            return "a mapping"
        case _:
            return str(value)


_REWORD: dict[str, Callable[[ErrorDetails, Place, Expected], Mistake]] = {
    **dict.fromkeys(("extra_forbidden", "unexpected_keyword_argument"), _unknown_key),
    **dict.fromkeys(("missing", "missing_argument", "missing_keyword_only_argument"), _missing),
    **dict.fromkeys(("value_error", "assertion_error"), _refused),
}


# Root of all randomness where a spec names none.
SEED: Final = 1

# An upper bound, and the two questions that a panel can be asked without leaking.
PROTOCOLS: Final = ("in_sample", "held_out_entities", "forward")


# The sequence of tables that a paper has, as `paper:` calls it, and what it asks for.
PAPER_SCENARIOS: Final = ("specifications", "curve")
WITHINS: Final = ("first_differences", "correlated_random_effects")
PAPER_FORMATS: Final = ("html", "latex", "docx")
STARS: Final = (0.1, 0.05, 0.01)

# Checks of a primary effect where a spec asks for none itself, next to permutations.
CHECKS: Final = ("lead", "groups")


@dataclass(frozen=True)
class LoadedStudy:
    """A study and the document it was read from."""

    study: Study
    document: Document


def load_study(
    source: Path | WrittenSpec, *, catalogs: Catalogs, overrides: Sequence[str] = ()
) -> LoadedStudy:
    """Read a spec.

    Parameters
    ----------
    source : the file, or the values of a script
    catalogs : what a spec can choose by name, by kind
    overrides : values put over those of the file, ``estimators[1].draws=50``; see `with_overrides`

    Raises
    ------
    SpecError
        With every mistake of the file: its place, what was found, what is expected and a hint.
    """
    document = with_overrides(read_spec(source), overrides)
    _refuse_other_versions(document)
    document, unread = with_expected_rows(with_defaults(document, catalogs))
    mistakes = [*document.flaws, *unread, *cross_check(document, catalogs)]
    try:
        values = dict(with_printed_digits(document))
        if "estimators" in values:
            values["estimators"] = expand_ladder(values["estimators"], catalogs["estimator"].members)
        study = Study.model_validate_json(json.dumps(values), strict=True, context=catalogs)
    except ValidationError as error:
        expected = Expected(spec_schema(catalogs), document.data)
        mistakes += mistakes_of(error.errors(include_url=False), document, expected)
        raise spec_error(mistakes) from error
    if mistakes:
        raise spec_error(mistakes)
    return LoadedStudy(study, document)


def _refuse_other_versions(document: Document) -> None:
    """Stop at a spec of another version: its other keys cannot be judged."""
    version = document.data.get("spec_version")
    if type(version) is not int or version == SPEC_VERSION:
        return
    if version > SPEC_VERSION:
        what = Coded("version {version} of the spec format is newer than this harness reads", version=version)
        hint = marked("upgrade: pip install --upgrade panel-harness")
    else:
        what = Coded("there is no version {version} of the spec format", version=version)
        hint = Coded("write `spec_version: {spec_version}`", spec_version=SPEC_VERSION)
    place = document.find(("spec_version",))
    raise spec_error([*document.flaws, Mistake(place, what, str(SPEC_VERSION), hint)])


# Keys of a table of expected numbers, whose other keys are those of each of its cells.
ROWS, BY, COLUMNS = "rows", "by", "columns"


def with_expected_rows(document: Document) -> tuple[Document, list[Mistake]]:
    """Return the document with an entry for each number of its tables of expected ones, and their mistakes.

    A row is found by what the column `by` holds, ``term`` unless given, and has a number for each of the
    `columns`, ``estimate`` and ``std_error``; `null` stands for a cell of which nothing is expected, and a
    mapping for a number with a tolerance or a reason of its own.
    """
    listed = document.root.child(EXPECT)
    if listed is None or not isinstance(listed.content, tuple):
        return document, []
    entries: list[Node] = []
    mistakes: list[Mistake] = []
    for index, entry in enumerate(listed.content):
        rows = entry.child(ROWS)
        if rows is None:
            entries.append(entry)
        elif isinstance(rows.content, Mapping):
            for name, row in rows.content.items():
                try:
                    entries += _cells(entry, name, row)
                except ValueError as error:
                    what, (expected,) = kind_of(row), error.args
                    mistakes.append(
                        Mistake(
                            replace(row.place, path=(EXPECT, index, ROWS, name)),
                            Coded("{what} is no row of the table", what=what),
                            expected,
                            marked("write `null` for a cell of which nothing is expected"),
                        )
                    )
        else:
            where = replace(rows.place, path=(EXPECT, index, ROWS))
            mistakes.append(
                Mistake(
                    where,
                    Coded("found {kind_of}", kind_of=kind_of(rows)),
                    marked("rows by name"),
                    marked("write `educ: [0.09, 0.01]`"),
                )
            )
    root = document.root.with_child(EXPECT, replace(listed, content=tuple(entries)))
    return replace(document, root=root), mistakes


def _cells(table: Node, name: str, row: Node) -> Iterator[Node]:
    """Yield an entry for each number of one row of a table.

    Raises
    ------
    ValueError
        Where it has not one number for each column; with what is expected.
    """
    by, where = table.child(BY), table.child("where")
    columns = (
        as_entries(of.plain()) if (of := table.child(COLUMNS)) is not None else ("estimate", "std_error")
    )
    cells = row.content if isinstance(row.content, tuple) else (row,)
    if not isinstance(columns, tuple) or len(cells) != len(columns):
        raise ValueError(f"a number for each of the columns {columns}")
    key = "term" if by is None else str(by.content)
    found_by = {} if where is None or not isinstance(where.content, Mapping) else where.content
    written = table.content if isinstance(table.content, Mapping) else {}
    shared = {
        "table": _node(table, "coefficients"),
        "from": _node(table, "publication"),
        **{word: node for word, node in written.items() if word not in (ROWS, BY, COLUMNS)},
        "where": Node(row.place, {**found_by, key: Node(row.place, read_scalar(name), name)}),
    }
    for column, cell in zip(columns, cells, strict=True):
        if cell.content is not None:
            given = cell.content if isinstance(cell.content, Mapping) else {"value": cell}
            yield Node(cell.place, {**shared, "column": _node(cell, column), **given})


def with_printed_digits(document: Document) -> dict[str, Any]:
    """Return the document's values, with the decimals of each printed number as its ``digits``.

    A number does not know how it was written, 0.0010 is 0.001, so this is read from the text. Digits that an
    entry gives itself stay.
    """
    data = dict(document.data)
    for key in ("claims", "expect"):
        listed = document.root.child(key)
        if listed is not None and isinstance(listed.content, tuple):
            data[key] = [_with_digits(entry) for entry in listed.content]
    return data


def _with_digits(entry: Node) -> Any:  # noqa: ANN401 - an entry may be anything until it is validated
    """Return an entry with the decimals of its number; a statement has none, nor has one with a tolerance."""
    value, plain = entry.child("value"), entry.plain()
    if value is None or not isinstance(value.content, float) or not math.isfinite(value.content):
        return plain
    if plain.get("quantity") == "direction" or {"absolute", "relative"} & plain.keys():
        return plain
    return {"digits": decimals(value.text), **plain}


def with_defaults(document: Document, catalogs: Catalogs) -> Document:
    """Return the document with a value for each key that may be left out.

    The title is the study's name, and the reference the first estimator of the list; of the ladder, the first
    entry that uses regressors. A primary effect has checks of its robustness. What is no mapping or list
    where one belongs is left for its own message.

    Parameters
    ----------
    document : the file, overrides included
    catalogs : what a spec can choose by name, by kind
    """
    spec = document.data
    evaluation = spec.get("evaluation", {})
    root = document.root
    if isinstance(evaluation, Mapping):
        known = default_protocols(catalogs)
        given = {"reference": _reference(spec.get("estimators"), catalogs), "protocols": known or None}
        node = root.child("evaluation") or Node(root.place, {})
        root = root.with_child("evaluation", _filled(node, given))
    if spec.get("paper") == STANDARD:
        root = _with_paper(root, catalogs)
    name = spec.get("study")
    title = name.replace("-", " ").capitalize() if isinstance(name, str) else ""
    root = _filled(root, {"title": title, "seed": SEED})
    root = _with_mediators(root)
    is_known = "robustness" in catalogs["scenario"].members
    return replace(document, root=_with_checks(root) if is_known else root)


def _with_mediators(root: Node) -> Node:
    """Return the spec whose roles have the mediators that scenarios name and that have no role."""
    roles, listed = root.child("roles"), root.child("scenarios")
    if roles is None or listed is None:
        return root
    known = {name for part in ("controls", "mediators") for name in _texts(roles.child(part))}
    asked = [name for entry in _entries(listed) for name in _texts(entry.child("mediators"))]
    further = [name for name in dict.fromkeys(asked) if name not in known]
    if not further:
        return root
    own = [*_texts(roles.child("mediators")), *further]
    return root.with_child("roles", roles.with_child("mediators", _node(listed, own)))


def _texts(node: Node | None) -> list[str]:
    """Return the names of a list, or the one that stands for it."""
    written = () if node is None else as_entries(node.plain())
    return [name for name in written if isinstance(name, str)] if isinstance(written, tuple) else []


def _with_paper(root: Node, catalogs: Catalogs) -> Node:
    """Return the spec with what a paper of this field reports, where it does not ask for it itself.

    Regressions with and without controls and under robustness checks, a primary debiased effect, by
    instruments too where there are some, its curve, mediators where there are some, heterogeneity by every
    text column with a list of what is allowed in it, effects along moderators, and tables for Word and LaTeX
    with stars. Of scenarios only those that are installed.
    """
    roles = root.child("roles") or Node(root.place, {})
    instruments, mediators, moderators = (
        _texts(roles.child(part)) for part in ("instruments", "mediators", "moderators")
    )
    texts = [
        name for name, column in _children(root, "data", "schema") if column.child("allowed") is not None
    ]
    asked: list[dict[str, Scalar | list[str]]] = [{"use": use} for use in PAPER_SCENARIOS]
    methods = [*WITHINS, *["instrumented"] * bool(instruments)]
    asked.append({"use": "effect", "primary": True, "methods": methods})
    asked += [{"use": "mediation"}] * bool(mediators)
    asked += [{"id": f"by_{name}", "use": "heterogeneity", "by": name} for name in texts]
    asked += [{"id": f"given_{name}", "use": "conditional", "moderator": name} for name in moderators]
    listed = root.child("scenarios") or Node(root.place, ())
    entries = (listed,) if isinstance(listed.content, str) else listed.content
    if isinstance(entries, tuple):
        own = [_option(entry, "use") for entry in entries]
        known = [use for use in catalogs["scenario"].members if use not in own]
        added = [_mapping(root, entry) for entry in asked if entry["use"] in known]
        root = root.with_child("scenarios", replace(listed, content=(*entries, *added)))
    report = root.child("report") or Node(root.place, {})
    return root.with_child("report", _filled(report, {"formats": list(PAPER_FORMATS), "stars": list(STARS)}))


def _children(root: Node, *path: str) -> list[tuple[str, Node]]:
    """Return the entries of a mapping at a path; none where there is no such mapping."""
    node: Node | None = root
    for key in path:
        node = None if node is None else node.child(key)
    return list(node.content.items()) if node is not None and isinstance(node.content, dict) else []


def _entries(listed: Node | None) -> tuple[Node, ...]:
    """Return the entries of a list; none where there is no list."""
    return listed.content if listed is not None and isinstance(listed.content, tuple) else ()


def _option(entry: Node, key: str) -> object:
    """Return an option of a choice, or what is written where that is the name of the choice alone."""
    child = entry.child(key)
    return entry.content if child is None else child.content


def _mapping(parent: Node, values: Mapping[str, Scalar | list[str]]) -> Node:
    return Node(parent.place, {key: _node(parent, value) for key, value in values.items()})


def _with_checks(root: Node) -> Node:
    """Return the spec with checks of its primary effect, where it names no scenario ``robustness``.

    Groups to leave out are those of the first scenario that has some; learners are the effect's.
    """
    listed = root.child("scenarios")
    entries = _entries(listed)
    is_primary = (entry for entry in entries if _option(entry, "primary") is True)
    primary = next((entry for entry in is_primary if _option(entry, "use") == "effect"), None)
    uses = [_option(entry, "use") for entry in entries]
    if listed is None or primary is None or "robustness" in uses:
        return root
    shared = {name: primary.child(name) for name in ("exposure", "learners", "folds")}
    shared["by"] = next((own for entry in entries if (own := entry.child("by")) is not None), None)
    given = {name: own for name, own in shared.items() if own is not None}
    use = {"use": _node(primary, "robustness"), "checks": _node(primary, list(CHECKS))}
    added = Node(primary.place, {**use, **given})
    return root.with_child("scenarios", replace(listed, content=(*entries, added)))


def default_protocols(catalogs: Catalogs) -> list[str]:
    """Return the protocols of a spec that names none, of those that are installed."""
    return [name for name in PROTOCOLS if name in catalogs["protocol"].members]


def _filled(node: Node, values: Mapping[str, Any]) -> Node:
    """Return a mapping with these values, but for None, under keys that it lacks; anything else as it is."""
    if not isinstance(node.content, dict):
        return node
    for key, value in values.items():
        if value is not None and node.child(key) is None:
            node = node.with_child(key, _node(node, value))
    return node


def _node(parent: Node, value: Scalar | list[str]) -> Node:
    if isinstance(value, list):
        return Node(parent.place, tuple(Node(parent.place, entry) for entry in value))
    return Node(parent.place, value)


def _reference(written: object, catalogs: Catalogs) -> str:
    """Return the id of the estimator that gains are over; empty where no entry has a readable one."""
    members = catalogs["estimator"].members
    places = ladder_places(members) if isinstance(written, str) else {}
    named = [name for name in entry_ids(expand_ladder(written, members)) if isinstance(name, str)]
    return next((name for name in named if places.get(name, LINEAR) >= LINEAR), "")
