"""What can be chosen by name: kinds, and catalogs of members, each built from the options written in YAML."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_type_hints

import pydantic
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter, ValidationError, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from harness.errors import PluginError, near_names
from harness.registry.hooks import PROJECT

# Segment that pydantic puts before the path of a mistake within options.
OPTIONS = "(options)"


def option_key(name: str) -> str:
    """Return the key of an option in YAML: its name, without the line after one that is a word of Python."""
    return name.removesuffix("_")


@functools.cache
def options_model(cls: type) -> type[pydantic.BaseModel]:
    """Return the strict pydantic model whose field `OPTIONS` is the dataclass `cls`."""
    return pydantic.create_model(
        cls.__name__,
        __config__=pydantic.ConfigDict(
            extra="forbid", strict=True, arbitrary_types_allowed=True, alias_generator=option_key
        ),
        options=(cls, pydantic.Field(alias=OPTIONS)),
    )


_NAME = re.compile(r"[a-z][a-z0-9_]*")

MemberT = TypeVar("MemberT")


@dataclass(frozen=True)
class NamedObject:
    """A member is an object that is chosen as it is.

    Attributes
    ----------
    methods, values : what it must have
    """

    methods: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def title(self, offered: object) -> str:
        """Return what messages call an offered member: its class, or itself where it is one."""
        return (offered if isinstance(offered, type) else type(offered)).__name__

    def fault(self, kind: str, offered: object) -> str:
        """Return what is wrong with an offered member, or an empty string."""
        if isinstance(offered, type):
            return f"is a class: offer an object of it as the {kind}"
        return self._lacks(offered)

    def _lacks(self, offered: object) -> str:
        """Return what an offered member has not; the fields of a dataclass are values of its objects."""
        for name in self.methods:
            if not callable(getattr(offered, name, None)):
                return f"has no method `{name}`"
        for name in self.values:
            if not hasattr(offered, name) and name not in getattr(offered, "__dataclass_fields__", ()):
                return f"has no `{name}`"
        return ""


@dataclass(frozen=True)
class OptionsClass(NamedObject):
    """A member is a class, a frozen dataclass whose fields are the options that a spec may give.

    Attributes
    ----------
    further : says what else is wrong with a class that has all it must have, or returns an empty string
    """

    further: Callable[[Any], str] = lambda _: ""

    def title(self, offered: object) -> str:
        """Return the name of the class."""
        return offered.__name__ if isinstance(offered, type) else repr(offered)

    def fault(self, kind: str, offered: object) -> str:
        """Return what is wrong with a class, or an empty string."""
        if not isinstance(offered, type):
            return f"is no class: offer the {kind}'s class itself"
        if not getattr(getattr(offered, "__dataclass_params__", None), "frozen", False):
            return "is no frozen dataclass: write @dataclass(frozen=True) above it"
        return self._lacks(offered) or self.further(offered)

    def unreadable(self, offered: Any) -> str:  # noqa: ANN401 - a class of a plugin
        """Return why no spec could give the options of a class, or an empty string."""
        try:
            options_model(offered).model_rebuild()
        except (pydantic.PydanticUserError, pydantic.PydanticUndefinedAnnotation) as error:
            return f"has options that cannot be read: {str(error).splitlines()[0]}"
        return ""


@dataclass(frozen=True)
class Kind(Generic[MemberT]):
    """What can be chosen by name at one place of a spec.

    Attributes
    ----------
    name : what is chosen, such as ``estimator``
    plural : the same of several; ends the name of the hook, such as ``harness_estimators``
    member : what a member must be
    """

    name: str
    plural: str
    member: NamedObject

    @property
    def hook(self) -> str:
        """Name of the hook that offers members."""
        return f"{PROJECT}_{self.plural}"

    def name_of(self, offered: object) -> str:
        """Return the name by which a spec chooses an offered member.

        Raises
        ------
        PluginError
            Where it cannot be a member of this kind.
        """
        name: Any = getattr(offered, "name", None)
        fault = self.member.fault(self.name, offered)
        if not fault and not isinstance(name, str):
            fault = "has no `name`, by which a spec would choose it"
        elif not fault and _NAME.fullmatch(name) is None:
            fault = f"has the name {name!r}: write a-z, 0-9 and _, a letter first"
        if fault:
            raise PluginError.at("", f"{self.name} {self.member.title(offered)} {fault}")
        return str(name)


# Members by kind and name.
Contributions = Mapping[str, Mapping[str, Any]]


# Key under which a spec writes the name of what it chooses.
USE = "use"

# The type of an error about a name that nothing has.
UNKNOWN = "unknown_choice"

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
            UNKNOWN, "unknown {kind} '{name}'", {"kind": kind, "name": name, "expected": known, "hint": hint}
        )
    model = options_model(catalog.members[name])
    read: Any = model.model_validate_json(json.dumps({OPTIONS: options}), context=catalogs)
    return read.options


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
        raise PydanticCustomError(UNKNOWN, "unknown {kind} '{name}'", context | hint)
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
    changed = (name for name, (option, given) in own.items() if name == "use" or given != _default(option))
    return named | {option_key(name): changed_options(own[name][1]) for name in changed}


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
