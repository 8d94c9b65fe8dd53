"""Named choices a spec can make: the class behind each name, built from the options written in YAML.

Options are the fields of a frozen dataclass. They are read strictly: a number is not a text, true is not 1,
and a key that is no field is refused.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, create_model
from pydantic_core import PydanticCustomError

from harness.errors import near_names

OPTIONS = "(options)"
"""Segment that pydantic puts before the path of a mistake within options."""


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
        **{"options": (cls, ...)},  # type: ignore[call-overload]
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
        hint = near_names(name, catalog.classes) or catalog.why_missing(name)
        raise PydanticCustomError(
            "unknown_choice",
            "unknown {kind} '{name}'",
            {"kind": kind, "name": name, "allowed": ", ".join(sorted(catalog.classes)), "hint": hint},
        )
    model = options_model(catalog.classes[name])
    return model.model_validate_json(json.dumps({"options": options}), context=catalogs).options  # type: ignore[attr-defined]
