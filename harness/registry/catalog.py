"""Named choices a spec can make: the member behind each name, built from the options written in YAML."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter, ValidationError, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from harness.errors import near_names
from harness.registry.kind import OPTIONS, Kind, option_key, options_model

# Key under which a spec writes the name of what it chooses.
USE = "use"

# Keyword of a JSON Schema that stands for a choice by name; its value is the name of the kind.
CHOICE_OF = "x-choice-of"


@dataclass(frozen=True)
class Catalog:
    """The members of one kind that a spec can choose.

    Attributes
    ----------
    kind : what is chosen
    members : by name; for what has options the dataclass of these
    absent : plugins that are broken or off, in words: a missing name may be theirs
    needs : of a member whose plugin lacks a library, by name, what is to be installed
    """

    kind: Kind[Any]
    members: Mapping[str, Any]
    absent: str = ""
    needs: Mapping[str, str] = field(default_factory=dict)

    def near(self, name: str) -> str:
        """Return "did you mean 'x'?" for the members that are called so, or nearly so; else an empty string.

        A member may list other names of its own under ``known_as``.
        """
        meant = [
            member
            for member in sorted(self.members)
            if name.casefold() in getattr(self.members[member], "known_as", ())
        ]
        if meant:
            return f"did you mean {' or '.join(map(repr, meant))}?"
        return near_names(name, self.members)


# Catalogs by the name of their kind, handed to pydantic as validation context.
Catalogs = Mapping[str, Catalog]


def meant_instead(catalogs: Catalogs, kind: str, name: str) -> str:
    """Return what to write for a name that is no member of its kind; empty where nothing is near it.

    A member of any kind may say under ``instead_of`` what to write for methods that nobody offers, by their
    names separated by blanks.
    """
    asked = name.casefold()
    members = [
        (catalog.kind.name, member, offered)
        for catalog in catalogs.values()
        for member, offered in sorted(catalog.members.items())
        if isinstance(offered, type)
    ]
    for _, _, offered in members:
        for names, advice in getattr(offered, "instead_of", {}).items():
            if asked in names.split():
                return str(advice)
    others = (
        f"'{member}' is a {other}: list it there"
        for other, member, offered in members
        if other != kind and asked in (member, *getattr(offered, "known_as", ()))
    )
    return catalogs[kind].near(name) or next(others, "")


def build_choice(catalogs: Catalogs, kind: str, name: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a member of any kind
    """Return the chosen object, built from its options.

    Raises
    ------
    pydantic.ValidationError
        Where an option is unknown or has a wrong value.
    pydantic_core.PydanticCustomError
        Where nothing has this name.
    """
    catalog = catalogs[kind]
    if name not in catalog.members:
        guesses = "; ".join(filter(None, (meant_instead(catalogs, kind, name), catalog.absent)))
        hint = catalog.needs.get(name) or guesses
        known = ", ".join(sorted(catalog.members))
        raise PydanticCustomError(
            "unknown_choice",
            "unknown {kind} '{name}'",
            {"kind": kind, "name": name, "expected": known, "hint": hint},
        )
    model = options_model(catalog.members[name])
    return model.model_validate_json(json.dumps({OPTIONS: options}), context=catalogs).options  # type: ignore[attr-defined]


def with_option(choice: Any, name: str, value: object, *, catalogs: Catalogs) -> Any:  # noqa: ANN401 - a member of any kind
    """Return a built choice with one option changed, the value read as strictly as from YAML.

    Parameters
    ----------
    name : of the option; ``base.hidden`` is one of the choice nested under ``base``, and ``base.use`` puts
        another one in its place, with the options that both have

    Raises
    ------
    pydantic.ValidationError
        Where the value is not one the option takes.
    pydantic_core.PydanticCustomError
        Where the choice has no such option.
    """
    options = [option.name for option in dataclasses.fields(choice)]
    name, _, inner = name.partition(".")
    if name not in options:
        context = {"kind": "option", "name": name, "expected": ", ".join(options)}
        hint = {"hint": near_names(name, options)}
        raise PydanticCustomError("unknown_choice", "unknown {kind} '{name}'", context | hint)
    kind = get_type_hints(type(choice), include_extras=True)[name]
    if inner == USE:
        read = _replaced(getattr(choice, name), value, kind, catalogs)
    elif inner:
        read = with_option(getattr(choice, name), inner, value, catalogs=catalogs)
    else:
        own: TypeAdapter[object] = TypeAdapter(kind)
        read = own.validate_json(json.dumps(value), strict=True, context=catalogs)
    return dataclasses.replace(choice, **{name: read})


def _replaced(nested: Any, name: object, kind: Any, catalogs: Catalogs) -> Any:  # noqa: ANN401 - a member of any kind
    """Return the member of a kind that has a name, with the options that a built one shares with it."""
    (chosen,) = (one for one in getattr(kind, "__metadata__", ()) if isinstance(one, Choose))
    other = build_choice(catalogs, chosen.kind, str(name), {})
    shared = {option.name for option in dataclasses.fields(other)}
    own = {option.name: getattr(nested, option.name) for option in dataclasses.fields(nested)}
    return dataclasses.replace(other, **{key: own[key] for key in own if key in shared})


def plain_options(value: object) -> Any:  # noqa: ANN401 - options are whatever a plugin's dataclass holds
    """Return a frozen dataclass of options as plain data, nested choices with their name under ``use``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        options = ((one.name, getattr(value, one.name)) for one in dataclasses.fields(value))
        plain = {option_key(name): plain_options(option) for name, option in options}
        name = getattr(value, "name", None)
        return ({"use": name} | plain) if isinstance(name, str) else plain
    if isinstance(value, Mapping):
        return {key: plain_options(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [plain_options(entry) for entry in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def changed_options(value: Any) -> Any:  # noqa: ANN401 - as above
    """Return plain options, of choices only their name and those that are not as by default."""
    if isinstance(value, tuple | list):
        return [changed_options(entry) for entry in value]
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return plain_options(value)
    named = {"use": name} if isinstance(name := getattr(value, "name", None), str) else {}
    own = {option.name: (option, getattr(value, option.name)) for option in dataclasses.fields(value)}
    is_told = (name for name, (option, given) in own.items() if name == "use" or given != _default(option))
    return named | {option_key(name): changed_options(own[name][1]) for name in is_told}


def _default(option: dataclasses.Field[Any]) -> object:
    if option.default_factory is not dataclasses.MISSING:
        return option.default_factory()
    return option.default


@dataclass(frozen=True)
class Choose:
    """Annotation of a field whose value is chosen by name, its options beside the name.

    ``Annotated[Estimator, Choose("estimator")]`` reads ``{use: NAME, ...}``, or a name alone.

    Attributes
    ----------
    kind : name of the kind of what is chosen
    """

    kind: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the value by `build_choice`, whatever the annotated type."""
        return core_schema.with_info_plain_validator_function(self._build)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Leave the choice open, since a type does not know what is installed."""
        return {CHOICE_OF: self.kind}

    def _build(self, value: object, info: ValidationInfo) -> Any:  # noqa: ANN401 - a member of any kind
        catalogs: Catalogs = info.context or {}
        options = {USE: value} if isinstance(value, str) else value
        if not isinstance(options, dict):
            raise _found("dict_type", value)
        if USE not in options:
            raise _found(_nothing_chosen(catalogs[self.kind], options), value, at=USE)
        options = dict(options)
        name = options.pop(USE)
        if not isinstance(name, str):
            raise _found("string_type", name, at=USE)
        try:
            return build_choice(catalogs, self.kind, name, options)
        except PydanticCustomError as unknown:
            raise _found(unknown, name, at=USE) from unknown


def _nothing_chosen(catalog: Catalog, options: Mapping[str, Any]) -> PydanticCustomError:
    """Return the fault of options without a name; a name under another key is told."""
    meant = [
        f"write `{USE}: {name}` instead of `{key}: {name}`"
        for key, name in options.items()
        if isinstance(name, str) and name in catalog.members
    ]
    words = {"key": USE, "expected": ", ".join(sorted(catalog.members))}
    hint = {"hint": meant[0] if meant else f"add `{USE}:`"}
    return PydanticCustomError("nothing_chosen", "the key '{key}' is missing", words | hint)


def _found(fault: str | PydanticCustomError, value: object, *, at: str | None = None) -> ValidationError:
    """Return one fault of pydantic's, at the value or at one of its keys."""
    loc = () if at is None else (at,)
    return ValidationError.from_exception_data("choice", [InitErrorDetails(type=fault, loc=loc, input=value)])
