"""The closed list of preparation steps, and how a spec chooses one."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, TypeAdapter, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from harness.data.prepare.arithmetic import Emissions, Product, Ratio
from harness.data.prepare.deflate import Deflate
from harness.data.prepare.elementwise import Indicator, Log, Log1p, Square
from harness.data.prepare.factor_index import FactorIndex
from harness.data.prepare.interpolate import Interpolate
from harness.data.prepare.lag import Difference, Lag
from harness.data.prepare.linear import Rescale, Standardise
from harness.data.prepare.step import Step, StepGroup
from harness.data.prepare.winsorise import Winsorise
from harness.registry.catalog import build_choice

KIND = "preparation step"

_ROW_STEPS = (Log, Log1p, Square, Product, Ratio, Indicator, Emissions)
_PANEL_STEPS = (Interpolate, Lag, Difference, Deflate)
_LEARNED_STEPS = (FactorIndex, Standardise, Rescale, Winsorise)

STEPS: Mapping[str, type[Step | StepGroup]] = MappingProxyType(
    {step.name: step for step in (*_ROW_STEPS, *_PANEL_STEPS, *_LEARNED_STEPS)}
)


@dataclass(frozen=True)
class StepCatalog:
    """Preparation steps that a spec can choose."""

    kind: str = field(default=KIND, init=False)

    @property
    def classes(self) -> Mapping[str, type]:
        """The dataclass behind each name."""
        return STEPS

    def why_missing(self, name: str) -> str:  # noqa: ARG002 - the protocol's argument; the list is closed
        """Return nothing: a step that is not in the list does not exist."""
        return ""


@dataclass(frozen=True)
class OneStep:
    """Annotation of a field whose value is a step, written ``{NAME: {OPTION: VALUE}}`` in YAML."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the value by `build_choice`."""
        return core_schema.with_info_plain_validator_function(_read_step)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe a mapping of one step's name to its options."""
        options = {name: TypeAdapter(step).json_schema() for name, step in STEPS.items()}
        return {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
            "properties": {name: one | {"additionalProperties": False} for name, one in options.items()},
        }


PreparationStep = Annotated[Step | StepGroup, OneStep()]
"""Type of an option that is a preparation step."""


def _read_step(value: object, info: ValidationInfo) -> Any:  # noqa: ANN401 - pydantic's validators are untyped
    if isinstance(value, tuple(STEPS.values())):
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
        raise PydanticCustomError("step_options", "the options of a step are a mapping")
    return build_choice(info.context or {}, KIND, name, options)
