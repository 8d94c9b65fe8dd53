"""An entry of a list of choices: a name, the options beside it, and what the entry itself is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from harness.registry.catalog import Choose
from harness.spec.schema_text import WORDS

CHOICE: Final = "(choice)"
"""Key under which an entry's options are gathered; no YAML key is looked up under it."""

EntryId = Annotated[
    str,
    Field(
        pattern="^[a-z][a-z0-9_]*$",
        json_schema_extra={WORDS: "a name of a-z, 0-9 and _ that starts with a letter"},
    ),
]


class Entry(BaseModel):
    """A choice by name, written as the name alone or with its options beside it.

    A subclass declares its own keys as fields, and the chosen object as the field with the alias `CHOICE`.
    All other keys are options of the choice.

    Attributes
    ----------
    id : how tables and other parts of the spec call the entry; its name unless given
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    name_key: ClassVar[str] = "use"

    id: EntryId = ""

    @classmethod
    def own_keys(cls) -> frozenset[str]:
        """Return the keys that are the entry's own, and so no options."""
        return frozenset(key for key, field in cls.model_fields.items() if field.alias != CHOICE)

    @model_validator(mode="wrap")
    @classmethod
    def _gathered(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        """Gather the options under one key, and name the entry by its choice unless it has an id."""
        written = {cls.name_key: value} if isinstance(value, str) else value
        if not isinstance(written, Mapping):
            return handler(value)
        own = {key: value for key, value in written.items() if key in cls.own_keys()}
        chosen = {key: value for key, value in written.items() if key not in own or key == cls.name_key}
        entry = handler({**own, CHOICE: chosen})
        return entry if entry.id else entry.model_copy(update={"id": getattr(entry, cls.name_key)})


class EstimatorEntry(Entry):
    """An estimator with its options.

    Attributes
    ----------
    use : name of the estimator
    label : how the report calls it; its id where empty
    estimator : the estimator
    """

    use: str
    label: str = ""
    estimator: Annotated[Any, Choose("estimator")] = Field(alias=CHOICE)


class ProtocolEntry(Entry):
    """A protocol with its options.

    Attributes
    ----------
    use : name of the protocol
    protocol : the protocol
    """

    use: str
    protocol: Annotated[Any, Choose("protocol")] = Field(alias=CHOICE)


class ScenarioEntry(Entry):
    """A scenario with its options.

    Attributes
    ----------
    kind : name of the scenario
    scenario : the scenario
    """

    name_key: ClassVar[str] = "kind"

    kind: str
    scenario: Annotated[Any, Choose("scenario", name_key="kind")] = Field(alias=CHOICE)
