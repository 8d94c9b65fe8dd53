"""Options are the fields of a frozen dataclass, read strictly: a number is not a text, true is not 1."""

from __future__ import annotations

import functools

from pydantic import BaseModel, ConfigDict, Field, create_model

OPTIONS = "(options)"
"""Segment that pydantic puts before the path of a mistake within options."""


@functools.cache
def options_model(cls: type) -> type[BaseModel]:
    """Return the strict pydantic model whose field `OPTIONS` is the dataclass `cls`."""
    return create_model(
        cls.__name__,
        __config__=ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True),
        options=(cls, Field(alias=OPTIONS)),
    )
