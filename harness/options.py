"""Options of a class checked where a script gives them, as those of a spec are."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import re
import sys
from types import SimpleNamespace
from typing import Any, TypeVar, get_type_hints

import pydantic

from harness.errors import Problem, SpecError, near_names
from harness.language import Coded, marked

Options = TypeVar("Options")

# How pydantic begins what it expects.
EXPECTS = "Input should be "


def checks_options(cls: type[Options]) -> type[Options]:
    """Let a dataclass read the options that a script gives as those of a spec: above ``@dataclass``.

    A mapping becomes the object that it describes, ``{"use": "clustered"}``, and a list a tuple; values that
    JSON does not have, such as such objects themselves, stay as they are. A wrong name or value raises a
    `SpecError` that says what is allowed.
    """
    made: Any = cls.__init__
    names = [one.name for one in dataclasses.fields(cls) if one.init]  # type: ignore[arg-type]  # not yet one

    @functools.wraps(made)
    def checked(self: object, *args: object, **options: object) -> None:
        given = {**dict(zip(names, args, strict=False)), **options}
        for name in [one for one in given if one not in names]:
            what, hint = Coded("there is no option {name}", name=repr(name)), near_names(name, names)
            raise SpecError.at(cls.__name__, what, ", ".join(names), hint)
        made(self, *args[len(names) :], **{name: _read(cls, name, value) for name, value in given.items()})

    setattr(cls, "__init__", checked)  # noqa: B010 - a method that mypy does not let be assigned
    return cls


def _read(cls: type, name: str, value: object) -> object:
    try:
        text = json.dumps({name: value})
    except TypeError:
        return value
    try:
        return getattr(_reader(cls, name).model_validate_json(text, context=_catalogs(value)), name)
    except pydantic.ValidationError as error:
        faults = error.errors(include_url=False)
        raise SpecError(*(_problem(cls.__name__, dict(fault)) for fault in faults)) from error


@functools.cache
def _reader(cls: type, name: str) -> type[pydantic.BaseModel]:
    """Return the strict model of one option."""
    config = pydantic.ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)
    owner = next(one for one in cls.__mro__ if name in inspect.get_annotations(one))
    # Alone: other options of the class may be called as types are.
    alone = SimpleNamespace(__annotations__={name: inspect.get_annotations(owner)[name]})
    module = vars(sys.modules[owner.__module__])
    fields: Any = {name: (get_type_hints(alone, module, include_extras=True)[name], ...)}
    made: type[pydantic.BaseModel] = pydantic.create_model(cls.__name__, __config__=config, **fields)
    return made


def _catalogs(value: object) -> object:
    """Return what a nested choice may be of; nothing where there can be none."""
    if not isinstance(value, str | dict):
        return None
    from harness.installed import installed

    return installed().catalogs


def _problem(title: str, fault: dict[str, Any]) -> Problem:
    """Return a fault of pydantic's as a message with the value, what is allowed and a near name."""
    context = fault.get("ctx", {})
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
    allowed = context.get("expected") or context.get("expected_tags")
    given = context.get("tag", fault["input"])
    if fault["type"] == "unexpected_keyword_argument":
        return Problem(f"{title}{path}", marked("there is no such option"))
    expected = allowed or fault["msg"].removeprefix(EXPECTS).replace("valid array", "list")
    near = near_names(str(given), re.findall(r"[\w^]+", allowed)) if allowed else ""
    return Problem(
        f"{title}{path}", Coded("found {given}", given=repr(given)), expected, context.get("hint") or near
    )
