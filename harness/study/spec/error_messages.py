"""pydantic's faults in the words of the spec's reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, get_args

from pydantic_core import ErrorDetails, core_schema

from harness.errors import near_names
from harness.registry.catalog import USE
from harness.study.spec.document import Document
from harness.study.spec.node import Loc, Mistake, Place
from harness.study.spec.schema_text import Expected

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
    told = [mistake.place.path for mistake in specific]
    found = [mistake.place.path for mistake in wrong]
    return specific + [mistake for mistake in wrong if not _is_told_within(mistake.place.path, told, found)]


def _is_told_within(path: Loc, told: Iterable[Loc], found: Iterable[Loc]) -> bool:
    """Whether another mistake says more closely what is wrong with the value at `path`."""
    closer = [*told, *(other for other in found if len(other) > len(path))]
    return any(other[: len(path)] == path for other in closer)


def _unknown_key(error: ErrorDetails, place: Place, expected: Expected) -> Mistake:
    key = str(error["loc"][-1])
    parent = place.path[:-1] if place.path[-1:] == (key,) else place.path
    keys = expected.keys(parent)
    meant = _ALSO_CALLED.get(key.casefold())
    hint = (
        f"write `{meant}:`"
        if meant in keys
        else near_names(key, keys) or "remove it, or write it where it belongs"
    )
    return Mistake(place, f"unknown key '{key}'", ", ".join(keys), hint)


def _missing(error: ErrorDetails, place: Place, expected: Expected) -> Mistake:
    key = str(error["loc"][-1])
    return Mistake(place, f"the key '{key}' is missing", expected.words((*place.path, key)), f"add `{key}:`")


def _wrong_value(error: ErrorDetails, place: Place, expected: Expected) -> Mistake:
    value = error["input"]
    words = expected.words(place.path) or error["msg"].removeprefix("Input should be ")
    return Mistake(place, f"found {_shown(value)}", words, _hint(value, place, expected))


def _hint(value: object, place: Place, expected: Expected) -> str:
    if isinstance(value, float) and value.is_integer() and "whole number" in expected.words(place.path):
        return f"write {int(value)}"
    if isinstance(value, bool | int | float) and expected.words(place.path).startswith("a text"):
        return f'write it in quotes: "{_shown(value)}"'
    if isinstance(value, str) and _NUMBER.fullmatch(value) and "number" in expected.words(place.path):
        return f"write it without quotes: {value.strip()}"
    if isinstance(value, str) and (near := near_names(value, expected.values(place.path))):
        return near
    if isinstance(value, list) and value and expected.is_one_value(place.path):
        if len(value) > 1:
            return "one is meant: write one of them, without brackets"
        written = f"{place.path[-1]}: {value[0]}" if isinstance(place.path[-1], str) else str(value[0])
        return f"one is meant: write `{written}`"
    default = expected.default(place.path)
    return "write an allowed value" + (f", or leave the key out for {default!r}" if default else "")


def _wrong_tag(error: ErrorDetails, document: Document, expected: Expected) -> Mistake:
    """Tell that the key which says what kind of mapping this is has no such kind, or is missing."""
    key = error["ctx"]["discriminator"].strip("'")
    place = document.find((*error["loc"], key))
    if place.path[-1:] != (key,):
        missing = _missing({**error, "loc": (*error["loc"], key)}, place, expected)
        moved = _moved_tag(key, error["input"], expected.values((*place.path, key)))
        return replace(missing, hint=moved) if moved else missing
    tag = error["ctx"]["tag"]
    hint = near_names(tag, expected.values(place.path)) or "write one of the allowed names"
    what = "name" if key == USE else key
    return Mistake(place, f"unknown {what} '{tag}'", expected.words(place.path), hint)


def _moved_tag(key: str, given: object, known: Iterable[str]) -> str:
    """Return where the kind of a mapping belongs that stands under another key; empty where none does."""
    pairs = given.items() if isinstance(given, dict) else ()
    other, value = next(((name, value) for name, value in pairs if value in known), ("", ""))
    return f"write `{key}: {value}` instead of `{other}: {value}`" if other else ""


def _refused(error: ErrorDetails, place: Place, _: Expected) -> Mistake:
    """Tell what a type's own check said."""
    return Mistake(place, str(error["ctx"]["error"]), hint="change one of the values")


def _own_fault(error: ErrorDetails, place: Place) -> Mistake:
    """Tell what a fault says that is not pydantic's own; it may name what is allowed and a hint."""
    context: dict[str, Any] = error.get("ctx", {})
    expected = context.get("expected", "")
    hint = context.get("hint") or ("write one of the allowed names" if expected else "write it in this form")
    return Mistake(place, error["msg"], expected, hint)


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
