"""How a spec chooses a preparation step: ``{NAME: {OPTION: VALUE}}``."""

from __future__ import annotations

import functools
from dataclasses import dataclass, is_dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, TypeAdapter, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from harness.data.prepare.step import STEP, Step, StepGroup
from harness.registry.catalog import CHOICE_OF, build_choice


@dataclass(frozen=True)
class OneStep:
    """Annotation of a field whose value is a step, written ``{NAME: {OPTION: VALUE}}`` in YAML."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the value by `build_choice`."""
        return core_schema.with_info_plain_validator_function(_read_step)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Leave the choice open, since a type does not know what is installed."""
        return {CHOICE_OF: STEP.name}


PreparationStep = Annotated[Step | StepGroup, OneStep()]
"""Type of an option that is a preparation step."""


def _read_step(value: object, info: ValidationInfo) -> Any:  # noqa: ANN401 - pydantic's validators are untyped
    if is_dataclass(value):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise PydanticCustomError(
            "one_step", "a step is one name with its options, such as log: {into: lwage, of: wage}"
        )
    (name,) = value
    # Reading a dictionary of one entry puts the step's name into the path of its mistakes.
    validator = PlainValidator(functools.partial(_read_options, str(name)))
    reader = TypeAdapter(dict[str, Annotated[Any, validator]])
    return reader.validate_python(value, context=info.context)[name]


def _read_options(name: str, options: object, info: ValidationInfo) -> Any:  # noqa: ANN401 - as above
    if not isinstance(options, dict):
        raise PydanticCustomError(
            "step_options",
            "the options of a step are a mapping",
            {
                "expected": "such as {into: NEW, of: COLUMN}",
                "hint": "write the options in braces, each with its name",
            },
        )
    return build_choice(info.context or {}, STEP.name, name, options)
