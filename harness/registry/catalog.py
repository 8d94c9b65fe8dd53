"""Named choices a spec can make: the class behind each name, built from the options written in YAML.

Options are the fields of a frozen dataclass. They are read strictly: a number is not a text, true is not 1,
and a key that is no field is refused.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    create_model,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from harness.errors import near_names

OPTIONS = "(options)"
"""Segment that pydantic puts before the path of a mistake within options."""

CHOICE_OF = "x-choice-of"
"""Keyword of a JSON Schema that stands for a choice by name; its value is the catalog's kind."""


class Catalog(Protocol):
    """What can be chosen by name at one place of a spec."""

    @property
    def kind(self) -> str:
        """What is chosen, such as ``estimator``."""

    @property
    def classes(self) -> Mapping[str, type]:
        """The dataclass behind each name."""

    def why_missing(self, name: str) -> str:
        """Return what is known about a name that is not among `classes`, or an empty string."""


Catalogs = Mapping[str, Catalog]
"""Catalogs by kind, handed to pydantic as validation context."""


@functools.cache
def options_model(cls: type) -> type[BaseModel]:
    """Return the strict pydantic model whose field `OPTIONS` is the dataclass `cls`."""
    return create_model(
        cls.__name__,
        __config__=ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True),
        options=(cls, Field(alias=OPTIONS)),
    )


def build_choice(catalogs: Catalogs, kind: str, name: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the chosen object, built from its options.

    Raises
    ------
    pydantic.ValidationError
        Where an option is unknown or has a wrong value.
    pydantic_core.PydanticCustomError
        Where nothing has this name.
    """
    catalog = catalogs[kind]
    if name not in catalog.classes:
        hint = "; ".join(filter(None, (near_names(name, catalog.classes), catalog.why_missing(name))))
        raise PydanticCustomError(
            "unknown_choice",
            "unknown {kind} '{name}'",
            {"kind": kind, "name": name, "expected": ", ".join(sorted(catalog.classes)), "hint": hint},
        )
    model = options_model(catalog.classes[name])
    return model.model_validate_json(json.dumps({OPTIONS: options}), context=catalogs).options  # type: ignore[attr-defined]


def with_option(choice: Any, name: str, value: object, *, catalogs: Catalogs) -> Any:  # noqa: ANN401
    """Return a built choice with one option changed, the value read as strictly as from YAML.

    Raises
    ------
    pydantic.ValidationError
        Where the value is not one the option takes.
    pydantic_core.PydanticCustomError
        Where the choice has no such option.
    """
    options = [one.name for one in dataclasses.fields(choice)]
    if name not in options:
        context = {"kind": "option", "name": name, "expected": ", ".join(options)}
        hint = {"hint": near_names(name, options)}
        raise PydanticCustomError("unknown_choice", "unknown {kind} '{name}'", context | hint)
    kind: TypeAdapter[object] = TypeAdapter(get_type_hints(type(choice), include_extras=True)[name])
    read = kind.validate_json(json.dumps(value), strict=True, context=catalogs)
    return dataclasses.replace(choice, **{name: read})


@dataclass(frozen=True)
class Choose:
    """Annotation of a field whose value is chosen by name, its options beside the name.

    ``Annotated[Estimator, Choose("estimator")]`` reads ``{use: NAME, ...}``, or a name alone.

    Attributes
    ----------
    kind : of the catalog
    name_key : key of the name
    """

    kind: str
    name_key: str = "use"

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the value by `build_choice`, whatever the annotated type."""
        return core_schema.with_info_plain_validator_function(self._build)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Leave the choice open, since a type does not know what is installed."""
        return {CHOICE_OF: self.kind}

    def _build(self, value: object, info: ValidationInfo) -> Any:  # noqa: ANN401
        options = {self.name_key: value} if isinstance(value, str) else value
        if not isinstance(options, dict):
            raise _found("dict_type", value)
        if self.name_key not in options:
            raise _found("missing", value, at=self.name_key)
        options = dict(options)
        name = options.pop(self.name_key)
        if not isinstance(name, str):
            raise _found("string_type", name, at=self.name_key)
        try:
            return build_choice(info.context or {}, self.kind, name, options)
        except PydanticCustomError as unknown:
            raise _found(unknown, name, at=self.name_key) from unknown


def _found(fault: str | PydanticCustomError, value: object, *, at: str | None = None) -> ValidationError:
    """Return one fault of pydantic's, at the value or at one of its keys."""
    loc = () if at is None else (at,)
    return ValidationError.from_exception_data("choice", [InitErrorDetails(type=fault, loc=loc, input=value)])
